"""Shared layers against 3-D convolutions, single frames and single strips."""

import subprocess
import sys

import pytest
import torch
from torch import nn
from torch.nn import functional

from gaitbench.core.errors import ConfigurationError
from gaitbench.networks.backbones.blocks import (
    FrameBlock,
    PseudoBlock,
    Shortcut,
    clips_of,
    fold_strips,
    frames_of,
    per_frame,
    unfold_strips,
)


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


@pytest.mark.parametrize("memory", [torch.contiguous_format, torch.channels_last])
@pytest.mark.parametrize("channels_in", [3, 16, 20])
@pytest.mark.parametrize("stride", [1, 2])
def test_a_shortcut_is_a_strided_convolution(channels_in, stride, memory):
    torch.manual_seed(0)
    shortcut = Shortcut(channels_in, 8, stride).to(memory_format=memory)
    # 7 columns, of which the stride leaves the last one in, and an even number of rows.
    x = torch.randn(2, channels_in, 8, 7).contiguous(memory_format=memory).requires_grad_()
    exact = shortcut.weight.detach().double().requires_grad_()
    wanted = functional.conv2d(x.double(), exact, stride=stride)
    found = shortcut(x)
    torch.testing.assert_close(found, wanted.float())
    found.square().sum().backward()
    wanted.square().sum().backward()
    torch.testing.assert_close(shortcut.weight.grad, exact.grad.float())


GRADIENTS = """
import itertools

import torch
from gaitbench.networks.backbones.blocks import Shortcut

torch.manual_seed(0)
for threads, channels, size in itertools.product((1, 2), (4, 12), ((8, 6), (32, 32), (64, 44))):
    torch.set_num_threads(threads)
    shortcut = Shortcut(channels, 16, 2).to(memory_format=torch.channels_last)
    x = torch.randn(16, channels, *size).to(memory_format=torch.channels_last)
    exact = shortcut.weight.detach().double().requires_grad_()
    torch.nn.functional.conv2d(x.double(), exact, stride=2).sum().backward()
    shortcut(x).sum().backward()
    torch.testing.assert_close(shortcut.weight.grad, exact.grad.float(), atol=1e-2, rtol=1e-4)
"""


def test_a_shortcut_of_few_channels_leaves_memory_alone():
    # In a process of its own: torch's strided convolution of these sizes kills the process, or never ends.
    done = subprocess.run(
        [sys.executable, "-c", GRADIENTS], capture_output=True, text=True, timeout=300, check=False
    )
    assert done.returncode == 0, done.stderr


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
