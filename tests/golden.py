"""Reads the reference data that another implementation can be compared with, where it is at hand."""

import json
import zlib
from pathlib import Path

import numpy as np
import pytest
import torch

FOLDER = Path(__file__).parents[2] / "shared" / "golden"


def load(name):
    """Return the description and the arrays of an item; skip where the reference data is missing."""
    if not (FOLDER / f"{name}.json").is_file():
        pytest.skip(f"no reference data ({name}) beside the checkout")
    description = json.loads((FOLDER / f"{name}.json").read_text())
    with np.load(FOLDER / f"{name}.npz") as arrays:
        return description, {k: torch.from_numpy(arrays[k]) for k in arrays.files}


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
    """Return all reference weights of an item by key; of two keys for one tensor the later decides."""
    found = {}
    for entry in description["state_dict"]:
        found[entry["key"]] = weight(entry["key"], tuple(entry["shape"]))
        if "alias_of" in entry:
            found[entry["alias_of"]] = found[entry["key"]]
    return found


def assert_close(found, wanted):
    """Compare within the reference data's own tolerance."""
    limit = 1e-4 * max(1.0, float(wanted.abs().max()))
    difference = float((found.float() - wanted).abs().max())
    assert difference <= limit, f"differs by {difference:g}, allowed {limit:g}"


GAITBASE = {
    "Backbone.forward_block.conv1.conv.": "conv1.",
    "Backbone.forward_block.bn1.": "bn1.",
    "FCs.fc_bin": "head.weight",
    **{f"Backbone.forward_block.layer{k}.0.": f"stages.{k - 1}." for k in range(1, 5)},
}
NECK = {"BNNecks.bn1d.": "norm.", "BNNecks.fc_bin": "weight"}
DETECTOR = {
    "layer1.0.": "maps.0.",
    "layer2.0.": "maps.3.",
    "layer3.0.": "maps.6.",
    "fc1.": "feature.",
    "fc2.": "type_head.",
    "fc_amount_head.": "amount_head.",
}


def renamed(found, names, prefix=""):
    """Return the reference weights under gaitbench's names; keys without a name are left out."""
    result = {}
    for key, value in found.items():
        if not key.startswith(prefix):
            continue
        own = key.removeprefix(prefix)
        for old, new in names.items():
            if own.startswith(old):
                result[new + own.removeprefix(old)] = value
    return result


def padded(packed, lengths):
    """Return packed sequences [1, sum, h, w, …] as clips padded at the end, with their lengths."""
    lengths = lengths.flatten()
    clips = torch.zeros(len(lengths), int(lengths.max()), *packed.shape[2:])
    for i, part in enumerate(torch.split(packed[0].float(), lengths.tolist())):
        clips[i, : len(part)] = part
    return clips, lengths
