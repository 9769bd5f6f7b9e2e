"""SwinGait: what the reference's sixteenth part is, and what the frames know of each other."""

import torch

from gaitbench.backbones.swingait import SwinGait
from tests import golden

SMALL = {
    "layers": (1, 1),
    "channels": (4, 4),
    "widths": (8, 16),
    "depths": (2, 2),
    "heads": (2, 4),
    "embedding": 6,
}


def test_without_the_last_of_sixteen_parts_a_neck_is_that_of_the_others():
    """What the checkpoint's neck does with its first 15 parts, ours does."""
    weights, neck = golden.state_dict("swingait"), golden.network("swingait")[0].neck
    norm = {k.removeprefix("BNNecks.bn1d."): v for k, v in weights.items() if "bn1d" in k}
    full = torch.nn.BatchNorm1d(4096)
    full.load_state_dict(norm)
    x = torch.randn(2, 256, 16)
    found = neck.norm(x[:, :, :15].flatten(1)).view(2, 256, 15)
    torch.testing.assert_close(found, full.eval()(x.flatten(1)).view(2, 256, 16)[:, :, :15])
    assert torch.equal(neck.weight, weights["BNNecks.fc_bin"][:15])


def test_frames_see_each_other():
    torch.manual_seed(0)
    backbone = SwinGait(**SMALL).build().eval()
    x = (torch.rand(1, 4, 32, 22) > 0.5).float()
    with torch.no_grad():
        assert not torch.allclose(backbone(x), backbone(x[:, [1, 0, 2, 3]]), atol=1e-6)
