"""GaitBase against the reference implementation's own numbers, and on clips of different lengths."""

import pytest
import torch

from gaitbench.backbones.base import BackboneSpec, backbones
from gaitbench.backbones.gaitbase import GaitBase
from gaitbench.backbones.parts import pool_parts
from gaitbench.errors import ConfigurationError, UnknownNameError
from tests import golden

SMALL = {"channels": (4, 4, 8, 8), "parts": 4, "embedding": 6}


@pytest.fixture(scope="module")
def reference():
    description, arrays = golden.load("gaitbase")
    weights = golden.weights(description)
    backbone = GaitBase()
    backbone.load_state_dict(golden.renamed(weights, golden.GAITBASE))
    neck = backbone.neck(10)
    neck.load_state_dict(golden.renamed(weights, golden.NECK))
    return backbone.eval(), neck.eval(), arrays


def test_embeddings_and_logits_equal_the_reference(reference):
    backbone, neck, arrays = reference
    with torch.no_grad():
        features = backbone.features(arrays["input"].float())
        embeddings = backbone.project(features)
        golden.assert_close(features, arrays["feat"])
        golden.assert_close(embeddings, arrays["embeddings"])
        golden.assert_close(neck(embeddings), arrays["logits"])


def test_clips_of_different_lengths_equal_the_reference(reference):
    backbone, _, arrays = reference
    clips, lengths = golden.padded(arrays["packed_input"], arrays["packed_seqL"])
    with torch.no_grad():
        golden.assert_close(backbone(clips, lengths), arrays["packed_embeddings"])


@pytest.mark.parametrize("name", backbones.names())
def test_padding_never_changes_a_clip(name):
    torch.manual_seed(0)
    options = SMALL if name == "gaitbase" else {}
    backbone = BackboneSpec.of(name, options).build().eval()
    clips = (torch.rand(3, 7, 32, 22) > 0.5).float()
    lengths = torch.tensor([7, 3, 5])
    with torch.no_grad():
        together = backbone(clips, lengths)
        for i, length in enumerate(lengths):
            alone = backbone(clips[i : i + 1, :length])
            torch.testing.assert_close(together[i : i + 1], alone, atol=1e-5, rtol=1e-5)


@pytest.mark.parametrize("name", backbones.names())
def test_a_backbone_is_features_then_project(name):
    torch.manual_seed(0)
    backbone = BackboneSpec.of(name, SMALL if name == "gaitbase" else {}).build().eval()
    clips = (torch.rand(2, 3, 32, 22) > 0.5).float()
    with torch.no_grad():
        features = backbone.features(clips)
        embeddings = backbone.project(features)
        assert features.shape == (2, backbone.feature_channels, backbone.parts)
        assert embeddings.shape == (2, backbone.channels, backbone.parts)
        torch.testing.assert_close(backbone(clips), embeddings)
        assert backbone.neck(5)(embeddings).shape == (2, 5, backbone.parts)


def test_padding_is_no_part_of_the_batch_statistics():
    torch.manual_seed(0)
    short, padded = (BackboneSpec.of("gaitbase", SMALL).build() for _ in range(2))
    padded.load_state_dict(short.state_dict())
    clips = (torch.rand(2, 4, 32, 22) > 0.5).float()
    longer = torch.cat([clips, torch.ones(2, 3, 32, 22)], 1)
    short(clips)
    padded(longer, torch.tensor([4, 4]))
    torch.testing.assert_close(short.bn1.running_mean, padded.bn1.running_mean)


def test_strips_are_mean_plus_maximum():
    maps = torch.arange(2 * 3 * 4 * 2, dtype=torch.float).reshape(2, 3, 4, 2)
    strips = pool_parts(maps, 2)
    assert strips.shape == (2, 3, 2)
    first = maps[0, 0, :2]
    assert strips[0, 0, 0] == first.mean() + first.max()


def test_options_that_do_not_fit_are_named():
    with pytest.raises(ConfigurationError, match=r"gaitbase.*widths"):
        BackboneSpec.of("gaitbase", {"widths": [1]}).build()
    with pytest.raises(ConfigurationError, match="3 channels, but 4 strides"):
        BackboneSpec.of("gaitbase", {"channels": [1, 2, 3]}).build()
    with pytest.raises(UnknownNameError, match="Did you mean 'gaitbase'"):
        BackboneSpec.of("gaitbas", {}).build()
