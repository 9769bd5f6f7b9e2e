"""DeepGaitV2 against the reference implementation's numbers."""

import pytest
import torch

from gaitbench.backbones.deepgaitv2 import DeepGaitV2
from tests import golden


def test_embeddings_and_logits_equal_the_reference():
    network, arrays = golden.network("deepgaitv2_p3d")
    features = network.features(arrays["input"].float())
    embeddings = network.project(features)
    golden.assert_close(features, arrays["feat"])
    golden.assert_close(embeddings, arrays["embeddings"])
    golden.assert_close(network.neck(embeddings), arrays["logits"])


@pytest.mark.parametrize(("mode", "mixes"), [("2d", False), ("p3d", True), ("3d", True)])
def test_frames_see_each_other_in_3d_modes_only(mode, mixes):
    torch.manual_seed(0)
    backbone = DeepGaitV2(mode, (1, 1, 1, 1), (4, 4, 8, 8), 4, 6).build().eval()
    x = (torch.rand(1, 3, 32, 22) > 0.5).float()
    with torch.no_grad():
        order_matters = not torch.allclose(backbone(x), backbone(x[:, [1, 0, 2]]), atol=1e-6)
    assert order_matters == mixes
