"""Reads the reference data that another implementation can be compared with, where it is at hand."""

import json
import zlib
from contextlib import contextmanager
from functools import cache

import numpy as np
import pytest
import torch

from gaitbench.checkpoints.opengait import from_opengait
from tests.places import SHARED

FOLDER = SHARED / "golden"


def load(name):
    """Return the description and the arrays of an item; skip where the reference data is missing."""
    if not (FOLDER / f"{name}.json").is_file():
        pytest.skip(f"no reference data ({name}) beside the checkout")
    description = json.loads((FOLDER / f"{name}.json").read_text())
    with np.load(FOLDER / f"{name}.npz") as arrays:
        return description, {k: torch.from_numpy(arrays[k]) for k in arrays.files}


def keys(name):
    """Return the description of a network without outputs; skip where the reference data is missing."""
    if not (FOLDER / "keys" / f"{name}.json").is_file():
        pytest.skip(f"no reference data ({name}) beside the checkout")
    return json.loads((FOLDER / "keys" / f"{name}.json").read_text())


def weight(key, shape):
    """Return the reference weight that belongs to a state-dict key, by the data's own rule."""
    rng = np.random.default_rng(zlib.crc32(key.encode()))
    if key.endswith("num_batches_tracked"):
        return torch.zeros(shape, dtype=torch.long)
    if key.endswith("running_mean"):
        value = 0.1 * rng.standard_normal(shape)
    elif key.endswith("running_var") or (len(shape) == 1 and key.endswith("weight")):
        value = rng.uniform(0.5, 1.5, shape)
    elif len(shape) == 1:
        value = 0.1 * rng.standard_normal(shape)
    else:
        part_wise = key.endswith("fc_bin")
        fan_in = shape[1] if part_wise else int(np.prod(shape[1:]))
        value = rng.standard_normal(shape) / np.sqrt(fan_in)
    return torch.from_numpy(np.asarray(value, np.float32))


def weights(description):
    """Return all reference weights of an item by key; of two keys for one tensor the later decides.

    What stays as constructed has a value in the description, or can be derived and is left out.
    """
    found = {}
    for entry in description["state_dict"]:
        if entry.get("init") != "default":
            found[entry["key"]] = weight(entry["key"], tuple(entry["shape"]))
        elif "value" in entry:
            found[entry["key"]] = torch.full(entry["shape"], float(entry["value"]))
        if "alias_of" in entry:
            found[entry["alias_of"]] = found[entry["key"]]
    return found


def state_dict(name):
    """Return the reference weights of a network by key, whether it has outputs or not."""
    without_outputs = (FOLDER / "keys" / f"{name}.json").is_file()
    return weights(keys(name) if without_outputs else load(name)[0])


@cache
def network(name):
    """Return a network as it is loaded from its weights, and the arrays of its item.

    It is in evaluation mode and without gradients, and is built once for all tests, which must not alter
    it. A network without outputs has no arrays.
    """
    built = from_opengait(state_dict(name))
    arrays = load(name)[1] if (FOLDER / f"{name}.npz").is_file() else {}
    return built.requires_grad_(False), arrays


@contextmanager
def outputs(**modules):
    """Collect what these modules of a network return, by the names given; the last call counts."""
    found: dict[str, torch.Tensor] = {}

    def keep(name):
        return lambda _module, _given, result: found.__setitem__(name, result)

    handles = [module.register_forward_hook(keep(name)) for name, module in modules.items()]
    try:
        yield found
    finally:
        for handle in handles:
            handle.remove()


def assert_close(found, wanted):
    """Compare within the reference data's own tolerance."""
    limit = 1e-4 * max(1.0, float(wanted.abs().max()))
    difference = float((found.float() - wanted).abs().max())
    assert difference <= limit, f"differs by {difference:g}, allowed {limit:g}"


def padded(packed, lengths):
    """Return packed sequences [1, sum, h, w, …] as clips padded at the end, with their lengths."""
    lengths = lengths.flatten()
    clips = torch.zeros(len(lengths), int(lengths.max()), *packed.shape[2:])
    for i, part in enumerate(torch.split(packed[0].float(), lengths.tolist())):
        clips[i, : len(part)] = part
    return clips, lengths
