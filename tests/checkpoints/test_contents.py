"""What files claim to hold, in their own notes or by their shapes, against what they do hold."""

import json

import pytest
import torch
from safetensors.torch import save_file
from torch.nn.modules.module import register_module_parameter_registration_hook

from gaitbench.checkpoints.contents import FORMAT
from gaitbench.checkpoints.opengait import from_opengait, inspect, load_detector
from gaitbench.core.errors import CheckpointError


@pytest.fixture
def made():
    """Collect the weights of every network that is built."""
    found = []
    hook = register_module_parameter_registration_hook(lambda _, __, made: found.append(made))
    yield found
    hook.remove()


def converted(folder, **said):
    """Write a file of one small tensor with notes of a converted one."""
    file = folder / "x.safetensors"
    notes = {"format": FORMAT, "content": json.dumps({"kind": "backbone", "identities": 3} | said)}
    save_file({"backbone.conv1.weight": torch.ones(2, 1, 3, 3)}, file, notes)
    return file


@pytest.mark.parametrize(
    ("said", "message"),
    [
        ({"options": {"channels": [9_000, 9_000, 9_000, 9_000]}}, r"wrong shape.*9000×1×3×3"),
        ({"options": {"channels": [10**9] * 4}}, "channels.0 = 10+: .*less than or equal to 65536"),
        ({"options": {"parts": 10**30}}, "parts = 10+: .*less than or equal to 65536"),
        ({"options": {}, "identities": 10**9}, "missing"),
        ({"options": {}, "identities": 10**30}, "of sizes that gaitbench cannot build"),
        ({"backbone": "deepgaitv2", "options": {"layers": [1, 9_000, 1, 1]}}, "than 1002 weights"),
        ({"backbone": "gaitbas", "options": {}}, "Did you mean 'gaitbase'"),
        ({"options": {"depth": 3}}, "Unknown option 'depth'"),
        ({"options": {}, "kind": "rg-gait", "detector": {"types": 1e999}}, "notes cannot be read"),
    ],
)
def test_notes_that_claim_more_than_the_file_holds(said, message, tmp_path, made):
    file = converted(tmp_path, **{"backbone": "gaitbase"} | said)
    with pytest.raises(CheckpointError, match=message):
        from_opengait(file)
    assert all(weights.is_meta for weights in made)


def test_a_detector_that_claims_more_than_the_file_holds(tmp_path, made):
    sizes = {"types": 10**9, "channels": [10**6, 10**6, 10**6], "amounts": True}
    file = converted(tmp_path, kind="detector", detector=sizes)
    with pytest.raises(CheckpointError, match="does not fit occlusion detector"):
        load_detector(file)
    assert made
    assert all(weights.is_meta for weights in made)


def test_shapes_that_claim_more_than_the_file_holds(made):
    """The width of a stage is told by one tensor; another would have nine times its square."""
    shapes = {f"layer{k}.0.conv2.weight": (9_000, 1, 1, 1) for k in range(1, 5)}
    shapes |= {"conv1.conv.weight": (64, 1, 3, 3)}
    weights = {f"Backbone.forward_block.{key}": torch.ones(shape) for key, shape in shapes.items()}
    with pytest.raises(CheckpointError, match=r"5 wrong shape, 50 missing.*9000×1×3×3"):
        from_opengait(weights | {"FCs.fc_bin": torch.ones(2, 9_000, 5)})
    assert made
    assert all(weights.is_meta for weights in made)


def test_what_is_missing_is_listed_key_by_key(tmp_path):
    found = inspect(converted(tmp_path, backbone="gaitbase", options={}))[2]
    counts = [row.status for row in found.rows]
    assert counts.count("wrong shape") == 1
    assert counts.count("missing") > 40
