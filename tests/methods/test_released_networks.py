"""Forward passes of RG-Gait, MimicGait and the occlusion detectors against the released code's numbers."""

import pytest
import torch

from gaitbench.baselines.mimicgait import MimicGait
from gaitbench.checkpoints.opengait import load_detector
from gaitbench.methods.base import Plan
from gaitbench.methods.rg_gait import RGGait
from gaitbench.networks.detector import OcclusionDetector
from gaitbench.occlusion.setting import get_setting
from gaitbench.training import losses
from gaitbench.training.batches import Batch
from gaitbench.training.recipe import Recipe
from gaitbench.training.stage import TrainingData
from tests import golden


def detector(name):
    """Return a released detector and the arrays of its item."""
    network = load_detector(golden.state_dict(name)).requires_grad_(False)
    return network, golden.load(name)[1]


def stage_of(method, network):
    """Return the last stage of a method with the sizes of a loaded network."""
    recipe = Recipe(steps=1, learning_rate=1e-3, identities=2, clips=1, frames=12)
    data = TrainingData("reference", "", 64, 64)
    setting = get_setting("rg-gait")
    return method.stage(Plan(data, network.spec, setting, recipe, recipe, recipe, seed=0))


def batch_of(clips, whole):
    """Return clips as a stage sees them, each of another person."""
    people = torch.arange(len(clips))
    share = torch.zeros(len(clips))
    return Batch(
        clips.float(), whole.float(), 0 * whole.float(), people, 0 * people, share, ("none",)
    )


def one_by_one(arrays):
    """Yield the packed sequences of an item, each as a clip [1, t, h, w, …] without padding."""
    clips, lengths = golden.padded(arrays["packed_input"], arrays["packed_seqL"])
    yield from (clips[i : i + 1, :length] for i, length in enumerate(lengths))


@pytest.mark.parametrize("scale", [1, 16])
def test_oem_equals_the_released_one(scale):
    network, arrays = detector("oem_rg")
    prefix = "" if scale == 1 else "x16_"
    found = network(arrays["input"].float() * scale)
    golden.assert_close(found.feature, arrays[f"{prefix}feature"])
    # The released code without lengths: sigmoid of the mean feature.
    golden.assert_close(network.amount(found.feature), arrays[f"{prefix}amount"])


@pytest.mark.parametrize("scale", [1, 16])
def test_the_amount_of_a_clip_is_the_mean_over_its_frames(scale):
    network, arrays = detector("oem_rg")
    prefix = "" if scale == 1 else "x16_"
    found = [network(clip * scale) for clip in one_by_one(arrays)]
    feature = torch.cat([one.feature for one in found])
    golden.assert_close(torch.cat([one.amount for one in found]), arrays[f"{prefix}packed_amount"])
    golden.assert_close(feature, arrays[f"{prefix}packed_feature"])
    if scale == 1:
        frames = [network.amount(one.frame_features[0]) for one in found]
        golden.assert_close(torch.cat(frames), arrays["packed_frame_amount"])
    else:
        amount = network.amount(feature)
        golden.assert_close(amount, arrays["x16_packed_amount_without_seqL"])


@pytest.mark.parametrize("scale", [1, 16])
def test_ven_equals_the_released_one(scale):
    network, arrays = detector("oem_ven")
    prefix = "" if scale == 1 else "x16_"
    found = network(arrays["input"].float().unsqueeze(1) * scale)
    golden.assert_close(found.feature, arrays[f"{prefix}feature"])
    golden.assert_close(found.type_logits, arrays[f"{prefix}class_scores"])
    golden.assert_close(found.type_logits.softmax(1), arrays[f"{prefix}softmax"])
    golden.assert_close(found.amount, arrays[f"{prefix}amount"])


RG_GAIT = (
    ("occ_feat", lambda found: found["detected"].feature),
    ("occ_amts", lambda found: found["detected"].amount),
    ("full_embed", lambda found: found["signature"]),
    ("mimic_embed", lambda found: found["own"]),
    ("residual", lambda found: found["residual"]),
)
"""Arrays of RG-Gait by name, and where they arise in ours."""


def rg_gait_parts(network):
    """Return the modules whose outputs are recorded."""
    restoration = network.restoration
    return {
        "detected": network.detector,
        "signature": network.extractor,
        "own": restoration.backbone,
        "residual": restoration.mixer,
    }


