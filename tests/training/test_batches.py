"""What hides the clips of a training batch."""

from dataclasses import replace
from itertools import islice
from types import SimpleNamespace

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from gaitbench.data.silhouettes import Silhouettes, SilhouettesWriter
from gaitbench.occlusion.apply import occlude
from gaitbench.occlusion.setting import get_setting
from gaitbench.training.batches import IdentitySampler, batches, occluded_batch, shrunk
from gaitbench.training.recipe import Recipe

MIX = get_setting("rg-gait").train


class Sampler:
    """Gives eight whole clips, all body."""

    data = SimpleNamespace(shrink=1, averaged=False)
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


@given(st.integers(1, 20), st.integers(1, 3), st.integers(1, 3), st.integers(0, 2**32 - 1))
def test_shrunk_pixels_are_the_means_of_their_blocks(factor, rows, columns, seed):
    rng = np.random.default_rng(seed)
    frames = rng.integers(0, 2, (2, 3, rows * factor, columns * factor), dtype=np.uint8)
    found = shrunk(torch.from_numpy(frames), factor).numpy()
    assert found.shape == (2, 3, rows, columns)
    for i in range(rows):
        for j in range(columns):
            block = frames[:, :, i * factor : (i + 1) * factor, j * factor : (j + 1) * factor]
            assert np.allclose(found[:, :, i, j], block.mean((2, 3)), atol=1e-6)
    as_booleans = shrunk(torch.from_numpy(frames).bool(), factor)
    assert np.array_equal(as_booleans.numpy(), found)


def test_clips_are_occluded_in_the_datas_pixels_then_reduced_then_averaged():
    rng = np.random.default_rng(1)
    whole = rng.integers(0, 2, (4, 5, 64, 44), dtype=np.uint8)
    mix = get_setting("mimicgait").train

    def streams():
        return [np.random.default_rng(i) for i in range(4)]

    seen = occluded_batch(whole, np.arange(4), mix, streams(), shrink=2, averaged=True)
    drawn = [mix.draw(rng, 5, 64, 44)[1] for rng in streams()]
    expected = occlude(torch.from_numpy(whole), drawn)
    assert seen.clips.shape == seen.whole.shape == seen.hidden.shape == (4, 1, 32, 22)
    for found, full in (
        (seen.clips, expected.clips),
        (seen.whole, torch.from_numpy(whole)),
        (seen.hidden, expected.hidden),
    ):
        blocks = full.double().reshape(4, 5, 32, 2, 22, 2).mean((1, 3, 5))
        assert torch.allclose(found[:, 0].double(), blocks, atol=1e-6)
    assert torch.equal(seen.hidden_share, expected.share)
    assert seen.classes == ("none", "top", "bottom")


@pytest.fixture(scope="module")
def counting(tmp_path_factory):
    """Sequences whose frames say their number: frame i has its first i pixels set."""
    folder = tmp_path_factory.mktemp("counting")
    with SilhouettesWriter(folder, name="counting", height=8, width=8) as writer:
        for i in range(8):
            frames = (np.arange(64) < np.arange(1, 31)[:, None]).astype(np.uint8)
            index = writer.add(
                frames.reshape(30, 8, 8),
                identity=f"{i // 2}",
                condition="nm",
                view="090",
                recording=f"{i}",
            )
            writer.splits["train"] = list(range(index + 1))
    return Silhouettes.open(folder)


def test_spread_frames_come_from_the_whole_sequence_in_the_order_of_time(counting):
    recipe = Recipe(steps=1, learning_rate=1, identities=4, clips=2, frames=6, sampler="spread")
    sampler = IdentitySampler(counting, counting.split("train"), recipe)
    numbers = [
        sampler.draw(np.random.default_rng(i))[0].reshape(8, 6, -1).sum(2) for i in range(40)
    ]
    assert all((np.diff(drawn, axis=1) > 0).all() for drawn in numbers)
    drawn = np.concatenate(numbers)
    assert set(drawn.ravel()) == set(range(1, 31))
    assert (drawn[:, -1] - drawn[:, 0]).mean() > 15
