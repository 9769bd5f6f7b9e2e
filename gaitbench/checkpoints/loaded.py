"""Networks as they come out of a file, ready to embed silhouettes."""

from abc import ABC, abstractmethod
from typing import Any, cast

import numpy.typing as npt
import torch
from torch import Tensor, nn

from gaitbench.backbones.base import BackboneSpec
from gaitbench.core.errors import DataError
from gaitbench.networks.base import by_length


class Loaded(nn.Module, ABC):
    """A network with trained weights.

    Args:
        spec: Of its backbone.
    """

    def __init__(self, spec: BackboneSpec) -> None:
        super().__init__()
        self.spec = spec

    @abstractmethod
    def forward(self, clips: Tensor) -> Tensor:
        """Embed float clips of one length, [n, t, h, w] -> [n, c, p]."""

    def embed(
        self, silhouettes: Tensor | npt.NDArray[Any], lengths: Tensor | None = None
    ) -> Tensor:
        """Return what is compared at test time.

        Args:
            silhouettes: Shape [n, t, h, w], values 0 and 1; 64×44 or 64×64 for OpenGait's networks.
            lengths: Shape [n]: how many frames count of clips that are padded at the end.

        Returns:
            Shape [n, c, p], float32, without gradients.

        Raises:
            DataError: If the silhouettes are not of this shape, or have values up to 255.
        """
        silhouettes = torch.as_tensor(silhouettes)
        if silhouettes.ndim != 4:
            raise DataError(
                f"Silhouettes of shape {tuple(silhouettes.shape)} must be [n, t, h, w]: clips, frames, "
                "rows, columns."
            )
        if silhouettes.numel() and (largest := float(silhouettes.max())) > 1:
            raise DataError(f"Silhouettes reach {largest:g}; they must be 0 and 1. Divide by 255.")
        was_training = self.training
        self.eval()
        try:
            with torch.no_grad():
                return by_length(self, silhouettes.float(), lengths).float()
        finally:
            self.train(was_training)


class LoadedBackbone(Loaded):
    """A backbone with the neck that it was trained with.

    Args:
        spec: Of the backbone.
        identities: Size of the classifier; None for a backbone that was trained without.
    """

    def __init__(self, spec: BackboneSpec, identities: int | None) -> None:
        super().__init__(spec)
        self.backbone = spec.build()
        self.neck = None if identities is None else self.backbone.neck(identities)

    def forward(self, clips: Tensor) -> Tensor:
        """Embed clips [n, t, h, w] as [n, c, p]."""
        return cast(Tensor, self.backbone(clips))

    def features(self, clips: Tensor, lengths: Tensor | None = None) -> Tensor:
        """Return the backbone's features, [n, c_f, p]; see `BackboneNetwork.features`."""
        return self.backbone.features(clips, lengths)

    def project(self, features: Tensor) -> Tensor:
        """Return the embedding of features, [n, c, p]; see `BackboneNetwork.project`."""
        return self.backbone.project(features)
