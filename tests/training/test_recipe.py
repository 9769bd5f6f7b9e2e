"""What the fields of a recipe do to batches, learning rates, weights and losses."""

import math
from itertools import islice

import numpy as np
import pandas as pd
import pytest
import torch
from torch import nn

from gaitbench.core.errors import TrainingError
from gaitbench.core.keys import key_of
from gaitbench.data.silhouettes import COLUMNS, Silhouettes, pack
from gaitbench.occlusion.mix import HOLISTIC
from gaitbench.training.batches import (
    IdentitySampler,
    batches,
    ordered_frames,
    unordered_frames,
)
from gaitbench.training.losses import batch_all_triplet, identity_losses, part_cross_entropy
from gaitbench.training.recipe import Recipe
from gaitbench.training.trainer import learning_rate, rate, weight_groups

LEAST = {"steps": 100, "learning_rate": 0.1, "identities": 3, "clips": 2, "frames": 4}


def recipe(**changes):
    return Recipe.model_validate(LEAST | changes)


@pytest.fixture(scope="module")
def data():
    rng = np.random.default_rng(0)
    lengths = [9, 12, 7, 20, 3, 15]
    frames = (rng.random((sum(lengths), 16, 12)) < 0.5).astype(np.uint8)
    rows = [
        (f"s{i}", f"{i // 2}", "nm", "090", f"r{i}", n, sum(lengths[:i]))
        for i, n in enumerate(lengths)
    ]
    table = pd.DataFrame(rows, columns=list(COLUMNS))
    return Silhouettes("noise", 16, 12, table, pack(frames), {"train": np.arange(6)})


def supplied(data, made, count=3):
    sampler = IdentitySampler(data, data.split("train"), made)
    return list(islice(batches(sampler, HOLISTIC, 0, "test"), count))


OTHERS = {
    "steps": 7,
    "optimiser": "adam",
    "learning_rate": 0.2,
    "weight_decay": 0.1,
    "schedule": "constant",
    "identities": 4,
    "clips": 3,
    "frames": 5,
    "label_smoothing": 0.1,
    "margin": 0.3,
    "threads": 2,
    "precision": "fp32",
    "momentum": 0.8,
    "sampler": "unordered",
    "skip": 2,
    "lengths": (2, 5),
    "augment": ({"name": "flip", "probability": 0.1},),
    "cross_entropy_weight": 0,
    "cross_entropy_scale": 1,
    "triplet_weight": 0.5,
    "self_positive": True,
    "weight_groups": ({"match": "a", "learning_rate": 0.1},),
    "milestones": (3,),
    "gamma": 0.5,
    "cosine_steps": 50,
    "hold": 3,
    "final_learning_rate": 0.01,
}
NEEDED = {
    "momentum": {"optimiser": "sgd"},
    "milestones": {"schedule": "milestones"},
    "gamma": {"schedule": "milestones"},
    "cosine_steps": {"schedule": "cosine"},
    "hold": {"schedule": "cosine"},
    "final_learning_rate": {"schedule": "cosine"},
}


@pytest.mark.parametrize("field", Recipe.model_fields)
def test_every_other_value_gives_another_key(field):
    needed = NEEDED.get(field, {})
    assert key_of(recipe(**needed, **{field: OTHERS[field]})) != key_of(recipe(**needed))


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"lengths": (5, 2)}, "lengths"),
        ({"sampler": "unordered", "skip": 3}, "skip = 3 has no meaning"),
        ({"triplet_weight": 0, "cross_entropy_weight": 0}, "nothing would train"),
        (
            {
                "augment": [
                    {"name": "erase", "probability": 0.1},
                    {"name": "flip", "probability": 0.1},
                ]
            },
            "must come last",
        ),
        ({"hold": 5}, "'one-cycle' does not use hold"),
        ({"gamma": 0.5}, "does not use gamma"),
        ({"weight_groups": [{"match": "("}]}, "no regular expression"),
    ],
)
def test_fields_that_contradict_each_other_are_refused(change, said):
    with pytest.raises(ValueError, match=said):
        recipe(**change)


def test_milestones_multiply_by_gamma():
    made = recipe(schedule="milestones", milestones=(10, 20), gamma=0.5)
    assert [rate(made, s) for s in (1, 10, 11, 20, 21)] == [1, 1, 0.5, 0.5, 0.25]


def test_cosine_holds_and_ends_at_the_final_learning_rate():
    made = recipe(schedule="cosine", cosine_steps=80, hold=10, final_learning_rate=1e-3)
    rates = [learning_rate(made, step) for step in range(1, 101)]
    assert rates[:10] == [0.1] * 10
    assert rates[10] == pytest.approx(0.05 * (1 + math.cos(math.pi / 8)))
    assert rates == sorted(rates, reverse=True)
    assert rates[80:] == [1e-3] * 20
    assert learning_rate(made, 11, pace=0.1) == pytest.approx(0.1 * rates[10])
    assert learning_rate(made, 90, pace=0.1) == 1e-3


