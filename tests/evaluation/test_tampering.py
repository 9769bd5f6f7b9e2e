"""What is changed about a test, and what it must leave alone."""

from dataclasses import dataclass, replace

import numpy as np
import pytest
import torch
from torch import nn

from gaitbench.backbones.base import BackboneSpec
from gaitbench.data.silhouettes import Silhouettes, SilhouettesWriter
from gaitbench.evaluation.embed import embed_sequences
from gaitbench.evaluation.tampering.base import UNTOUCHED, get_tampering, tamperings
from gaitbench.methods.base import Plan, get_method
from gaitbench.occlusion.base import make
from gaitbench.occlusion.mix import HOLISTIC, Mix
from gaitbench.occlusion.setting import get_setting
from gaitbench.training.recipe import Recipe
from gaitbench.training.stage import Embedded, Stage, TrainingData
from gaitbench.training.trainer import load_network, new_network

CPU = torch.device("cpu")
RECIPE = Recipe(steps=1, learning_rate=1e-2, identities=3, clips=2, frames=2, precision="fp32")
LENGTH, HEIGHT, WIDTH = 5, 16, 12
IDENTITIES = [0, 1, 2, 0, 1, 2, 0, 1]
EVERY = (UNTOUCHED, *tamperings.names())
OF_CLIPS = ["blank", "outline", "tied-outline", "one-draw", "shuffled"]
OF_DETECTORS = ["true-amount", "stray-detector"]
# What hides stays where it is, so that a full frame shows it.
MASKED = Mix((make("top", fit="mask"), make("left"), make("middle")), 1.0)
CUTS = get_setting("mimicgait").test


@dataclass(frozen=True)
class Frames(Stage):
    """Shows what it was given: a clip's embedding is the clip."""

    role = "frames"

    def build(self, identities):
        return nn.Identity()

    def losses(self, network, networks, batch):
        raise NotImplementedError

    def embed(self, network, networks, batch):
        return Embedded(network(batch.clips).flatten(1)[:, :, None])


@pytest.fixture(autouse=True)
def one_thread():
    """Networks this small only wait for each other's threads."""
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


def written(folder, seed=0):
    """Write sequences of one name each, whose frames are noise of a seed."""
    rng = np.random.default_rng(seed)
    with SilhouettesWriter(folder, name="noise", height=HEIGHT, width=WIDTH) as writer:
        for i, identity in enumerate(IDENTITIES):
            frames = (rng.random((LENGTH, HEIGHT, WIDTH)) < 0.5).astype(np.uint8)
            name = f"walk{i}"
            writer.add(frames, identity=f"{identity}", condition="nm", view="090", recording=name)
    return Silhouettes.open(folder)


@pytest.fixture(scope="module")
def data(tmp_path_factory):
    return written(tmp_path_factory.mktemp("data"))


@pytest.fixture(scope="module")
def other_bodies(tmp_path_factory):
    return written(tmp_path_factory.mktemp("other"), seed=1)


