"""Embedding sequences: what a sequence's result depends on, and what it must never depend on."""

from dataclasses import dataclass

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch import nn

from gaitbench.backbones.base import BackboneSpec
from gaitbench.core.errors import TrainingError
from gaitbench.data.silhouettes import Silhouettes, SilhouettesWriter
from gaitbench.evaluation import embed
from gaitbench.evaluation.clips import clips_at_test, spread_frames
from gaitbench.evaluation.embed import embed_sequences
from gaitbench.methods.base import Plan, get_method, method_names
from gaitbench.occlusion.base import make
from gaitbench.occlusion.mix import HOLISTIC, Mix
from gaitbench.occlusion.setting import get_setting
from gaitbench.training.recipe import Recipe
from gaitbench.training.stage import Embedded, Stage, TrainingData
from gaitbench.training.trainer import load_network, new_network

CPU = torch.device("cpu")
RECIPE = Recipe(steps=1, learning_rate=1e-2, identities=3, clips=2, frames=2, precision="fp32")
LENGTHS = (3, 9, 5, 5, 1, 9, 4, 3, 5, 12)
TOP_AND_BOTTOM = get_setting("rg-gait").test


@dataclass(frozen=True)
class MeanFrame(Stage):
    """Shows what it was given: a clip's embedding is its mean frame."""

    role = "mean-frame"

    def build(self, identities):
        return nn.Identity()

    def losses(self, network, networks, batch):
        raise NotImplementedError

    def embed(self, network, networks, batch):
        return Embedded(network(batch.clips).mean(1).flatten(1)[:, :, None])


@pytest.fixture(autouse=True)
def one_thread():
    """Networks this small only wait for each other's threads."""
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


@pytest.fixture(scope="module")
def data(tmp_path_factory):
    folder = tmp_path_factory.mktemp("data")
    rng = np.random.default_rng(0)
    with SilhouettesWriter(folder, name="noise", height=16, width=12) as writer:
        for i, length in enumerate(LENGTHS):
            frames = (rng.random((length, 16, 12)) < 0.5).astype(np.uint8)
            writer.add(
                frames, identity=f"{i % 3}", condition="nm", view="090", recording=f"walk{i}"
            )
    return Silhouettes.open(folder)


@pytest.fixture(scope="module")
def plan(data):
    return Plan(
        data=TrainingData("noise", data.fingerprint, 16, 12),
        backbone=BackboneSpec.of(
            "gaitbase", {"channels": (4, 4, 4, 4), "parts": 2, "embedding": 5}
        ),
        setting=get_setting("mimicgait"),
        extractor=RECIPE,
        occluded=RECIPE,
        detector=RECIPE,
        seed=0,
        detector_channels=(4, 4, 4),
    )


@pytest.fixture(scope="module")
def mean_frame(plan):
    return MeanFrame(plan.data, RECIPE, HOLISTIC, 0)


def untrained(stage):
    """Return a stage's network and its inputs' networks, frozen, with their first weights."""
    own, *inputs = (
        load_network(s, 3, new_network(s, 3).state_dict(), CPU)
        for s in (stage, *stage.inputs.values())
    )
    return own, dict(zip(stage.inputs, inputs, strict=True))


def embedded(stage, data, indices=None, mix=TOP_AND_BOTTOM, *, seed=0, draw=0, frames=6):
    indices = np.arange(len(data.table)) if indices is None else np.asarray(indices)
    return embed_sequences(
        stage,
        *untrained(stage),
        data,
        indices,
        mix,
        seed=seed,
        draw=draw,
        frames=frames,
        precision="fp32",
        device=CPU,
    )


def shown(found):
    """Return everything about sequences as one row each."""
    columns = [found.hidden_share, found.types, found.alpha, found.detected_amount]
    return np.column_stack(
        [found.embeddings.flatten(1).numpy(), *columns, found.detected_type.astype(float)]
    )


@pytest.fixture(scope="module", params=["mean-frame", "baseline-1", "rg-gait"])
def stage(request, plan, mean_frame):
    return mean_frame if request.param == "mean-frame" else get_method(request.param).stage(plan)


def same(a, b):
    # Kernels may sum in another order for another batch size, so the last digits are not compared.
    np.testing.assert_allclose(a, b, rtol=1e-5, atol=1e-6)


def test_a_sequence_has_the_result_that_it_has_alone(stage, data):
    together = shown(embedded(stage, data))
    alone = [shown(embedded(stage, data, [i])) for i in range(len(LENGTHS))]
    same(together, np.concatenate(alone))


