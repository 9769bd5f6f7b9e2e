"""Reading files of weights: what is found in them, and what is refused."""

import contextlib
import io
import os
import pickle
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from safetensors.torch import save_file

from gaitbench.checkpoints.read import read_checkpoint
from gaitbench.core.errors import CheckpointError

WEIGHTS = {"a.weight": torch.arange(6.0).reshape(2, 3), "b.bias": torch.ones(2)}


def saved(content, path):
    torch.save(content, path)
    return path


@pytest.mark.parametrize("wrap", [dict, lambda w: {"model": w}, lambda w: {"state_dict": w}])
def test_state_dicts_are_found_where_they_are_usually_kept(wrap, tmp_path):
    found = read_checkpoint(saved(wrap(WEIGHTS), tmp_path / "x.pt"))
    assert list(found.tensors) == list(WEIGHTS)
    assert torch.equal(found.tensors["a.weight"], WEIGHTS["a.weight"])


def test_iteration_from_the_content_or_from_the_name(tmp_path):
    inside = saved({"model": WEIGHTS, "iteration": 180000}, tmp_path / "GaitBase-60000.pt")
    assert read_checkpoint(inside).iteration == 180000
    assert read_checkpoint(saved(WEIGHTS, tmp_path / "GaitBase-60000.pt")).iteration == 60000
    assert read_checkpoint(saved(WEIGHTS, tmp_path / "final.pt")).iteration is None


def test_prefix_of_parallel_training_is_taken_off_if_every_key_has_it():
    wrapped = {f"module.{k}": v for k, v in WEIGHTS.items()}
    assert list(read_checkpoint(wrapped).tensors) == list(WEIGHTS)
    mixed = wrapped | {"c": torch.ones(1)}
    assert list(read_checkpoint(mixed).tensors) == list(mixed)


def test_safetensors(tmp_path):
    save_file(WEIGHTS, tmp_path / "x.safetensors", {"iteration": "7"})
    found = read_checkpoint(tmp_path / "x.safetensors")
    assert set(found.tensors) == set(WEIGHTS)
    assert found.iteration == 7


class Payload:
    """Pickled, it creates a file when it is loaded carelessly."""

    def __init__(self, path):
        self.path = path

    def __reduce__(self):
        return os.mkdir, (str(self.path),)


@pytest.mark.parametrize("nest", [lambda p: p, lambda p: {"model": WEIGHTS, "extra": [p]}])
@pytest.mark.parametrize("write", [torch.save, lambda o, p: p.write_bytes(pickle.dumps(o))])
def test_code_is_refused_and_not_executed(nest, write, tmp_path):
    mark, file = tmp_path / "executed", tmp_path / "evil.pt"
    write(nest(Payload(mark)), file)
    with pytest.raises(CheckpointError, match=r"evil\.pt is refused: .*Nothing was executed"):
        read_checkpoint(file)
    assert not mark.exists()


def test_files_that_cannot_be_read(tmp_path):
    with pytest.raises(CheckpointError, match="no such file"):
        read_checkpoint(tmp_path / "none.pt")
    whole = saved(WEIGHTS, tmp_path / "whole.pt").read_bytes()
    save_file(WEIGHTS, tmp_path / "whole.safetensors")
    tensors = (tmp_path / "whole.safetensors").read_bytes()
    for name, content in {
        "empty.pt": b"",
        "short.pt": whole[:200],
        "shorter.pt": whole[:-1],
        "page.pt": b"<!DOCTYPE html><html>Not found</html>",
        "zeros.pt": bytes(1000),
        "empty.safetensors": b"",
        "short.safetensors": tensors[:-1],
        "page.safetensors": b"<!DOCTYPE html><html>Not found</html>",
    }.items():
        (tmp_path / name).write_bytes(content)
        writer = "safetensors" if name.endswith("safetensors") else "torch.save"
        said = (
            rf"^Checkpoint \S+{name} is cut short or damaged, or {writer} did not write it\. Copy"
        )
        with pytest.raises(CheckpointError, match=said):
            read_checkpoint(tmp_path / name)


@settings(max_examples=60, deadline=None)
@given(cut=st.floats(0, 0.99), flips=st.lists(st.integers(0, 10**6), max_size=3), old=st.booleans())
def test_whatever_is_wrong_with_a_file_is_said_in_our_words(cut, flips, old):
    """Cut short, with some bytes changed, in torch's present and former format."""
    whole = io.BytesIO()
    torch.save(WEIGHTS, whole, _use_new_zipfile_serialization=not old)
    content = bytearray(whole.getvalue()[: int((1 - cut) * len(whole.getvalue()))])
    for place in flips:
        content[place % len(content)] ^= 0xFF
    with TemporaryDirectory() as folder:
        file = Path(folder) / "x.pt"
        file.write_bytes(content)
        # A change that spoils nothing, such as one of a value, may pass.
        with contextlib.suppress(CheckpointError):
            read_checkpoint(file)


def test_files_without_tensors(tmp_path):
    with pytest.raises(CheckpointError, match="holds a list"):
        read_checkpoint(saved([1, 2], tmp_path / "list.pt"))
    with pytest.raises(CheckpointError, match=r"no tensors; its keys are 'epoch'"):
        read_checkpoint(saved({"epoch": 3}, tmp_path / "numbers.pt"))


@pytest.mark.parametrize(
    ("tensor", "said"),
    [
        (torch.tensor([1.0, float("nan")]), "NaN"),
        (torch.tensor([1.0, 2.0]).to_sparse(), "not dense"),
        (torch.empty(2, device="meta"), "not dense"),
        (torch.ones(2, dtype=torch.complex64), "complex"),
        (torch.ones(1).expand(1000), "more values than the file holds"),
    ],
)
def test_tensors_that_are_no_weights_are_named(tensor, said):
    with pytest.raises(CheckpointError, match=rf"the tensor 'a\.weight' .*{said}"):
        read_checkpoint(WEIGHTS | {"a.weight": tensor})


def test_a_folder_is_no_checkpoint(tmp_path):
    with pytest.raises(CheckpointError, match="is a folder"):
        read_checkpoint(tmp_path)
