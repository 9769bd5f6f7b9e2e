"""Forward passes of RG-Gait, MimicGait and the occlusion detectors against the released code's numbers."""

import pytest
import torch

from gaitbench.backbones.base import BackboneSpec
from gaitbench.baselines.mimicgait import Student
from gaitbench.methods.extractor import Extractor
from gaitbench.methods.oem import OcclusionDetector
from gaitbench.methods.rg_gait import Restoration
from tests import golden

SPEC = BackboneSpec("gaitbase")


def detector(weights, types, prefix=""):
    network = OcclusionDetector(types)
    network.load_state_dict(golden.renamed(weights, golden.DETECTOR, prefix), strict=False)
    return network.eval()


@pytest.mark.parametrize("scale", [1, 16])
def test_oem_equals_the_released_one(scale):
    description, arrays = golden.load("oem_rg")
    network = detector(golden.weights(description), 2)
    prefix = "" if scale == 1 else "x16_"
    with torch.no_grad():
        found = network(arrays["input"].float() * scale)
        golden.assert_close(found.feature, arrays[f"{prefix}feature"])
        # The released code without lengths: sigmoid of the mean feature.
        released = torch.sigmoid(network.amount_head(found.feature)).flatten()
        golden.assert_close(released, arrays[f"{prefix}amount"])


@pytest.mark.parametrize("scale", [1, 16])
def test_the_amount_of_a_clip_is_the_mean_over_its_frames(scale):
    description, arrays = golden.load("oem_rg")
    network = detector(golden.weights(description), 2)
    prefix = "" if scale == 1 else "x16_"
    clips, lengths = golden.padded(arrays["packed_input"], arrays["packed_seqL"])
    with torch.no_grad():
        for i, length in enumerate(lengths):
            found = network(clips[i : i + 1, :length] * scale)
            golden.assert_close(found.amount, arrays[f"{prefix}packed_amount"][i : i + 1])
            golden.assert_close(found.feature, arrays[f"{prefix}packed_feature"][i : i + 1])


def test_ven_equals_the_released_one():
    description, arrays = golden.load("oem_ven")
    network = detector(golden.weights(description), 3)
    with torch.no_grad():
        found = network(arrays["input"].float().unsqueeze(1))
        golden.assert_close(found.feature, arrays["feature"])
        golden.assert_close(found.type_logits, arrays["class_scores"])
        golden.assert_close(found.amount, arrays["amount"])


def test_rg_gait_equals_the_released_one():
    description, arrays = golden.load("rg_gait_gaitbase")
    weights = golden.weights(description)
    extractor = Extractor(SPEC, 10)
    extractor.backbone.load_state_dict(golden.renamed(weights, golden.GAITBASE, "full_component."))
    restoration = Restoration(SPEC, 10, aware=True, own_extractor=False)
    restoration.backbone.load_state_dict(
        golden.renamed(weights, golden.GAITBASE, "mimic_component.")
    )
    restoration.mixer.load_state_dict({"weight": weights["occ_mixer_fc.fc_bin"]})
    restoration.neck.load_state_dict(golden.renamed(weights, golden.NECK))
    oem = detector(weights, 2, "occ_detector.")
    extractor.eval(), restoration.eval()
    clips = arrays["input"].float()
    with torch.no_grad():
        found = oem(clips)
        signature = extractor(clips)
        residual = restoration.residual(clips, found.feature)
        golden.assert_close(found.feature, arrays["occ_feat"])
        golden.assert_close(signature, arrays["full_embed"])
        golden.assert_close(residual, arrays["residual"])
        golden.assert_close(found.amount, arrays["test_occ_amts"])
        restored = signature + found.amount[:, None, None] * residual
        golden.assert_close(restored, arrays["test_embeddings"])
        golden.assert_close(restoration.neck(restored), arrays["test_logits"])


def test_mimicgait_equals_the_released_one():
    description, arrays = golden.load("mimicgait_gaitbase")
    weights = golden.weights(description)
    student = Student(SPEC, None)
    student.backbone.load_state_dict(golden.renamed(weights, golden.GAITBASE, "mimic_component."))
    student.mixer.load_state_dict({"weight": weights["occ_mixer_fc.fc_bin"]})
    teacher = Extractor(SPEC, 10)
    teacher.backbone.load_state_dict(golden.renamed(weights, golden.GAITBASE, "full_component."))
    ven = detector(weights, 3, "occ_detector.")
    student.eval(), teacher.eval()
    pairs = arrays["input"].float()
    with torch.no_grad():
        # Of the two clips of a pair, the one that MimicGait's student sees is the occluded one.
        halves = [pairs[..., 0], pairs[..., 1]]
        whole, occluded = sorted(halves, key=lambda c: -float(c.sum()))
        guided = [student.guided(c, ven(c)) for c in (occluded, whole)]
        fits = [float((g - arrays["guided_embed"]).abs().max()) for g in guided]
        seen = (occluded, whole)[fits.index(min(fits))]
        other = whole if seen is occluded else occluded
        golden.assert_close(student.guided(seen, ven(seen)), arrays["guided_embed"])
        golden.assert_close(student.backbone(seen), arrays["inference_embed_released"])
        golden.assert_close(teacher(other), arrays["teacher_embed"])
