"""DeepGaitV2: a deep residual network whose later stages also look along time."""

from collections.abc import Callable, Sequence

import torch
from torch import Tensor, nn

from gaitbench.networks.backbones.blocks import (
    FrameBlock,
    PseudoBlock,
    VolumeBlock,
    clips_of,
    frames_of,
)
from gaitbench.networks.base import BackboneNetwork
from gaitbench.networks.kinds import Mode
from gaitbench.networks.parts import PartLinear, pool_parts, strip_spans

Block = Callable[[int, int, int], nn.Module]
"""Makes a block from the channels that come in, those that go out, and the stride."""

BLOCKS: dict[Mode, Block] = {"2d": FrameBlock, "3d": VolumeBlock, "p3d": PseudoBlock}


class DeepGaitV2Network(BackboneNetwork):
    """Residual network of 22 layers, maximum over time, horizontal pooling, per-part linear layer.

    Its arguments are the fields of `gaitbench.backbones.deepgaitv2.DeepGaitV2`, and what follows from them.

    Args:
        strides: Of each stage, in space.
    """

    def __init__(
        self,
        mode: Mode,
        layers: Sequence[int],
        channels: Sequence[int],
        strides: Sequence[int],
        parts: int,
        embedding: int,
    ) -> None:
        super().__init__()
        self.parts, self.feature_channels, self.channels = parts, channels[-1], embedding
        self.conv1 = nn.Conv2d(1, channels[0], 3, 1, 1, bias=False)
        self.bn1 = nn.BatchNorm2d(channels[0])
        self.stages = residual_stages(mode, layers, channels, strides)
        self.head = PartLinear(parts, channels[-1], embedding)

    def encode(self, x: Tensor) -> Tensor:
        """Encode clips, take the maximum over time, pool parts: [n, t, h, w] -> [n, c_f, p]."""
        frames = torch.relu(self.bn1(self.conv1(frames_of(x))))
        maps = self.stages(clips_of(frames, len(x)))
        return pool_parts(maps.amax(2), self.parts)

    def spans(self) -> Tensor:
        """Return which rows each part describes: horizontal strips, from the top."""
        return strip_spans(self.parts)

    def project(self, features: Tensor) -> Tensor:
        """Apply the per-part linear layer: [n, c_f, p] -> [n, c, p]."""
        return self.head(features)  # type: ignore[no-any-return]


def residual_stages(
    mode: Mode, layers: Sequence[int], channels: Sequence[int], strides: Sequence[int]
) -> nn.Sequential:
    """Return the stages: [n, channels[0], t, h, w] -> [n, channels[-1], t, h', w'].

    Args:
        mode: See `DeepGaitV2Network`.
        layers: Blocks per stage.
        channels: Width per stage.
        strides: Per stage, in space.
    """
    widths = [channels[0], *channels]
    kinds = [FrameBlock, *[BLOCKS[mode]] * (len(channels) - 1)]
    return nn.Sequential(
        *(
            _stage(kind, count, widths[k], widths[k + 1], strides[k])
            for k, (kind, count) in enumerate(zip(kinds, layers, strict=True))
        )
    )


def _stage(
    kind: Block, count: int, channels_in: int, channels_out: int, stride: int
) -> nn.Sequential:
    first = kind(channels_in, channels_out, stride)
    return nn.Sequential(first, *(kind(channels_out, channels_out, 1) for _ in range(count - 1)))
