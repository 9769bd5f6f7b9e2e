"""Forward passes of RG-Gait, MimicGait and the occlusion detectors against the released code's numbers."""

import pytest

from gaitbench.checkpoints.opengait import load_detector
from tests import golden


def detector(name):
    """Return a released detector and the arrays of its item."""
    network = load_detector(golden.state_dict(name)).requires_grad_(False)
    return network, golden.load(name)[1]


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
    clips, lengths = golden.padded(arrays["packed_input"], arrays["packed_seqL"])
    for i, length in enumerate(lengths):
        found = network(clips[i : i + 1, :length] * scale)
        golden.assert_close(found.amount, arrays[f"{prefix}packed_amount"][i : i + 1])
        golden.assert_close(found.feature, arrays[f"{prefix}packed_feature"][i : i + 1])


@pytest.mark.parametrize("scale", [1, 16])
def test_ven_equals_the_released_one(scale):
    network, arrays = detector("oem_ven")
    prefix = "" if scale == 1 else "x16_"
    found = network(arrays["input"].float().unsqueeze(1) * scale)
    golden.assert_close(found.feature, arrays[f"{prefix}feature"])
    golden.assert_close(found.type_logits, arrays[f"{prefix}class_scores"])
    golden.assert_close(found.type_logits.softmax(1), arrays[f"{prefix}softmax"])
    golden.assert_close(found.amount, arrays[f"{prefix}amount"])


def test_rg_gait_equals_the_released_one():
    network, arrays = golden.network("rg_gait_gaitbase")
    restoration = network.restoration
    parts = {
        "detected": network.detector,
        "signature": network.extractor,
        "own": restoration.backbone,
        "residual": restoration.mixer,
    }
    with golden.outputs(**parts) as found:
        restored = network.embed(arrays["input"])
    golden.assert_close(found["detected"].feature, arrays["occ_feat"])
    golden.assert_close(found["detected"].amount, arrays["test_occ_amts"])
    golden.assert_close(found["signature"], arrays["full_embed"])
    golden.assert_close(found["own"], arrays["mimic_embed"])
    golden.assert_close(found["residual"], arrays["residual"])
    golden.assert_close(restored, arrays["test_embeddings"])
    golden.assert_close(restoration.neck(restored), arrays["test_logits"])


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
