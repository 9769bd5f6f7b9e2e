"""Time of each backbone's forward pass, against a plain implementation of the same layers.

    python benchmarks/backbones.py [--clips 1] [--frames 12] [--repeats 5] [--only gaitgl …]

Plain means: maps in PyTorch's default memory format, a loop over strips where strips are seen alone, a
loop over parts where parts have weights of their own, convolutions along time as 3-D convolutions, and
attention written out. Both use the same weights in one run, in float32 and in evaluation mode, and take
turns. What is measured is processor time on one thread, which other programs disturb least. The ratio
carries over between machines; the seconds do not.
"""

import argparse
import time
from collections.abc import Callable
from typing import cast

import torch
from torch import Tensor, nn
from torch.nn import functional

from gaitbench.backbones.base import BackboneSpec
from gaitbench.networks.backbones.blocks import FrameBlock, PseudoBlock, ResidualBlock, VolumeBlock
from gaitbench.networks.backbones.deepgaitv2 import DeepGaitV2Network
from gaitbench.networks.backbones.gaitbase import GaitBaseNetwork
from gaitbench.networks.backbones.gaitgl import GaitGLNetwork, GlobalLocalConv
from gaitbench.networks.backbones.gaitpart import FocalConv, GaitPartNetwork, PartMotion
from gaitbench.networks.backbones.gaitset import GaitSetNetwork
from gaitbench.networks.backbones.swingait import SwinGaitNetwork
from gaitbench.networks.backbones.video_swin import (
    SwinBlock,
    fitted,
    partition,
    reverse,
    shift_mask,
)
from gaitbench.networks.base import BackboneNetwork
from gaitbench.networks.parts import pool_parts


def normed(norm: nn.Module, x: Tensor) -> Tensor:
    """Apply a batch norm's statistics and weights to maps of any number of dimensions."""
    n = cast(nn.BatchNorm2d, norm)
    return functional.batch_norm(x, n.running_mean, n.running_var, n.weight, n.bias)


def by_frame(layer: Callable[[Tensor], Tensor], maps: Tensor) -> Tensor:
    """Apply a layer to the frames of maps [n, c, t, h, w] by copying them to one batch and back."""
    n, c, t, h, w = maps.shape
    y = layer(maps.transpose(1, 2).reshape(n * t, c, h, w))
    return y.reshape(n, t, *y.shape[1:]).transpose(1, 2).contiguous()


