"""GaitSet against the reference implementation's numbers."""

import torch

from gaitbench.backbones.gaitset import GaitSet
from tests import golden


def test_features_and_embeddings_equal_the_reference():
    network, arrays = golden.network("gaitset")
    features = network.features(arrays["input"].float())
    golden.assert_close(features, arrays["feat"])
    golden.assert_close(network.project(features), arrays["embeddings"])


def test_clips_of_different_lengths_equal_the_reference():
    network, arrays = golden.network("gaitset")
    clips, lengths = golden.padded(arrays["packed_input"], arrays["packed_seqL"])
    features = network.features(clips, lengths)
    golden.assert_close(features, arrays["packed_feat"])
    golden.assert_close(network.project(features), arrays["packed_embeddings"])


def test_the_order_of_the_frames_does_not_matter():
    torch.manual_seed(0)
    backbone = GaitSet((4, 4, 8), (2, 1), 6).build().eval()
    x = (torch.rand(1, 4, 32, 22) > 0.5).float()
    with torch.no_grad():
        torch.testing.assert_close(backbone(x), backbone(x[:, [2, 0, 3, 1]]))