def test_rg_gait_equals_the_released_one():
    network, arrays = golden.network("rg_gait_gaitbase")
    with golden.outputs(**rg_gait_parts(network)) as found:
        restored = network.embed(arrays["input"])
    for name, part in RG_GAIT:
        golden.assert_close(part(found), arrays["test_occ_amts" if name == "occ_amts" else name])
    golden.assert_close(restored, arrays["test_embeddings"])
    golden.assert_close(network.restoration.neck(restored), arrays["test_logits"])


@pytest.mark.parametrize(
    ("alpha", "scale", "prefix"),
    [("detected", 16, "x16_test_"), ("mean-feature", 16, "x16_"), ("mean-feature", 1, "")],
)
def test_rg_gaits_two_forms_of_alpha(alpha, scale, prefix):
    """The released code takes alpha of the mean feature where it is not told the clips' lengths."""
    network, arrays = golden.network("rg_gait_gaitbase")
    # A stage's detector tells types too, which the released one does not.
    detector = OcclusionDetector(2).eval()
    detector.load_state_dict(network.detector.state_dict(), strict=False)
    networks = {"extractor": network.extractor, "detector": detector}
    clips = arrays["input"].float() * scale
    with torch.no_grad():
        found = stage_of(RGGait(alpha=alpha), network).embed(
            network.restoration, networks, batch_of(clips, clips)
        )
    golden.assert_close(found.embeddings, arrays[f"{prefix}embeddings"])
    if scale == 1:
        logits = network.restoration.neck(found.embeddings)
        golden.assert_close(logits, arrays[f"{prefix}logits"])
    # Even of inputs times 16, the two forms are only 4e-6 apart.
    torch.testing.assert_close(found.alpha, arrays[f"{prefix}occ_amts"], rtol=0, atol=1e-6)


def test_rg_gait_of_packed_sequences():
    network, arrays = golden.network("rg_gait_gaitbase")
    for i, clip in enumerate(one_by_one(arrays)):
        with golden.outputs(**rg_gait_parts(network)) as found:
            restored = network.embed(clip)
        logits = network.restoration.neck(restored)
        golden.assert_close(restored, arrays["packed_embeddings"][i : i + 1])
        golden.assert_close(logits, arrays["packed_logits"][i : i + 1])
        for name, part in RG_GAIT:
            golden.assert_close(part(found), arrays[f"packed_{name}"][i : i + 1])


def test_mimicgait_equals_the_released_one(monkeypatch):
    network, arrays = golden.network("mimicgait_gaitbase")
    occluded, whole = arrays["input"].unbind(-1)
    parts = {"detected": network.detector, "student": network.student.backbone}
    with golden.outputs(**parts) as found:
        golden.assert_close(network.embed(occluded), arrays["guided_embed"])
    golden.assert_close(found["detected"].feature, arrays["ven_feat"])
    golden.assert_close(found["student"], arrays["inference_embed_released"])
    golden.assert_close(network.teacher(whole.float()), arrays["teacher_embed"])
    monkeypatch.setattr(network, "inference", "released-code")
    golden.assert_close(network.embed(occluded), arrays["inference_embed_released"])


def test_mimicgait_of_packed_sequences():
    network, arrays = golden.network("mimicgait_gaitbase")
    parts = {"detected": network.detector, "student": network.student.backbone}
    for i, clip in enumerate(one_by_one(arrays)):
        occluded, whole = clip.unbind(-1)
        with golden.outputs(**parts) as found:
            guided = network.embed(occluded)
        released = found["student"]
        golden.assert_close(guided, arrays["packed_guided_embed"][i : i + 1])
        golden.assert_close(released, arrays["packed_inference_embed_released"][i : i + 1])
        golden.assert_close(found["detected"].feature, arrays["packed_ven_feat"][i : i + 1])
        golden.assert_close(network.teacher(whole), arrays["packed_teacher_embed"][i : i + 1])


def test_mimicgait_distils_student_and_teacher_together(monkeypatch):
    network, arrays = golden.network("mimicgait_gaitbase")
    given = {}

    def keep(embeddings, identities, *_, **__):
        given["embeddings"], given["identities"] = embeddings, identities
        return embeddings.sum()

    monkeypatch.setattr(losses, "flat_triplet", keep)
    stage = stage_of(MimicGait(), network)
    networks = {"teacher": network.teacher, "detector": network.detector}
    stage.losses(network.student, networks, batch_of(*arrays["input"].unbind(-1)))
    golden.assert_close(given["embeddings"], arrays["distill_embeddings"])
    assert given["identities"].tolist() == [0, 1, 2, 0, 1, 2]