class Named(nn.Module):
    def __init__(self):
        super().__init__()
        self.transformer = nn.Linear(2, 2)
        self.norm = nn.LayerNorm(2)
        self.other = nn.Linear(2, 2)


def test_weights_are_grouped_by_the_first_expression_that_matches():
    made = recipe(
        weight_decay=0.02,
        weight_groups=[
            {"match": "norm", "weight_decay": 0},
            {"match": "transformer"},
            {"match": "norm|other.weight", "learning_rate": 0.1},
        ],
    )
    network = Named()
    found = weight_groups(network, made)
    assert [(g["pace"], g["weight_decay"]) for g in found] == [
        (1, 0.02),
        (1, 0),
        (1, 0.02),
        (0.1, 0.02),
    ]
    # What no group matches has the recipe's own values.
    assert found[0]["params"] == [network.other.bias]
    assert sum(len(g["params"]) for g in found) == len(list(network.parameters()))


def test_a_group_without_weights_is_an_error():
    with pytest.raises(TrainingError, match="'transfomer' matches no weight"):
        weight_groups(Named(), recipe(weight_groups=[{"match": "transfomer"}]))


def test_without_groups_the_optimiser_gets_all_weights_in_their_order():
    network = Named()
    (group,) = weight_groups(network, recipe(weight_decay=0.02))
    assert group["params"] == list(network.parameters())
    assert (group["pace"], group["weight_decay"]) == (1, 0.02)


def test_ordered_frames_without_skip_follow_each_other():
    length = np.array([9, 4, 2, 100])
    found = ordered_frames(np.random.default_rng(0), length, 4)
    assert ((found[:, 1:] - found[:, :-1]) % length[:, None] == 1).all()
    assert (found[2] == [0, 1, 0, 1]).all()


def test_ordered_frames_with_skip_leave_some_out_and_keep_their_order():
    length = np.full(500, 12)
    found = ordered_frames(np.random.default_rng(0), length, 4, skip=3)
    assert found.shape == (500, 4)
    assert (np.diff(found) > 0).all()
    assert (found[:, -1] - found[:, 0]).max() == 6
    assert set(found.ravel()) == set(range(12))


def test_unordered_frames_repeat_only_where_there_are_too_few():
    found = unordered_frames(np.random.default_rng(0), np.array([30] * 50 + [3] * 50), 6)
    assert all(len(set(row)) == 6 for row in found[:50].tolist())
    assert found[50:].max() == 2
    assert any(row != sorted(row) for row in found[:50].tolist())


def test_lengths_are_drawn_once_for_each_batch(data):
    found = [b.clips.shape[1] for b in supplied(data, recipe(lengths=(2, 6)), 40)]
    assert set(found) == {2, 3, 4, 5, 6}
    assert found == [b.clips.shape[1] for b in supplied(data, recipe(lengths=(2, 6)), 40)]


def test_augmentation_changes_clips_and_nothing_else(data):
    plain = supplied(data, recipe())
    turned = supplied(data, recipe(augment=[{"name": "flip", "probability": 0.5}]))
    mirrored = []
    for before, after in zip(plain, turned, strict=True):
        assert torch.equal(before.identities, after.identities)
        for old, new in zip(before.whole, after.whole, strict=True):
            assert torch.equal(new, old) or torch.equal(new, old.flip(-1))
            mirrored.append(torch.equal(new, old.flip(-1)))
        # Whole clips: what hides nothing shows what was augmented.
        assert torch.equal(after.clips, after.whole)
    assert 0 < sum(mirrored) < len(mirrored)


def test_losses_have_the_recipes_weights_and_scale():
    generator = torch.Generator().manual_seed(0)
    embeddings = torch.randn(6, 4, 2, generator=generator)
    logits = torch.randn(6, 3, 2, generator=generator)
    identities = torch.arange(3).repeat_interleave(2)
    both = identity_losses(
        embeddings,
        logits,
        identities,
        recipe(triplet_weight=0.5, cross_entropy_weight=0.1, cross_entropy_scale=2),
    )
    assert torch.equal(both["triplet"], 0.5 * batch_all_triplet(embeddings, identities, 0.2))
    assert torch.equal(both["cross-entropy"], 0.1 * part_cross_entropy(logits, identities, scale=2))
    alone = identity_losses(embeddings, logits, identities, recipe(cross_entropy_weight=0))
    assert list(alone) == ["triplet"]
    assert list(identity_losses(embeddings, logits, identities, recipe(triplet_weight=0))) == [
        "cross-entropy"
    ]
