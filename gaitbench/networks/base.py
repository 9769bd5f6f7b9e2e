"""What a backbone's network is, so that any method works on any of them."""

from abc import ABC, abstractmethod
from collections.abc import Callable
from typing import cast

import torch
from torch import Tensor, nn

from gaitbench.core.errors import ConfigurationError
from gaitbench.networks.parts import PartLinear, PartNeck, append_vector


class BackboneNetwork(nn.Module, ABC):
    """Maps silhouette clips [n, t, h, w] in {0, 1} to part embeddings [n, c, p].

    A subclass sets `parts`, `feature_channels` and `channels` and writes `encode` and `project`. Its
    constructor looks at no tensor's values, so that it can be sketched on torch's "meta" device.
    """

    parts: int
    """Number of parts, p."""

    feature_channels: int
    """Of what `encode` returns and `project` takes, c_f."""

    channels: int
    """Of the embedding, c."""

    @abstractmethod
    def encode(self, x: Tensor) -> Tensor:
        """Encode clips of one length, pool over time and over parts: [n, t, h, w] -> [n, c_f, p]."""

    @abstractmethod
    def project(self, features: Tensor) -> Tensor:
        """Apply the per-part layers that give the embedding: [n, c_f, p] -> [n, c, p]."""

    def spans(self) -> Tensor | None:
        """Return which rows each part describes, [p, 2], first and last as shares of the height.

        None, as by default, if parts are not horizontal; methods that compare what both clips show of the
        body then refuse the backbone.
        """
        return None

    def features(self, x: Tensor, lengths: Tensor | None = None) -> Tensor:
        """Return what `project` takes, [n, c_f, p].

        Args:
            x: Shape [n, t, h, w]; clips shorter than `t` are padded at the end.
            lengths: Shape [n]: how many frames of each clip count; None for all.

        Clips of one length are encoded together and see no padding, so a clip's result is the one that it
        has alone: temporal convolutions, windows and batch statistics would all notice padding.
        """
        return by_length(self.encode, x, lengths)

    def forward(self, x: Tensor, lengths: Tensor | None = None) -> Tensor:
        """Return the embedding that is compared at test time, [n, c, p]."""
        return self.project(self.features(x, lengths))

    def neck(self, identities: int) -> nn.Module:
        """Return a new neck for training on so many identities: [n, c, p] -> logits [n, k, p]."""
        return PartNeck(self.parts, self.channels, identities)

    def joined(self, extra: int) -> "Joined":
        """Return this backbone with a vector of `extra` values per clip joined to its embedding.

        Occ-Aware's deferred concatenation, at the place where its released code has it for this backbone.
        """
        return JoinedAfterHead(self, extra)


class Joined(nn.Module, ABC):
    """A backbone and how a vector per clip enters its embedding.

    A subclass registers its own layers, sets `channels`, and writes `forward` and, where its logits are
    made in another way, `neck`.

    Args:
        backbone: Becomes a part of this module.
    """

    channels: int

    def __init__(self, backbone: BackboneNetwork) -> None:
        super().__init__()
        self.backbone = backbone
        self.parts = backbone.parts

    @abstractmethod
    def forward(self, x: Tensor, vector: Tensor) -> Tensor:
        """Embed clips [n, t, h, w] with a vector [n, e] each, as [n, channels, p]."""

    def neck(self, identities: int) -> nn.Module:
        """Return a new neck: [n, channels, p] -> logits [n, k, p]."""
        return PartNeck(self.parts, self.channels, identities)


class JoinedAfterHead(Joined):
    """The vector is appended to every part's embedding, and one per-part linear layer mixes the two."""

    def __init__(self, backbone: BackboneNetwork, extra: int) -> None:
        super().__init__(backbone)
        self.channels = backbone.channels
        self.mixer = PartLinear(self.parts, self.channels + extra, self.channels)

    def forward(self, x: Tensor, vector: Tensor) -> Tensor:
        """Embed clips [n, t, h, w] with a vector [n, e] each, as [n, channels, p]."""
        return cast(Tensor, self.mixer(append_vector(self.backbone(x), vector)))


def by_length(encode: Callable[[Tensor], Tensor], x: Tensor, lengths: Tensor | None) -> Tensor:
    """Apply `encode` to the clips of each length by themselves and put the results in order.

    Args:
        encode: Maps clips [m, t', h, w] of one length to [m, …].
        x: Shape [n, t, h, w].
        lengths: Shape [n], how many frames of each clip count; None for all.

    Raises:
        ConfigurationError: If there is no clip, or a length is not in 1 … t.
    """
    if lengths is None:
        return encode(x)
    kinds = torch.unique(lengths).tolist()
    if not kinds or kinds[0] < 1 or kinds[-1] > x.shape[1]:
        raise ConfigurationError(
            f"Lengths of clips must be in 1 … {x.shape[1]}, the frames of the batch. Got {kinds} instead."
        )
    parts = {length: encode(x[lengths == length, :length]) for length in kinds}
    first = parts[kinds[0]]
    result = first.new_empty(len(x), *first.shape[1:])
    for length, part in parts.items():
        result[lengths == length] = part
    return result
