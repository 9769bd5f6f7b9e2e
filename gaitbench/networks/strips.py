"""Linear discriminants of horizontal strips of the body, each with its neighbours."""

import torch
from torch import Tensor, nn
from torch.nn.functional import pad

from gaitbench.networks.energy_image import linear_discriminants

LEAST_VISIBLE = 0.5
"""Strips of training images that show less are left out of the strip's discriminants."""

SCALE_PAIRS = 4096
"""Pairs of training images whose median distance is a strip's unit."""


class StripDiscriminants(nn.Module):
    """Maps registered energy images to linear discriminants of each strip, [n, c, strips].

    Args:
        height: Of a frame, in pixels; a multiple of `strips`.
        width: Of a frame.
        strips: Number of strips s.
        neighbours: Strips on each side that a strip is seen together with.
        channels: Discriminants c of each.
    """

    means: Tensor
    projections: Tensor

    def __init__(
        self, height: int, width: int, strips: int, neighbours: int, channels: int
    ) -> None:
        super().__init__()
        self.strips, self.neighbours, self.rows = strips, neighbours, height // strips
        pixels = self.rows * (2 * neighbours + 1) * width
        self.register_buffer("means", torch.zeros(strips, pixels))
        self.register_buffer("projections", torch.zeros(strips, pixels, channels))

    def forward(self, images: Tensor) -> Tensor:
        """Embed images [n, h, w] as [n, c, s]."""
        with torch.autocast(images.device.type, enabled=False):
            strips = self._in_context(images.float()) - self.means
            return torch.einsum("nsd,sdc->ncs", strips, self.projections)

    def visibility(self, rows: Tensor) -> Tensor:
        """Return how far the embedding of each strip rests on visible rows, [n, s].

        A strip is seen with its neighbours, so it is as visible as the least visible of them.

        Args:
            rows: Shape [n, h]: which share of each row is visible.
        """
        own = torch.unflatten(rows, 1, (self.strips, self.rows)).mean(2)
        beyond = pad(own, (self.neighbours, self.neighbours), value=1.0)
        return beyond.unfold(1, 2 * self.neighbours + 1, 1).amin(2)

    def fit(
        self, images: Tensor, rows: Tensor, identities: Tensor, *, components: int, shrinkage: float
    ) -> None:
        """Set the discriminants.

        Args:
            images: Shape [n, h, w], registered.
            rows: Shape [n, h]: which share of each row is visible.
            identities: Shape [n], integers.
            components: Principal components that are kept of each strip.
            shrinkage: See `linear_discriminants`.
        """
        strips, visible = self._in_context(images.double()), self.visibility(rows)
        self.projections.zero_()
        for strip in range(self.strips):
            shown = visible[:, strip] >= LEAST_VISIBLE
            people = torch.unique(identities[shown], return_inverse=True)[1]
            pixels = strips[shown, strip]
            # What no two images of one person show cannot tell people apart.
            if len(pixels) == 0 or int(people.max()) + 1 in (1, len(people)):
                continue
            mean = pixels.mean(0)
            projection = linear_discriminants(
                pixels - mean, people, components=components, shrinkage=shrinkage
            )[:, : self.projections.shape[2]]
            unit = _typical_distance((pixels - mean) @ projection)
            self.means[strip] = mean.to(self.means)
            self.projections[strip, :, : projection.shape[1]] = (projection / unit).to(self.means)

    def _in_context(self, images: Tensor) -> Tensor:
        """Return every strip of images [n, h, w] with its neighbours as pixels, [n, s, d]."""
        beyond = self.neighbours * self.rows
        padded = pad(images, (0, 0, beyond, beyond))
        windows = padded.unfold(1, self.rows * (2 * self.neighbours + 1), self.rows)
        return windows.flatten(2)


def _typical_distance(points: Tensor) -> Tensor:
    """Return the median distance of points [n, c], over pairs that lie apart in the list."""
    first = torch.arange(SCALE_PAIRS, device=points.device) % len(points)
    second = (first * 7919 + len(points) // 2) % len(points)
    distances = (points[first] - points[second])[first != second].norm(dim=1)
    return distances.median().clamp(min=1e-6) if len(distances) else points.new_ones(())
