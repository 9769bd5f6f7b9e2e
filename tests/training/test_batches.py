"""What hides the clips of a training batch."""

from dataclasses import replace
from itertools import islice

import numpy as np
import torch

from gaitbench.occlusion.setting import get_setting
from gaitbench.training.batches import batches
from gaitbench.training.recipe import Recipe

MIX = get_setting("rg-gait").train


class Sampler:
    """Gives eight whole clips, all body."""

    recipe = Recipe(steps=1, learning_rate=1, identities=4, clips=2, frames=3)

    def draw(self, rng, frames=None):
        return np.ones((8, 3, 32, 22), np.uint8), np.arange(8) // 2


def drawn(mix, n=40):
    return list(islice(batches(Sampler(), mix, 0, "occluded"), n))


def test_every_clip_has_its_own_draw():
    amounts = [len(set(batch.hidden_share.tolist())) for batch in drawn(MIX)]
    assert np.mean(amounts) > 3


def test_one_draw_per_batch_is_one_type_and_one_amount_for_all_its_clips():
    found = drawn(replace(MIX, per="batch"))
    for batch in found:
        assert len(set(batch.types.tolist())) == 1
        assert all(torch.equal(clip, batch.clips[0]) for clip in batch.clips)
    assert {int(batch.types[0]) for batch in found} == {0, 1, 2}
    assert len({float(batch.hidden_share[0]) for batch in found}) > 5


def test_the_one_draw_is_that_of_the_first_clip():
    for own, shared in zip(drawn(MIX, 6), drawn(replace(MIX, per="batch"), 6), strict=True):
        assert torch.equal(own.clips[0], shared.clips[0])
