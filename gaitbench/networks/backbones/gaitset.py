"""GaitSet: a clip as a set of frames, pooled at three depths."""

from collections.abc import Sequence

import torch
from torch import Tensor, nn

from gaitbench.networks.backbones.blocks import frames_of
from gaitbench.networks.base import BackboneNetwork
from gaitbench.networks.parts import PartLinear, pool_parts, strip_spans


class GaitSetNetwork(BackboneNetwork):
    """Frame-wise convolutions beside a branch on maps that are pooled over the set of frames.

    Its arguments are the fields of `gaitbench.backbones.gaitset.GaitSet`.
    """

    def __init__(self, channels: Sequence[int], bins: Sequence[int], embedding: int) -> None:
        super().__init__()
        self.bins = tuple(bins)
        self.parts, self.feature_channels, self.channels = 2 * sum(bins), channels[-1], embedding
        c1, c2, c3 = channels
        self.frame_blocks = nn.ModuleList(
            [_block(1, c1, 5, halved=True), _block(c1, c2, 3, halved=True), _block(c2, c3, 3)]
        )
        self.set_blocks = nn.ModuleList([_block(c1, c2, 3, halved=True), _block(c2, c3, 3)])
        self.head = PartLinear(self.parts, c3, embedding)

    def encode(self, x: Tensor) -> Tensor:
        """Encode the set of frames, pool parts of both branches: [n, t, h, w] -> [n, c_f, p]."""
        maps = self.frame_blocks[0](frames_of(x))
        pooled = _over_time(maps, len(x))
        for frame_block, set_block in zip(self.frame_blocks[1:], self.set_blocks, strict=True):
            maps = frame_block(maps)
            frame_branch = _over_time(maps, len(x))
            pooled = set_block(pooled) + frame_branch
        strips = [pool_parts(branch, b) for branch in (frame_branch, pooled) for b in self.bins]
        return torch.cat(strips, -1)

    def spans(self) -> Tensor:
        """Return which rows each part describes: strips of every size, of both branches."""
        return torch.cat([strip_spans(b) for b in self.bins]).repeat(2, 1)

    def project(self, features: Tensor) -> Tensor:
        """Apply the per-part linear layer: [n, c_f, p] -> [n, c, p]."""
        return self.head(features)  # type: ignore[no-any-return]


def _block(channels_in: int, channels_out: int, kernel: int, halved: bool = False) -> nn.Sequential:
    layers = [
        nn.Conv2d(channels_in, channels_out, kernel, padding=kernel // 2, bias=False),
        nn.LeakyReLU(inplace=True),
        nn.Conv2d(channels_out, channels_out, 3, padding=1, bias=False),
        nn.LeakyReLU(inplace=True),
    ]
    return nn.Sequential(*layers, *([nn.MaxPool2d(2)] if halved else []))


def _over_time(frames: Tensor, clips: int) -> Tensor:
    """Return the maximum over the frames of each clip: [n·t, c, h, w] -> [n, c, h, w]."""
    return torch.unflatten(frames, 0, (clips, -1)).amax(1)