@pytest.fixture(scope="module")
def plan(data):
    return Plan(
        data=TrainingData("noise", data.fingerprint, HEIGHT, WIDTH),
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
def frames(plan):
    return Frames(plan.data, RECIPE, HOLISTIC, 0)


@pytest.fixture(scope="module")
def stage(plan):
    """Return a method's last stage by name, with its networks, untrained."""
    kept = {}

    def make_stage(name):
        if name not in kept:
            last = get_method(name).stage(plan)
            own, *inputs = (
                load_network(s, 3, new_network(s, 3).state_dict(), CPU)
                for s in (last, *last.inputs.values())
            )
            kept[name] = last, own, dict(zip(last.inputs, inputs, strict=True))
        return kept[name]

    return make_stage


def embedded(parts, data, mix, tampering="none", *, seed=0, draw=0):
    parts = parts if isinstance(parts, tuple) else (parts, nn.Identity(), {})
    return embed_sequences(
        *parts,
        data,
        np.arange(len(IDENTITIES)),
        mix,
        seed=seed,
        draw=draw,
        frames=LENGTH,
        precision="fp32",
        device=CPU,
        tampering=tampering,
    )


def clips(frames, data, mix, tampering="none", **options):
    """Return what a stage is shown, [n, t, h, w]."""
    found = embedded(frames, data, mix, tampering, **options).embeddings
    return found.reshape(len(IDENTITIES), LENGTH, HEIGHT, WIDTH)


def columns(found):
    return [
        found.embeddings.numpy(),
        *(found.hidden_share, found.types, found.alpha, found.detected_type),
        found.detected_amount,
    ]


def alike(one, other):
    return all(np.array_equal(a, b, equal_nan=True) for a, b in zip(one, other, strict=True))


def test_none_is_what_there_was_before(stage, data):
    parts = stage("rg-gait")
    plain = embed_sequences(
        *parts, data, np.arange(len(IDENTITIES)), CUTS,
        seed=0, draw=0, frames=LENGTH, precision="fp32", device=CPU,
    )  # fmt: skip
    assert alike(columns(plain), columns(embedded(parts, data, CUTS, "none")))


def test_every_other_tampering_changes_something(stage, data):
    parts = stage("rg-gait")
    plain = columns(embedded(parts, data, MASKED))
    for name in EVERY[1:]:
        assert not alike(columns(embedded(parts, data, MASKED, name)), plain), name


@pytest.mark.parametrize("name", ["baseline-1", "rg-gait"])
def test_blank_clips_are_embedded_all_alike(stage, data, name):
    found = embedded(stage(name), data, CUTS, "blank")
    first = found.embeddings[:1].expand_as(found.embeddings)
    torch.testing.assert_close(found.embeddings, first)
    assert not found.hidden_share.any()


def test_blank_clips_are_black(frames, data):
    assert not clips(frames, data, MASKED, "blank").any()


@pytest.mark.parametrize("name", ["outline", "tied-outline"])
def test_an_outline_does_not_depend_on_the_body(frames, data, other_bodies, name):
    one, other = (clips(frames, d, MASKED, name) for d in (data, other_bodies))
    assert torch.equal(one, other)
    assert not torch.equal(clips(frames, data, MASKED), clips(frames, other_bodies, MASKED))


def test_an_outline_shows_what_the_own_draw_leaves(frames, data):
    plain, outline = (clips(frames, data, MASKED, name) for name in ("none", "outline"))
    assert (outline >= plain).all()
    found = embedded(frames, data, MASKED, "outline")
    assert np.array_equal(found.types, embedded(frames, data, MASKED).types)
    hidden = 1 - outline.mean((1, 2, 3))
    np.testing.assert_allclose(found.hidden_share, hidden, rtol=1e-6)


def test_the_outline_of_a_whole_clip_is_a_full_frame(frames, data):
    assert clips(frames, data, HOLISTIC, "outline").all()


def test_a_tied_outline_has_one_draw_per_identity(frames, data):
    found = clips(frames, data, MASKED, "tied-outline")
    for i, one in enumerate(IDENTITIES):
        for j, other in enumerate(IDENTITIES):
            assert torch.equal(found[i], found[j]) == (one == other)


def test_one_draw_is_shared_by_all_clips(frames, data):
    assert len(set(embedded(frames, data, MASKED, "one-draw").types)) == 1
    plain, shared = (clips(frames, data, MASKED, name) for name in ("none", "one-draw"))
    whole = clips(frames, data, HOLISTIC)
    # What is hidden in one clip is hidden in all: everything else is seen.
    assert torch.equal(shared, whole * (shared > 0).any(0))
    assert not torch.equal(plain, shared)


def test_one_draw_is_another_for_another_draw_or_seed(frames, data):
    first = clips(frames, data, MASKED, "one-draw")
    others = [clips(frames, data, MASKED, "one-draw", **c) for c in ({"draw": 1}, {"seed": 1})]
    assert not any(torch.equal(first, other) for other in others)


def test_shuffled_clips_have_the_same_frames_in_another_order(frames, data):
    plain, shuffled = (clips(frames, data, HOLISTIC, name) for name in ("none", "shuffled"))
    for one, other in zip(plain, shuffled, strict=True):
        assert sorted(f.tobytes() for f in one.numpy()) == sorted(
            f.tobytes() for f in other.numpy()
        )
    moved = [not torch.equal(a, b) for a, b in zip(plain, shuffled, strict=True)]
    assert sum(moved) > len(moved) / 2
    assert torch.equal(shuffled, clips(frames, data, HOLISTIC, "shuffled", draw=3))


def test_what_hides_moves_on_as_ever_over_shuffled_frames(frames, data):
    whole = clips(frames, data, HOLISTIC, "shuffled")
    moving = Mix((make("pole"),), 1.0)
    hidden = clips(frames, data, moving, "outline") == 0
    assert torch.equal(clips(frames, data, moving, "shuffled"), whole * ~hidden)


def test_the_true_amount_is_the_hidden_share(stage, data):
    parts = stage("rg-gait")
    plain, true = (embedded(parts, data, CUTS, name) for name in ("none", "true-amount"))
    np.testing.assert_allclose(true.alpha, true.hidden_share, rtol=1e-6)
    assert not np.allclose(plain.alpha, plain.hidden_share, atol=0.01)
    assert np.array_equal(true.hidden_share, plain.hidden_share)
    assert np.array_equal(true.detected_type, plain.detected_type)
    # As the control that is told the truth: same weights, same clips.
    oracle = replace(parts[0], alpha="oracle")
    told = embedded((oracle, *parts[1:]), data, CUTS)
    torch.testing.assert_close(true.embeddings, told.embeddings)


def test_the_true_amount_is_what_the_detector_was_to_say(stage, data):
    last, own, networks = stage("rg-gait")
    visible = replace(last, detector=replace(last.detector, amount_label="visible"))
    found = embedded((visible, own, networks), data, CUTS, "true-amount")
    np.testing.assert_allclose(found.alpha, 1 - found.hidden_share, rtol=1e-6)


@pytest.mark.parametrize("name", ["occ-aware", "mimicgait", "rg-gait"])
def test_a_stray_detector_is_shown_other_draws_and_the_method_its_own(stage, data, name):
    parts = stage(name)
    plain, stray = (embedded(parts, data, MASKED, t) for t in ("none", "stray-detector"))
    assert np.array_equal(stray.hidden_share, plain.hidden_share)
    assert np.array_equal(stray.types, plain.types)
    assert not torch.equal(stray.embeddings, plain.embeddings)
    if name != "occ-aware":
        assert not np.array_equal(stray.detected_amount, plain.detected_amount)


def test_a_stray_detector_sees_the_same_bodies(data, plan):
    seen = {}

    @dataclass(frozen=True)
    class Watching(type(get_method("rg-gait").stage(plan))):
        def embed(self, network, networks, batch):
            detector = networks["detector"]
            seen["own"], seen["said"] = batch.clips, detector(batch.clips).amount
            return Embedded(batch.clips.flatten(1)[:, :, None])

    class Mean(nn.Module):
        def forward(self, clips):
            seen["shown"] = clips
            mean = clips.mean((1, 2, 3))
            return replace(self.like, amount=mean)  # type: ignore[type-var]

    last = Watching(**vars(get_method("rg-gait").stage(plan)))
    detector = Mean()
    real = load_network(last.detector, 3, new_network(last.detector, 3).state_dict(), CPU)
    detector.like = real(torch.zeros(1, LENGTH, HEIGHT, WIDTH))
    parts = (last, nn.Identity(), {"detector": detector})
    embedded(parts, data, MASKED, "stray-detector")
    whole = torch.from_numpy(np.stack([data.frames(i) for i in range(len(IDENTITIES))])).float()
    assert not torch.equal(seen["shown"], seen["own"])
    # Both are parts of the same whole clips, and the method hears what was said of the other one.
    assert ((seen["shown"] == 0) | (seen["shown"] == whole)).all()
    assert ((seen["own"] == 0) | (seen["own"] == whole)).all()
    torch.testing.assert_close(seen["said"], seen["shown"].mean((1, 2, 3)))


@pytest.mark.parametrize("name", ["baseline-1", "baseline-2"])
@pytest.mark.parametrize("tampering", OF_DETECTORS)
def test_methods_without_a_detector_are_left_alone(stage, data, name, tampering):
    parts = stage(name)
    plain = columns(embedded(parts, data, CUTS))
    assert alike(columns(embedded(parts, data, CUTS, tampering)), plain)


@pytest.mark.parametrize("tampering", ["none", *OF_DETECTORS, "one-draw"])
def test_only_tampering_with_frames_changes_frames(data, tampering):
    whole = np.stack([data.frames(i) for i in range(3)])
    before = whole.copy()
    assert get_tampering(tampering).tampered_frames(whole, data, ["a", "b", "c"], 0) is whole
    for changing in EVERY:
        get_tampering(changing).tampered_frames(whole, data, ["a", "b", "c"], 0)
    assert np.array_equal(whole, before)


def test_every_tampering_is_named_above():
    assert sorted(EVERY) == sorted(["none", *OF_CLIPS, *OF_DETECTORS])
