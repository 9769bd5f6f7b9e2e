"""GaitPart: frame-wise convolutions on strips, and attention along time for every part by itself."""

from collections.abc import Sequence
from typing import cast

import torch
from torch import Tensor, nn
from torch.nn import functional

from gaitbench.networks.backbones.blocks import fold_strips, frames_of, unfold_strips
from gaitbench.networks.base import BackboneNetwork, Joined
from gaitbench.networks.parts import PartLinear, append_vector, pool_parts, strip_spans


class FocalConv(nn.Conv2d):
    """A convolution that sees every horizontal strip of a map alone.

    Args:
        channels_in: Of the maps.
        channels_out: Of the result.
        strips: How many strips share the weights; 1 for the whole map.
        kernel: Rows and columns of the kernel, odd.

    Source: Fan et al., "GaitPart", CVPR 2020, section 3.2.
    """

    def __init__(self, channels_in: int, channels_out: int, strips: int, kernel: int = 3) -> None:
        super().__init__(channels_in, channels_out, kernel, padding=kernel // 2, bias=False)
        self.strips = strips

    def forward(self, x: Tensor) -> Tensor:
        """Map [n, c_in, h, w] to [n, c_out, h, w]."""
        if self.strips == 1:
            return super().forward(x)
        return unfold_strips(super().forward(fold_strips(x, self.strips)), self.strips)


class PartMotion(nn.Module):
    """Averages and maxima over a few frames, weighed by attention; every part has its own weights.

    Args:
        parts: How many.
        channels: Of each part.
        squeeze: The attention's hidden layer has `channels // squeeze`.
        kernel: Of the attention's second convolution.
        frames: How many are averaged; odd.

    Source: Fan et al., "GaitPart", CVPR 2020, section 3.3, "micro-motion template builder".
    """

    def __init__(self, parts: int, channels: int, squeeze: int, kernel: int, frames: int) -> None:
        super().__init__()
        self.frames = frames
        hidden = channels // squeeze
        # One group per part: the same as a convolution of its own for each, in one call.
        self.squeeze = nn.Conv1d(
            parts * channels, parts * hidden, 3, padding=1, groups=parts, bias=False
        )
        self.score = nn.Conv1d(
            parts * hidden, parts * channels, kernel, padding=kernel // 2, groups=parts, bias=False
        )

    def forward(self, x: Tensor) -> Tensor:
        """Map [n, p·c, t] to [n, p·c, t]."""
        scores = torch.sigmoid(self.score(functional.leaky_relu(self.squeeze(x))))
        window, margin = self.frames, self.frames // 2
        mean = functional.avg_pool1d(x, window, 1, margin)
        return (mean + functional.max_pool1d(x, window, 1, margin)) * scores


class Aggregator(nn.Module):
    """Sums two templates, of three and of five frames, and takes the maximum over time.

    Source: Fan et al., "GaitPart", CVPR 2020, section 3.3, "temporal feature aggregator".
    """

    def __init__(self, parts: int, channels: int, squeeze: int) -> None:
        super().__init__()
        self.short = PartMotion(parts, channels, squeeze, kernel=1, frames=3)
        self.long = PartMotion(parts, channels, squeeze, kernel=3, frames=5)

    def forward(self, x: Tensor) -> Tensor:
        """Map parts of frames [n, t, c, p] to [n, c, p]."""
        along_time = x.permute(0, 3, 2, 1)
        rows = along_time.flatten(1, 2)
        pooled = cast(Tensor, self.short(rows) + self.long(rows)).amax(-1)
        return pooled.view(along_time.shape[:3]).transpose(1, 2)


class GaitPartNetwork(BackboneNetwork):
    """Convolutions on whole frames, then on strips; parts of frames; attention along time.

    Its arguments are the fields of `gaitbench.backbones.gaitpart.GaitPart`, and what follows from them.

    Args:
        strips: On how many each pair works; 1 is the whole map.
    """

    def __init__(
        self,
        channels: Sequence[int],
        strips: Sequence[int],
        parts: int,
        squeeze: int,
        embedding: int,
    ) -> None:
        super().__init__()
        self.parts, self.feature_channels, self.channels = parts, channels[-1], embedding
        layers: list[nn.Module] = []
        for k, (width, cut) in enumerate(zip(channels, strips, strict=True)):
            before, kernel = (channels[k - 1], 3) if k else (1, 5)
            first = FocalConv(before, width, cut, kernel)
            layers += _pair(first, FocalConv(width, width, cut, 3))
            # After the first two pairs the map is halved; deeper ones keep its size.
            layers += [nn.MaxPool2d(2)] if k < 2 else []
        self.frames = nn.Sequential(*layers)
        self.aggregator = Aggregator(parts, channels[-1], squeeze)
        self.head: nn.Module = PartLinear(parts, channels[-1], embedding)

    def encode(self, x: Tensor) -> Tensor:
        """Encode frames, pool their parts, aggregate over time: [n, t, h, w] -> [n, c_f, p]."""
        strips = pool_parts(self.frames(frames_of(x)), self.parts)
        return cast(Tensor, self.aggregator(torch.unflatten(strips, 0, x.shape[:2])))

    def spans(self) -> Tensor:
        """Return which rows each part describes: horizontal strips, from the top."""
        return strip_spans(self.parts)

    def project(self, features: Tensor) -> Tensor:
        """Apply the per-part linear layer: [n, c_f, p] -> [n, c, p]."""
        return cast(Tensor, self.head(features))

    def joined(self, extra: int) -> Joined:
        """Return this backbone with a vector per clip joined to its features, before the head."""
        return JoinedBeforeHead(self, extra)


class JoinedBeforeHead(Joined):
    """The vector is appended to the aggregated features; a mixer and a wider head follow.

    Source: the released code of Occ-Aware for GaitPart, which puts a LeakyReLU between the two.
    """

    def __init__(self, backbone: GaitPartNetwork, extra: int) -> None:
        super().__init__(backbone)
        self.channels = backbone.feature_channels + extra
        self.mixer = PartLinear(self.parts, self.channels, self.channels)
        self.head = PartLinear(self.parts, self.channels, self.channels)
        # Replaced by the wider one; its weights would never be used.
        backbone.head = nn.Identity()

    def forward(self, x: Tensor, vector: Tensor) -> Tensor:
        """Embed clips [n, t, h, w] with a vector [n, e] each, as [n, channels, p]."""
        features = append_vector(self.backbone.features(x), vector)
        return cast(Tensor, self.head(functional.leaky_relu(self.mixer(features))))


def _pair(first: nn.Module, second: nn.Module) -> list[nn.Module]:
    return [first, nn.LeakyReLU(inplace=True), second, nn.LeakyReLU(inplace=True)]