def test_order_and_repetition_of_indices_only_order_the_rows(stage, data):
    together = shown(embedded(stage, data))
    order = [7, 0, 9, 3, 3, 1, 2, 8, 7]
    same(shown(embedded(stage, data, order)), together[order])


@pytest.mark.parametrize("at_once", [1, 7, 10, 10**6])
def test_frames_at_once_change_no_result(stage, data, monkeypatch, at_once):
    usual = shown(embedded(stage, data))
    monkeypatch.setattr(embed, "FRAMES_AT_ONCE", at_once)
    same(shown(embedded(stage, data)), usual)


def test_a_forward_pass_has_at_most_so_many_frames(mean_frame, data, monkeypatch):
    seen = []

    def watching(self, network, networks, batch):
        seen.append(tuple(batch.clips.shape[:2]))
        return Embedded(batch.clips.mean(1).flatten(1)[:, :, None])

    monkeypatch.setattr(embed, "FRAMES_AT_ONCE", 10)
    monkeypatch.setattr(MeanFrame, "embed", watching)
    embedded(mean_frame, data)
    assert all(n * t <= 10 for n, t in seen)
    assert sum(n for n, _ in seen) == len(LENGTHS)


def test_all_stages_meet_the_same_draws(plan, mean_frame, data):
    wanted = embedded(mean_frame, data)
    assert 0 < np.count_nonzero(wanted.types) < len(LENGTHS)
    for name in method_names():
        found = embedded(get_method(name).stage(plan), data)
        assert np.array_equal(found.hidden_share, wanted.hidden_share), name
        assert np.array_equal(found.types, wanted.types), name


def test_another_draw_or_seed_is_another_occlusion(mean_frame, data):
    mix = get_setting("mimicgait").test
    first = embedded(mean_frame, data, mix=mix)
    again = embedded(mean_frame, data, mix=mix)
    assert torch.equal(first.embeddings, again.embeddings)
    for changes in ({"draw": 1}, {"seed": 1}):
        other = embedded(mean_frame, data, mix=mix, **changes)
        assert not np.array_equal(other.hidden_share, first.hidden_share)
        assert not torch.equal(other.embeddings, first.embeddings)


def test_whole_clips_are_drawn_nothing_for(mean_frame, data):
    found = embedded(mean_frame, data, mix=HOLISTIC, seed=3, draw=4)
    assert torch.equal(found.embeddings, embedded(mean_frame, data, mix=HOLISTIC).embeddings)
    assert not found.hidden_share.any()
    assert not found.types.any()


def test_of_a_long_sequence_frames_spread_evenly_over_it_are_used(mean_frame, data):
    found = embedded(mean_frame, data, mix=HOLISTIC, frames=6).embeddings
    expected = {9: [0, 2, 3, 5, 6, 8], 12: [1, 3, 5, 7, 9, 11]}
    for i, length in enumerate(LENGTHS):
        used = data.frames(i)[expected.get(length, range(length))]
        assert len(used) == min(length, 6)
        same(found[i, :, 0].numpy(), used.mean(0).ravel())


@given(st.lists(st.integers(1, 200), min_size=1, max_size=5), st.integers(1, 60))
def test_spread_frames_cover_a_sequence_evenly_and_in_order(lengths, count):
    lengths = np.array([max(n, count) for n in lengths])
    frames = spread_frames(lengths, count)
    assert frames.shape == (len(lengths), count)
    for row, length in zip(frames, lengths, strict=True):
        steps = np.diff(row)
        assert row[0] >= 0
        assert row[-1] < length
        assert (steps >= 1).all()
        assert steps.size == 0 or steps.max() - steps.min() <= 1
        # As much of the sequence is left out before the first frame as after the last one.
        assert abs(row[0] - (length - 1 - row[-1])) <= 1


def test_maps_say_where_the_body_is_and_what_of_it_is_seen(mean_frame, data):
    found = embedded(mean_frame, data, mix=Mix((make("top", amount=(0.5, 0.5)),), 1.0))
    assert found.body.shape == found.visible.shape == (len(LENGTHS), *embed.GRID)
    same(found.body.sum((1, 2)), 1)
    assert (found.visible[:, :8] == 0).all()
    assert (found.visible[:, 8:][found.body[:, 8:] > 0] == 1).all()
    # The map is coarse: a column of it is a little wider than a pixel of these clips.
    hidden = (found.body * (1 - found.visible)).sum((1, 2))
    np.testing.assert_allclose(hidden, found.hidden_share, atol=0.02)


