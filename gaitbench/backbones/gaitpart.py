"""GaitPart: frame-wise convolutions on strips, and attention along time for every part by itself."""

from collections.abc import Sequence
from typing import cast

import torch
from torch import Tensor, nn
from torch.nn import functional

from gaitbench.backbones.base import Backbone, Joined
from gaitbench.backbones.blocks import fold_strips, frames_of, unfold_strips
from gaitbench.backbones.options import check_count, check_sizes
from gaitbench.backbones.parts import PartLinear, append_vector, pool_parts
from gaitbench.core.errors import ConfigurationError
from gaitbench.core.registry import register


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


HALVINGS = {3: (0, 2, 3), 4: (0, 0, 3, 3)}
"""How often the maps of each pair are halved into strips, by the number of pairs, as published."""


@register("gaitpart")
class GaitPart(Backbone):
    """Convolutions on whole frames, then on strips; parts of frames; attention along time.

    Args:
        channels: Width of the three (CASIA-B) or four (OU-MVLP, GREW) pairs of convolutions.
        halvings: Of each pair: its convolutions work on 2 to that power strips, 0 is the whole map. None
            for the published ones: 0, 2, 3 of three pairs and 0, 0, 3, 3 of four.
        parts: Horizontal strips of the last map.
        squeeze: The attention's hidden layer is so many times narrower.
        embedding: Channels of the embedding per part.

    Source: Fan et al., "GaitPart", CVPR 2020. The paper trains with the triplet loss alone; the neck
    with a classifier is this toolkit's, so that every method finds one.
    """

    title = "GaitPart"
    source = "Fan et al., GaitPart, CVPR 2020"

    def __init__(
        self,
        channels: Sequence[int] = (32, 64, 128, 256),
        halvings: Sequence[int] | None = None,
        parts: int = 16,
        squeeze: int = 4,
        embedding: int = 256,
    ) -> None:
        super().__init__()
        if len(channels) not in HALVINGS:
            raise ConfigurationError(
                f"backbone 'gaitpart': it has 3 or 4 pairs of convolutions, so channels must be as many. "
                f"Got {list(channels)} instead."
            )
        check_sizes("gaitpart", channels=channels, parts=parts, embedding=embedding)
        strips = _strips(HALVINGS[len(channels)] if halvings is None else halvings, len(channels))
        if not 1 <= squeeze <= channels[-1]:
            raise ConfigurationError(
                f"backbone 'gaitpart': squeeze must be in 1 … {channels[-1]}, the last of the channels. "
                f"Got {squeeze} instead."
            )
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

    def __init__(self, backbone: GaitPart, extra: int) -> None:
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


def _strips(halvings: Sequence[int], pairs: int) -> list[int]:
    check_count("gaitpart", "halvings", halvings, pairs, "pairs of convolutions")
    if min(halvings) < 0:
        raise ConfigurationError(
            f"backbone 'gaitpart': halvings must be at least 0. Got {list(halvings)} instead."
        )
    return [2**halving for halving in halvings]


def _pair(first: nn.Module, second: nn.Module) -> list[nn.Module]:
    return [first, nn.LeakyReLU(inplace=True), second, nn.LeakyReLU(inplace=True)]
