"""Shared layers against 3-D convolutions, single frames and single strips."""

import pytest
import torch
from torch import nn
from torch.nn import functional

from gaitbench.backbones.blocks import (
    FrameBlock,
    PseudoBlock,
    clips_of,
    fold_strips,
    frames_of,
    per_frame,
    unfold_strips,
)
from gaitbench.errors import ConfigurationError


def with_statistics(block):
    """Give batch norms statistics that change what passes them."""
    for module in block.modules():
        if isinstance(module, nn.BatchNorm2d):
            module.running_mean.normal_()
            module.running_var.uniform_(0.5, 1.5)
    return block.eval()


def volume_norm(norm, x):
    return functional.batch_norm(x, norm.running_mean, norm.running_var, norm.weight, norm.bias)


def by_volumes(block, x, stride):
    """Apply a pseudo block with 3-D convolutions alone."""
    strides = (1, stride, stride)
    y = functional.conv3d(x, block.conv1.weight[:, :, None], None, strides, (0, 1, 1))
    y = torch.relu(volume_norm(block.bn1, y))
    along = functional.conv3d(y, block.temporal.weight[..., None], None, 1, (1, 0, 0))
    y = torch.relu(y + volume_norm(block.temporal_bn, along))
    y = functional.conv3d(y, block.conv2.weight[:, :, None], None, 1, (0, 1, 1))
    if isinstance(block.downsample, nn.Sequential):
        conv, norm = block.downsample
        x = volume_norm(norm, functional.conv3d(x, conv.weight[..., None], None, strides))
    return torch.relu(volume_norm(block.bn2, y) + x)


@pytest.mark.parametrize("memory", [torch.contiguous_format, torch.channels_last_3d])
@pytest.mark.parametrize(("channels_in", "stride"), [(3, 2), (4, 2), (4, 1)])
def test_a_pseudo_block_is_made_of_3d_convolutions(channels_in, stride, memory):
    torch.manual_seed(0)
    block = with_statistics(PseudoBlock(channels_in, 4, stride))
    x = torch.randn(2, channels_in, 5, 8, 6)
    with torch.no_grad():
        found = block(x.contiguous(memory_format=memory))
        torch.testing.assert_close(found, by_volumes(block, x, stride), atol=1e-5, rtol=1e-5)


def test_frame_blocks_see_one_frame():
    torch.manual_seed(0)
    block = with_statistics(FrameBlock(3, 4, 2))
    x = torch.randn(2, 3, 5, 8, 6)
    with torch.no_grad():
        together = block(x)
        for t in range(5):
            torch.testing.assert_close(together[:, :, t : t + 1], block(x[:, :, t : t + 1]))


def test_frames_are_views_with_channels_last():
    x = torch.rand(2, 3, 8, 6)
    frames = frames_of(x)
    assert frames.shape == (6, 1, 8, 6)
    assert frames.data_ptr() == x.data_ptr()
    maps = nn.Conv2d(1, 4, 3, padding=1)(frames)
    assert maps.is_contiguous(memory_format=torch.channels_last)
    clips = clips_of(maps, 2)
    assert clips.is_contiguous(memory_format=torch.channels_last_3d)
    assert per_frame(lambda m: m, clips).data_ptr() == maps.data_ptr()


@pytest.mark.parametrize("shape", [(2, 3, 8, 5), (2, 3, 4, 8, 5)])
def test_strips_go_into_the_batch_and_come_back(shape):
    x = torch.rand(shape)
    strips = fold_strips(x, 4)
    assert strips.shape == (8, *shape[1:-2], 2, 5)
    assert torch.equal(strips[1], x[0, ..., 2:4, :])
    assert torch.equal(strips[4], x[1, ..., 0:2, :])
    assert torch.equal(unfold_strips(strips, 4), x)


def test_strips_of_unequal_height_are_refused():
    with pytest.raises(ConfigurationError, match="map of 9 rows cannot be cut into 4 strips"):
        fold_strips(torch.rand(1, 1, 9, 4), 4)
