"""Files of weights, read as tensors and nothing else."""

import re
import struct
import warnings
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from pickle import UnpicklingError
from zipfile import BadZipFile

import torch
from safetensors import SafetensorError, safe_open
from torch import Tensor

from gaitbench.core.errors import CheckpointError

WRAPPER = "module."
"""What parallel training puts in front of every key."""

PICKLE = b"\x80"
"""First byte of every pickle that is written today."""

# What torch's reader raises over files that are cut short or damaged.
_FAULTS = (
    OSError,
    ArithmeticError,
    AssertionError,
    AttributeError,
    BadZipFile,
    EOFError,
    LookupError,
    MemoryError,
    RuntimeError,
    TypeError,
    ValueError,
    struct.error,
)


@dataclass(frozen=True, eq=False)
class Checkpoint:
    """Named tensors and what is known about them.

    Args:
        tensors: By key, in the file's order, without the prefix that parallel training adds.
        source: The file, or "the state dict", for messages.
        iteration: Training step, where the file says it.
        notes: Text that a safetensors file carries beside its tensors.
    """

    tensors: dict[str, Tensor]
    source: str
    iteration: int | None = None
    notes: Mapping[str, str] = field(default_factory=dict)


def read_checkpoint(source: str | Path | Mapping[str, object]) -> Checkpoint:
    """Return the tensors of a file or a state dict.

    A file may be a safetensors file or one that `torch.save` wrote: a state dict, or a dictionary that
    holds one under "model" (as OpenGait saves it, beside "iteration") or "state_dict". It is read by
    torch's `weights_only` unpickler, so nothing in it is ever executed.

    Raises:
        CheckpointError: If it cannot be read, or holds no tensors.
    """
    if isinstance(source, Mapping):
        return _checkpoint(source, "the state dict", {})
    path = Path(source)
    if path.is_dir():
        raise CheckpointError(f"Checkpoint {path} is a folder. Name the file in it.")
    if not path.is_file():
        raise CheckpointError(f"Checkpoint {path}: there is no such file.")
    if path.suffix == ".safetensors":
        return _read_safetensors(path)
    try:
        with warnings.catch_warnings():
            # Older and newer pickle protocols than torch's own are read as well, or refused below.
            warnings.simplefilter("ignore", UserWarning)
            content = torch.load(path, map_location="cpu", weights_only=True)
    except UnpicklingError as error:
        raise _refused(path, str(error)) from error
    except _FAULTS as error:
        raise _unreadable(path, "torch.save", error) from error
    if not isinstance(content, Mapping):
        raise CheckpointError(
            f"Checkpoint {path} holds a {type(content).__name__}, not a dictionary of weights."
        )
    return _checkpoint(content, str(path), {})


def _refused(path: Path, reason: str) -> CheckpointError:
    named = re.search(r"GLOBAL (\S+)", reason)
    with path.open("rb") as file:
        is_pickle = file.read(1) == PICKLE
    if named is None and not is_pickle:
        return _unreadable(path, "torch.save")
    what = f"it asks for {named[1]}" if named else "it holds more than tensors and plain values"
    return CheckpointError(
        f"Checkpoint {path} is refused: {what}, which could run code when it is loaded. Nothing was "
        "executed. If you trust it, save its weights alone where it was made: "
        "torch.save(model.state_dict(), …)."
    )


def _read_safetensors(path: Path) -> Checkpoint:
    try:
        with safe_open(path, framework="pt") as file:
            notes = dict(file.metadata() or {})
            tensors = {key: file.get_tensor(key) for key in file.keys()}  # noqa: SIM118
    except (OSError, SafetensorError) as error:
        raise _unreadable(path, "safetensors", error) from error
    return _checkpoint(tensors, str(path), notes)


def _unreadable(path: Path, writer: str, error: BaseException | None = None) -> CheckpointError:
    """Return what is wrong with a file in our own words; the reader's own come last."""
    if isinstance(error, OSError) and error.strerror:
        return CheckpointError(
            f"Checkpoint {path} cannot be opened: {error.strerror}. Check that it may be read."
        )
    reason = "" if error is None else _first_line(error)
    return CheckpointError(
        f"Checkpoint {path} is cut short or damaged, or {writer} did not write it. Copy or download it "
        f"again, and see that it is the file of weights{f' (reading it: {reason})' if reason else ''}."
    )


def _checkpoint(content: Mapping[str, object], source: str, notes: dict[str, str]) -> Checkpoint:
    inner = next(
        (v for k in ("model", "state_dict") if isinstance(v := content.get(k), Mapping)), content
    )
    tensors = {str(k): v for k, v in inner.items() if isinstance(v, Tensor)}
    if not tensors:
        raise CheckpointError(
            f"{source} holds no tensors; its keys are {_few(content)}. It must be a state dict, or hold "
            "one under 'model' or 'state_dict'."
        )
    for key, tensor in tensors.items():
        _check_numbers(source, key, tensor)
    if all(key.startswith(WRAPPER) for key in tensors):
        tensors = {key.removeprefix(WRAPPER): value for key, value in tensors.items()}
    return Checkpoint(tensors, source, _iteration(content, source, notes), notes)


def _check_numbers(source: str, key: str, tensor: Tensor) -> None:
    """Check that a tensor holds plain, finite numbers, and as many as its file does.

    Raises:
        CheckpointError: If not.
    """
    wrong = ""
    if tensor.layout is not torch.strided or tensor.device.type == "meta" or tensor.is_quantized:
        wrong = "is not dense: it is sparse, quantised or without values"
    elif tensor.is_complex():
        wrong = "holds complex numbers"
    elif tensor.numel() * tensor.element_size() > tensor.untyped_storage().nbytes():
        wrong = "claims more values than the file holds"
    elif tensor.is_floating_point() and not bool(torch.isfinite(tensor).all()):
        wrong = "holds NaN or infinite values: the training that wrote it diverged"
    if wrong:
        raise CheckpointError(f"{source}: the tensor {key!r} {wrong}.")


def _iteration(content: Mapping[str, object], source: str, notes: Mapping[str, str]) -> int | None:
    iteration = content.get("iteration", notes.get("iteration"))
    if isinstance(iteration, int) or (isinstance(iteration, str) and iteration.isdecimal()):
        return int(iteration)
    # OpenGait names its files "…-60000.pt".
    named = re.search(r"-(\d+)\.(pt|pth|ckpt)$", source)
    return int(named[1]) if named else None


def _few(content: Mapping[str, object]) -> str:
    keys = [repr(k) for k in list(content)[:5]]
    return ", ".join(keys) + (", …" if len(content) > 5 else "") if keys else "none"


def _first_line(error: BaseException) -> str:
    return str(error).strip().split("\n")[0].rstrip(".")