def test_hidden_share_is_what_is_missing_from_the_whole_clip(mean_frame, data):
    mix = Mix((make("middle"), make("left")), 0.7)
    found = embedded(mean_frame, data, mix=mix)
    left = found.embeddings.sum((1, 2)).numpy()
    whole = embedded(mean_frame, data, mix=HOLISTIC).embeddings.sum((1, 2)).numpy()
    same(found.hidden_share, 1 - left / whole)
    assert (found.hidden_share[found.types == 0] == 0).all()
    assert (found.hidden_share[found.types > 0] > 0).all()


def test_hidden_share_of_a_cut_counts_body_pixels_not_rows(mean_frame, data):
    found = embedded(mean_frame, data, mix=Mix((make("top", amount=(0.5, 0.5)),), 1.0), frames=99)
    for i, share in enumerate(found.hidden_share):
        frames = data.frames(i)
        assert share == pytest.approx(frames[:, :8].sum() / frames.sum())


def test_what_a_method_does_not_say_is_marked_missing(plan, data):
    plain = embedded(get_method("baseline-1").stage(plan), data)
    assert np.isnan(plain.alpha).all()
    assert np.isnan(plain.detected_amount).all()
    assert (plain.detected_type == -1).all()
    restored = embedded(get_method("rg-gait").stage(plan), data)
    assert np.array_equal(restored.alpha, restored.detected_amount)
    assert ((restored.alpha > 0) & (restored.alpha < 1)).all()
    assert set(restored.detected_type) <= {0, 1, 2}
    aware = embedded(get_method("occ-aware").stage(plan), data)
    assert np.isnan(aware.alpha).all()
    assert np.isnan(aware.detected_amount).all()
    assert (aware.detected_type >= 0).all()


@dataclass(frozen=True)
class HalvesShown(MeanFrame):
    """Says of the two halves of a frame how much of their body is seen."""

    role = "halves"

    def embed(self, network, networks, batch):
        halves = (batch.whole * (1 - batch.hidden)).unflatten(2, (2, -1)).mean((1, 3, 4))
        return Embedded(batch.clips.mean(1).unflatten(1, (2, -1)).flatten(2).mT, visibility=halves)


def test_visibility_of_parts_belongs_to_its_sequence(plan, mean_frame, data):
    stage = HalvesShown(*(getattr(mean_frame, n) for n in ("data", "recipe", "mix", "seed")))
    found = embedded(stage, data)
    assert found.part_visibility.shape == (len(LENGTHS), 2)
    for i in range(len(LENGTHS)):
        alone = embedded(stage, data, [i])
        np.testing.assert_array_equal(alone.part_visibility[0], found.part_visibility[i])
    assert embedded(mean_frame, data).part_visibility is None


def test_embeddings_are_float32_whatever_the_precision(plan, data):
    low = plan.extractor.model_copy(update={"precision": "bf16"})
    stage = get_method("baseline-1").stage(plan)
    found = embedded(type(stage)(**(vars(stage) | {"recipe": low})), data)
    assert found.embeddings.dtype == torch.float32
    assert found.embeddings.shape == (len(LENGTHS), 5, 2)


def test_clips_at_test_keep_their_whole_and_are_binary(data):
    batch = clips_at_test(data, np.array([1, 5, 9]), get_setting("mimicgait").test, 6, 0, 0)
    assert batch.clips.shape == batch.whole.shape == (3, 6, 16, 12)
    assert set(batch.clips.unique().tolist()) == {0.0, 1.0}
    assert torch.equal(batch.whole[2], torch.from_numpy(data.frames(9)[1::2]).float())
    assert not torch.equal(batch.clips, batch.whole)


@pytest.mark.parametrize("value", [float("nan"), float("inf")])
def test_an_embedding_that_is_not_finite_names_stage_and_sequence(mean_frame, data, value):
    class Broken(nn.Module):
        def forward(self, clips):
            return torch.where(torch.tensor(clips.shape[1] == 4), value, clips)

    with pytest.raises(
        TrainingError,
        match=rf"mean-frame \({mean_frame.key}\).*not finite for 1 of 10 clips of 'noise'.*walk6-090\.",
    ):
        embed_sequences(
            mean_frame,
            Broken(),
            {},
            data,
            np.arange(10)[::-1],
            HOLISTIC,
            seed=0,
            draw=0,
            frames=6,
            precision="fp32",
            device=CPU,
        )
