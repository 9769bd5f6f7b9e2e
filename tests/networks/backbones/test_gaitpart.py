"""GaitPart's layers against loops over strips and parts."""

import pytest
import torch
from torch.nn import functional

from gaitbench.backbones.gaitpart import GaitPart
from gaitbench.core.errors import ConfigurationError
from gaitbench.networks.backbones.gaitpart import Aggregator, FocalConv
from tests import golden


def test_parts_of_the_reference_are_in_their_own_order():
    weights = golden.state_dict("gaitpart")
    aggregator = golden.network("gaitpart")[0].backbone.aggregator
    for size, branch in ((1, aggregator.short), (3, aggregator.long)):
        for layer, own in ((0, branch.squeeze), (2, branch.score)):
            for part, found in enumerate(own.weight.chunk(16)):
                key = f"TFA.pooling_func.conv1d3x{size}.{part}.{layer}.conv.weight"
                assert torch.equal(found, weights[key])


@pytest.mark.parametrize("memory", [torch.contiguous_format, torch.channels_last])
def test_focal_convolutions_see_one_strip(memory):
    torch.manual_seed(0)
    layer = FocalConv(3, 4, strips=4)
    x = torch.randn(2, 3, 8, 5)
    strips = [functional.conv2d(strip, layer.weight, padding=1) for strip in x.split(2, 2)]
    with torch.no_grad():
        found = layer(x.contiguous(memory_format=memory))
        torch.testing.assert_close(found, torch.cat(strips, 2), atol=1e-5, rtol=1e-5)


def window(values, t, size, missing):
    """Return the values around a frame, with `missing` beyond the ends."""
    reach = range(t - size // 2, t + size // 2 + 1)
    return [
        values[i] if 0 <= i < len(values) else torch.full_like(values[0], missing) for i in reach
    ]


def slow_motion(layer, x, part, parts, frames):
    """Apply a template builder to one part [t, c] of one clip, frame by frame."""
    squeeze, score = layer.squeeze.weight.chunk(parts)[part], layer.score.weight.chunk(parts)[part]
    hidden = [
        functional.leaky_relu(sum(squeeze[:, :, i] @ v for i, v in enumerate(window(x, t, 3, 0.0))))
        for t in range(len(x))
    ]
    rows = []
    for t in range(len(x)):
        near = window(hidden, t, score.shape[-1], 0.0)
        scores = torch.sigmoid(sum(score[:, :, i] @ v for i, v in enumerate(near)))
        mean = sum(window(x, t, frames, 0.0)) / frames
        most = torch.stack(window(x, t, frames, -torch.inf)).amax(0)
        rows.append((mean + most) * scores)
    return torch.stack(rows)


@pytest.mark.parametrize("frames", [1, 2, 6])
def test_the_aggregator_treats_every_part_by_itself(frames):
    torch.manual_seed(0)
    parts, channels = 3, 8
    layer = Aggregator(parts, channels, squeeze=4)
    x = torch.randn(2, frames, channels, parts)
    with torch.no_grad():
        found = layer(x)
        for clip in range(2):
            for part in range(parts):
                row = x[clip, :, :, part]
                short = slow_motion(layer.short, row, part, parts, 3)
                long = slow_motion(layer.long, row, part, parts, 5)
                wanted = (short + long).amax(0)
                torch.testing.assert_close(found[clip, :, part], wanted, atol=1e-5, rtol=1e-5)


def test_a_joined_vector_is_mixed_in_before_the_head():
    torch.manual_seed(0)
    backbone = GaitPart((4, 4, 8, 8), parts=4, embedding=6).build()
    joined = backbone.joined(3).eval()
    x, vector = (torch.rand(2, 4, 32, 22) > 0.5).float(), torch.randn(2, 3)
    with torch.no_grad():
        features = backbone.features(x)
        for part in range(4):
            row = torch.cat([features[:, :, part], vector], 1)
            mixed = functional.leaky_relu(row @ joined.mixer.weight[part])
            wanted = mixed @ joined.head.weight[part]
            torch.testing.assert_close(joined(x, vector)[:, :, part], wanted)


def test_heights_that_do_not_fit_are_named():
    backbone = GaitPart((4, 4, 8, 8), parts=4).build()
    with pytest.raises(ConfigurationError, match="map of 10 rows cannot be cut into 8 strips"):
        backbone(torch.ones(1, 2, 40, 22))