def in_strips(conv: Callable[[Tensor], Tensor], x: Tensor, strips: int) -> Tensor:
    """Apply a convolution to one strip after the other."""
    return torch.cat([conv(strip) for strip in torch.split(x, x.shape[-2] // strips, -2)], -2)


def residual(block: ResidualBlock, x: Tensor) -> Tensor:
    """Apply a 2-D residual block."""
    y = torch.relu(block.bn1(block.conv1(x)))
    return torch.relu(block.bn2(block.conv2(y)) + block.downsample(x))


def pseudo(block: PseudoBlock, x: Tensor) -> Tensor:
    """Apply a P3D block with 3-D convolutions along time and for the shortcut."""
    y = by_frame(lambda frames: torch.relu(block.bn1(block.conv1(frames))), x)
    along = functional.conv3d(y, block.temporal.weight[..., None], padding=(1, 0, 0))
    y = torch.relu(y + normed(block.temporal_bn, along))
    y = by_frame(lambda frames: cast(Tensor, block.bn2(block.conv2(frames))), y)
    if isinstance(block.downsample, nn.Sequential):
        conv = cast(nn.Conv2d, block.downsample[0])
        x = functional.conv3d(x, conv.weight[..., None], stride=(1, *conv.stride))
        x = normed(block.downsample[1], x)
    return torch.relu(y + x)


def residual_stages(backbone: DeepGaitV2Network | SwinGaitNetwork, x: Tensor) -> Tensor:
    """Apply the convolutional stages to clips."""
    maps = by_frame(lambda f: torch.relu(backbone.bn1(backbone.conv1(f))), x[:, None])
    for block in (block for stage in backbone.stages for block in cast(nn.Sequential, stage)):
        if isinstance(block, PseudoBlock):
            maps = pseudo(block, maps)
        elif isinstance(block, FrameBlock):
            maps = by_frame(lambda f, b=block: residual(b, f), maps)  # type: ignore[misc]
        else:
            maps = cast(VolumeBlock, block)(maps)
    return maps


def deepgaitv2(backbone: BackboneNetwork, x: Tensor) -> Tensor:
    """Return DeepGaitV2's features."""
    return pool_parts(residual_stages(cast(DeepGaitV2Network, backbone), x).amax(2), backbone.parts)


def gaitbase(backbone: BackboneNetwork, x: Tensor) -> Tensor:
    """Return GaitBase's features."""
    net = cast(GaitBaseNetwork, backbone)
    maps = torch.relu(net.bn1(net.conv1(x.flatten(0, 1)[:, None])))
    for block in net.stages:
        maps = residual(cast(ResidualBlock, block), maps)
    return pool_parts(maps.reshape(*x.shape[:2], *maps.shape[1:]).amax(1), net.parts)


def global_local(layer: GlobalLocalConv, x: Tensor) -> Tensor:
    """Apply both convolutions of a global-local layer."""
    whole, local = layer.global_conv(x), in_strips(layer.local_conv, x, layer.strips)
    if layer.stacked:
        return functional.leaky_relu(torch.cat([whole, local], -2))
    return functional.leaky_relu(whole) + functional.leaky_relu(local)


def gaitgl(backbone: BackboneNetwork, x: Tensor) -> Tensor:
    """Return GaitGL's features."""
    net = cast(GaitGLNetwork, backbone)
    maps = x[:, None]
    for layer in net.stem:
        maps = functional.leaky_relu(layer(maps)) if isinstance(layer, nn.Conv3d) else maps
    maps = functional.leaky_relu(net.temporal(maps))
    for k, stage in enumerate(net.stages):
        for layer in cast(nn.Sequential, stage):
            maps = global_local(cast(GlobalLocalConv, layer), maps)
        maps = functional.max_pool3d(maps, (1, 2, 2)) if k == 0 else maps
    return cast(Tensor, net.pool(maps.amax(2)))


def plain_layers(layers: nn.Module, maps: Tensor) -> Tensor:
    """Apply convolutions, activations and pooling one after the other."""
    for layer in cast(nn.Sequential, layers):
        if isinstance(layer, FocalConv):
            weight = layer.weight
            conv = lambda s, w=weight: functional.conv2d(s, w, padding=w.shape[-1] // 2)  # noqa: E731
            maps = in_strips(conv, maps, layer.strips)
        elif isinstance(layer, nn.LeakyReLU):
            maps = functional.leaky_relu(maps)
        else:
            maps = layer(maps)
    return maps


def gaitset(backbone: BackboneNetwork, x: Tensor) -> Tensor:
    """Return GaitSet's features."""
    net = cast(GaitSetNetwork, backbone)

    def pooled(maps: Tensor) -> Tensor:
        return maps.reshape(*x.shape[:2], *maps.shape[1:]).amax(1)

    first, second, third = net.frame_blocks
    maps = plain_layers(first, x.flatten(0, 1)[:, None])
    branch = plain_layers(net.set_blocks[0], pooled(maps))
    maps = plain_layers(second, maps)
    branch = plain_layers(net.set_blocks[1], branch + pooled(maps))
    last = pooled(plain_layers(third, maps))
    pyramids = [pool_parts(m, bins) for m in (last, branch + last) for bins in net.bins]
    return torch.cat(pyramids, -1)


def motion(layer: PartMotion, x: Tensor, parts: int) -> Tensor:
    """Apply a template builder to every part [n, c, t] of x [n, p, c, t] by itself."""
    scores = []
    squeeze, score = layer.squeeze.weight.chunk(parts), layer.score.weight.chunk(parts)
    for part in range(parts):
        hidden = functional.leaky_relu(functional.conv1d(x[:, part], squeeze[part], padding=1))
        margin = score[part].shape[-1] // 2
        scores.append(functional.conv1d(hidden, score[part], padding=margin))
    flat, window = x.flatten(0, 1), layer.frames
    mean = functional.avg_pool1d(flat, window, 1, window // 2)
    template = mean + functional.max_pool1d(flat, window, 1, window // 2)
    return template.view_as(x) * torch.sigmoid(torch.stack(scores, 1))


def gaitpart(backbone: BackboneNetwork, x: Tensor) -> Tensor:
    """Return GaitPart's features."""
    net = cast(GaitPartNetwork, backbone)
    maps = plain_layers(net.frames, x.flatten(0, 1)[:, None])
    strips = pool_parts(maps, net.parts)
    rows = strips.reshape(*x.shape[:2], *strips.shape[1:]).permute(0, 3, 2, 1).contiguous()
    short, long = net.aggregator.short, net.aggregator.long
    templates = motion(short, rows, net.parts) + motion(long, rows, net.parts)
    return templates.amax(-1).transpose(1, 2)


def attended(block: SwinBlock, x: Tensor) -> Tensor:
    """Apply a block's window attention, written out, to maps [n, t, h, w, c] that windows fill."""
    size = (x.shape[1], x.shape[2], x.shape[3])
    window, shift = fitted(size, block.window, block.shift)
    moved = torch.roll(x, tuple(-s for s in shift), (1, 2, 3))
    tokens = partition(moved, window)
    layer = block.attention
    qkv = layer.qkv(tokens).reshape(*tokens.shape[:2], 3, layer.heads, -1)
    q, k, v = qkv.permute(2, 0, 3, 1, 4)
    scores = q * q.shape[-1] ** -0.5 @ k.transpose(-1, -2)
    scores = scores + layer.bias_table[layer.index].permute(2, 0, 1)
    if any(shift):
        mask = shift_mask(size, window, shift)
        scores = scores.view(-1, len(mask), *scores.shape[1:]) + mask[:, None]
        scores = scores.flatten(0, 1)
    mixed = (scores.softmax(-1) @ v).transpose(1, 2).reshape(tokens.shape)
    return torch.roll(reverse(layer.out(mixed), window, size), shift, (1, 2, 3))


def swingait(backbone: BackboneNetwork, x: Tensor) -> Tensor:
    """Return SwinGait's features."""
    net = cast(SwinGaitNetwork, backbone)
    resize = nn.UpsamplingBilinear2d(net.size)
    maps = by_frame(resize, residual_stages(net, x))
    tower = net.transformer
    tokens = tower.patch_norm(tower.patches(maps).movedim(1, -1))
    for k, stage in enumerate(tower.stages):
        tokens = tower.widen[k - 1](tokens) if k else tokens
        for block in cast(nn.Sequential, stage):
            layer = cast(SwinBlock, block)
            tokens = tokens + attended(layer, layer.norm1(tokens))
            tokens = tokens + layer.mlp(layer.norm2(tokens))
    return pool_parts(tower.norm(tokens).amax(1).movedim(-1, 1), net.parts)


CASES: dict[str, tuple[str, dict[str, str], Callable[[BackboneNetwork, Tensor], Tensor]]] = {
    "gaitbase": ("gaitbase", {}, gaitbase),
    "deepgaitv2-2d": ("deepgaitv2", {"mode": "2d"}, deepgaitv2),
    "deepgaitv2-3d": ("deepgaitv2", {"mode": "3d"}, deepgaitv2),
    "deepgaitv2-p3d": ("deepgaitv2", {}, deepgaitv2),
    "gaitgl-small": ("gaitgl", {}, gaitgl),
    "gaitgl-large": ("gaitgl", {"variant": "large"}, gaitgl),
    "gaitset": ("gaitset", {}, gaitset),
    "gaitpart": ("gaitpart", {}, gaitpart),
    "swingait": ("swingait", {}, swingait),
}


def best_times(ways: list[Callable[[], object]], repeats: int) -> list[float]:
    """Return the shortest of several runs of each way, in seconds of one processor."""
    for way in ways:
        way()
    times: list[list[float]] = [[] for _ in ways]
    for _ in range(repeats):
        for way, seconds in zip(ways, times, strict=True):
            start = time.process_time()
            way()
            seconds.append(time.process_time() - start)
    return [min(seconds) for seconds in times]


def compare(name: str, x: Tensor, repeats: int) -> None:
    """Print both times, their ratio, and by how much the results differ."""
    kind, options, plain = CASES[name]
    torch.manual_seed(0)
    backbone = BackboneSpec.of(kind, options).build().eval()
    ours, reference = backbone.features(x), plain(backbone, x)
    difference = float((ours - reference).abs().max() / reference.abs().max())
    fast, slow = best_times([lambda: backbone.features(x), lambda: plain(backbone, x)], repeats)
    print(
        f"{name:15} {1e3 * fast:8.0f} ms   plain {1e3 * slow:8.0f} ms   "
        f"{slow / fast:5.2f} × as fast   relative difference {difference:.0e}"
    )


def main() -> None:
    """Compare every backbone, or those that are asked for."""
    parser = argparse.ArgumentParser(description="Backbones against plain implementations.")
    parser.add_argument("--clips", type=int, default=1)
    parser.add_argument("--frames", type=int, default=12)
    parser.add_argument("--repeats", type=int, default=5)
    parser.add_argument("--only", nargs="*", choices=CASES, default=list(CASES))
    options = parser.parse_args()
    # On several threads, processor time would count threads that wait for each other.
    torch.set_num_threads(1)
    torch.manual_seed(1)
    x = (torch.rand(options.clips, options.frames, 64, 44) > 0.5).float()
    print(
        f"features of {options.clips} clips of {options.frames} frames, 64 × 44, float32, one thread"
    )
    with torch.inference_mode():
        for name in options.only:
            compare(name, x, options.repeats)


if __name__ == "__main__":
    main()
