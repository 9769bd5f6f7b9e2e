"""The account of every key."""

import pytest
import torch
from torch import nn

from gaitbench.checkpoints.keymap import Rename, fit, prefixed
from gaitbench.core.errors import CheckpointError

RENAMES = (
    Rename(r"fc\.(weight|bias)", r"linear.\1"),
    Rename(r"again\.(weight|bias)", r"linear.\1"),
    Rename(r"norm\.(.*)", r"norm.\1"),
    Rename(r"index", ""),
)


class Network(nn.Module):
    def __init__(self):
        super().__init__()
        self.linear = nn.Linear(3, 2)
        self.norm = nn.BatchNorm1d(2)


def tensors(**changes):
    found = {"fc.weight": torch.ones(2, 3), "fc.bias": torch.ones(2)}
    found |= {f"norm.{k}": v for k, v in nn.BatchNorm1d(2).state_dict().items()}
    found |= changes
    return {k: v for k, v in found.items() if v is not None}


def statuses(found):
    return {row.key or row.name: row.status for row in found.rows}


def test_everything_fits():
    network = Network()
    found = fit(tensors(index=torch.zeros(4)), RENAMES, network)
    assert set(statuses(found).values()) == {"matched", "renamed", "left out"}
    assert statuses(found)["index"] == "left out"
    found.check("x", "y")
    found.load(network)
    assert torch.equal(network.linear.weight, torch.ones(2, 3))


def test_of_two_keys_for_one_tensor_the_later_decides():
    found = fit(tensors(**{"again.bias": torch.full((2,), 5.0)}), RENAMES, Network())
    assert found.weights["linear.bias"].tolist() == [5, 5]


def test_batch_counters_may_be_absent():
    network = Network()
    found = fit(tensors(**{"norm.num_batches_tracked": None}), RENAMES, network)
    found.check("x", "y")
    found.load(network)


@pytest.mark.parametrize(
    ("changes", "key", "status"),
    [
        ({"fc.bias": None}, "linear.bias", "missing"),
        ({"head": torch.ones(1)}, "head", "unexpected"),
        ({"norm.extra": torch.ones(1)}, "norm.extra", "unexpected"),
        ({"fc.weight": torch.ones(4, 3)}, "fc.weight", "wrong shape"),
    ],
)
def test_what_does_not_fit_is_named(changes, key, status):
    found = fit(tensors(**changes), RENAMES, Network())
    assert statuses(found)[key] == status
    with pytest.raises(CheckpointError, match=rf"file\.pt does not fit GaitX: 1 {status}.*{key}"):
        found.check("file.pt", "GaitX")


def test_rules_under_a_prefix():
    rules = prefixed("a.", RENAMES, "b.")
    network = nn.ModuleDict({"b": Network()})
    found = fit({f"a.{k}": v for k, v in tensors().items()}, rules, network)
    found.check("x", "y")
    # A dot in a prefix is a dot.
    assert {r.status for r in fit({"ab.fc.bias": torch.ones(2)}, rules, network).rows} >= {
        "unexpected"
    }


def test_whole_numbers_are_no_weights():
    found = fit(tensors(**{"fc.bias": torch.ones(2, dtype=torch.int64)}), RENAMES, Network())
    assert statuses(found)["fc.bias"] == "wrong shape"
    assert any(row.note == "int64 where the network has float32" for row in found.rows)
