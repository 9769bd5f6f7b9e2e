"""A linear map of gait energy images."""

import torch
from torch import Tensor, nn


class LinearDiscriminant(nn.Module):
    """Maps clips [n, t, h, w] to linear discriminants [n, c, 1] of their energy images.

    Args:
        pixels: Of a frame, h · w.
        channels: Of the embedding, c.
    """

    mean: Tensor
    projection: Tensor

    def __init__(self, pixels: int, channels: int) -> None:
        super().__init__()
        self.register_buffer("mean", torch.zeros(pixels))
        self.register_buffer("projection", torch.zeros(pixels, channels))

    def forward(self, clips: Tensor) -> Tensor:
        """Embed clips [n, t, h, w] as [n, c, 1]."""
        return ((energy_images(clips) - self.mean) @ self.projection).unsqueeze(-1)


def energy_images(clips: Tensor) -> Tensor:
    """Return the mean over the frames of clips [n, t, h, w], as rows of pixels [n, h · w]."""
    return clips.mean(1).flatten(1)


def linear_discriminants(
    images: Tensor, identities: Tensor, *, components: int, shrinkage: float
) -> Tensor:
    """Return the projection onto linear discriminants of the images' principal components.

    Scatter within identities is white in the projection; axes between identities come in falling order of
    their scatter, as many as there are identities less one.

    Args:
        images: Shape [n, d], with their mean taken off, in double precision.
        identities: Shape [n], integer from 0, each at least once.
        components: Principal components that are kept; fewer where the images have fewer.
        shrinkage: In [0, 1): how far the scatter within identities is drawn to a multiple of the identity
            matrix, which regularises it.

    Returns:
        Shape [d, c], c = min(identities - 1, components).

    Source: PCA followed by LDA as in Han and Bhanu, "Individual recognition using gait energy image", TPAMI
    2006; shrinkage as in Friedman, "Regularized discriminant analysis", 1989.
    """
    n_identities = int(identities.max()) + 1
    basis = _leading(images.T @ images / len(images), components)
    scores = images @ basis
    counts = torch.bincount(identities, minlength=n_identities).to(scores.dtype)
    sums = scores.new_zeros(n_identities, scores.shape[1]).index_add_(0, identities, scores)
    means = sums / counts[:, None]
    residuals = scores - means[identities]
    within = residuals.T @ residuals / (len(scores) - n_identities)
    size = within.diagonal().mean()
    eye = torch.eye(len(within), dtype=within.dtype, device=within.device)
    within = (1 - shrinkage) * within + shrinkage * size * eye
    whitening = torch.linalg.inv(torch.linalg.cholesky(within)).T
    between = (means @ whitening).T @ (counts[:, None] * (means @ whitening)) / len(scores)
    axes = _leading(between, min(n_identities - 1, basis.shape[1]))
    projection: Tensor = basis @ whitening @ axes
    return projection


def _leading(covariance: Tensor, count: int) -> Tensor:
    """Return the eigenvectors of the largest eigenvalues, as columns."""
    _, vectors = torch.linalg.eigh(covariance)
    leading: Tensor = vectors[:, -min(count, len(covariance)) :].flip(1)
    return leading
