"""A linear model of whole bodies that finds which rows of a body a clip shows, and puts them back there."""

from functools import cached_property

import torch
from torch import Tensor, nn

LEAST_CUT, MOST_CUT, CUT_STEP = 0.05, 0.7, 0.01
"""Cuts at the top or the bottom that are looked for, as shares of the height."""

WHOLE_MARGIN = 0.2
"""A cut has to explain what is visible so much better, as a share of the error, than a whole body does."""


def candidate_windows() -> Tensor:
    """Return the windows that are looked for, [candidates, 2]: first and last row as shares of the height.

    The first is the whole height, then come cuts at the top, then cuts at the bottom.
    """
    count = round((MOST_CUT - LEAST_CUT) / CUT_STEP) + 1
    cut = torch.linspace(LEAST_CUT, MOST_CUT, count)
    whole, zero, one = torch.tensor([[0.0, 1.0]]), torch.zeros_like(cut), torch.ones_like(cut)
    return torch.cat([whole, torch.stack([cut, one], 1), torch.stack([zero, 1 - cut], 1)])


def row_visibility(windows: Tensor, height: int) -> Tensor:
    """Return which share of each row lies in the windows [n, 2], shape [n, height]."""
    row = torch.arange(height, device=windows.device)
    first, last = windows[:, :1] * height, windows[:, 1:] * height
    return (torch.minimum(row + 1, last) - torch.maximum(row, first)).clamp(0, 1)


def put_back_matrices(windows: Tensor, height: int) -> Tensor:
    """Return what takes stretched rows back to where they were, [n, height, height]; 0 for hidden rows.

    Rows are mixed linearly between the two nearest of the stretched ones, the inverse of a stretch with
    half-pixel centres.

    Args:
        windows: Shape [n, 2], first and last visible row as shares of the height.
        height: Rows of a frame.
    """
    first, last = windows[:, :1] * height, windows[:, 1:] * height
    centre = torch.arange(height, device=windows.device) + 0.5
    # At least a row of the body remains, or nothing could be mapped.
    stretched = (centre - first) / (last - first).clamp(min=1e-6) * height - 0.5
    below = stretched.floor()
    share = (stretched - below)[..., None]
    index = below.long().clamp(0, height - 1)[..., None]
    above = (index + 1).clamp(max=height - 1)
    matrices = stretched.new_zeros(len(windows), height, height)
    matrices.scatter_add_(2, index, 1 - share).scatter_add_(2, above, share)
    return matrices * (row_visibility(windows, height) > 0)[..., None]


def put_back(clips: Tensor, windows: Tensor) -> Tensor:
    """Return clips [n, t, h, w] with their rows back in the windows [n, 2] of the height, black outside.

    Clips that show the whole height stay as they are, to the last bit.
    """
    matrices = put_back_matrices(windows, clips.shape[2])
    moved = torch.einsum("nrq,ntqw->ntrw", matrices.to(clips), clips)
    is_whole = (windows[:, 0] <= 0) & (windows[:, 1] >= 1)
    return torch.where(is_whole[:, None, None, None], clips, moved)


class BodyModel(nn.Module):
    """Mean and principal components of whole energy images, with unit variance along each component.

    Args:
        height: Of a frame, in pixels.
        width: Of a frame.
        components: Number k of principal components.
    """

    mean: Tensor
    components: Tensor
    noise: Tensor

    def __init__(self, height: int, width: int, components: int) -> None:
        super().__init__()
        self.height, self.width = height, width
        self.register_buffer("mean", torch.zeros(height, width))
        self.register_buffer("components", torch.zeros(height, width, components))
        self.register_buffer("noise", torch.ones(()))
        self.register_load_state_dict_post_hook(  # type: ignore[no-untyped-call]
            lambda *_: self._forget_fits()
        )

    def fit(self, images: Tensor) -> None:
        """Set mean, components and noise from whole energy images [n, h, w]."""
        flat = images.double().flatten(1)
        mean = flat.mean(0)
        centred = flat - mean
        count = self.components.shape[2]
        variances, axes = torch.linalg.eigh(centred.T @ centred / len(flat))
        variances, axes = variances.clamp(min=0).flip(0), axes.flip(1)
        left = variances[count:]
        self.mean.copy_(mean.view_as(self.mean))
        self.components.zero_()
        scaled = axes[:, :count] * variances[:count].sqrt()
        self.components[..., : scaled.shape[1]] = scaled.view(self.height, self.width, -1)
        # Images without any noise would make every window fit alike.
        self.noise.copy_(left.mean().clamp(min=1e-6) if len(left) else left.new_tensor(1e-6))
        self._forget_fits()

    def windows(self, clips: Tensor) -> Tensor:
        """Return which rows of a body clips [n, t, h, w] show, [n, 2], as shares of the height.

        Every candidate is scored by how well the model explains the rows that it says are visible: the
        smallest squared error and deviation of the model together, per visible pixel.
        """
        errors = self.errors(clips.mean(1))
        errors[:, 0] *= 1 - WHOLE_MARGIN
        return candidate_windows().to(clips)[errors.argmin(1)]

    def errors(self, images: Tensor) -> Tensor:
        """Return the error of every candidate for energy images [n, h, w], per visible pixel."""
        fitted = self._candidates
        flat = images.flatten(1)
        projected = flat @ fitted.projections - fitted.offsets
        explained = projected.square().view(len(flat), len(fitted.pixels), -1).sum(2)
        rows = torch.einsum("nqw,nrw->nqr", images, images).flatten(1)
        squares = rows @ fitted.squares - 2 * flat @ fitted.crossed + fitted.constants
        errors: Tensor = (squares - explained) / fitted.pixels
        return errors

    @property
    def _candidates(self) -> "_Fitted":
        if self._fitted.squares.device != self.mean.device:
            self._forget_fits()
        return self._fitted

    def _forget_fits(self) -> None:
        vars(self).pop("_fitted", None)

    @cached_property
    def _fitted(self) -> "_Fitted":
        return _Fitted.of(self)


class _Fitted:
    """The ridge fits of all candidates as matrix products with an image and with its products of rows.

    With R the rows put back, V the visibility of rows, μ and B the model, an image x has the error
    |V½ (R x − μ)|² − |L⁻¹ Bᵀ V (R x − μ)|², where L Lᵀ = Bᵀ V B + σ² is Cholesky's.
    """

    def __init__(self, **tensors: Tensor) -> None:
        self.projections, self.offsets = tensors["projections"], tensors["offsets"]
        self.squares, self.crossed = tensors["squares"], tensors["crossed"]
        self.constants, self.pixels = tensors["constants"], tensors["pixels"]

    @classmethod
    def of(cls, model: BodyModel) -> "_Fitted":
        h, w, k = model.components.shape
        windows = candidate_windows().to(model.mean.device)
        # In double precision: the error is a small difference of large squares.
        back = put_back_matrices(windows.double(), h)
        seen = row_visibility(windows.double(), h)
        mean, components = model.mean.double(), model.components.double()
        gram = torch.einsum("cr,rwi,rwj->cij", seen, components, components)
        eye = torch.eye(k, dtype=gram.dtype, device=gram.device)
        factor = torch.linalg.cholesky(gram + model.noise.double() * eye)
        weighted = seen[:, :, None, None] * components
        solved = torch.linalg.solve_triangular(
            factor, weighted.flatten(1, 2).transpose(1, 2), upper=False
        ).unflatten(2, (h, w))
        projections = torch.einsum("crq,ckrw->qwck", back, solved)
        crossed = torch.einsum("crq,cr,rw->qwc", back, seen, mean)
        return cls(
            projections=projections.reshape(h * w, -1).float(),
            offsets=torch.einsum("ckrw,rw->ck", solved, mean).flatten().float(),
            squares=torch.einsum("crq,cr,crp->qpc", back, seen, back).reshape(h * h, -1).float(),
            crossed=crossed.reshape(h * w, -1).float(),
            constants=torch.einsum("cr,rw->c", seen, mean.square()).float(),
            pixels=(seen.sum(1) * w).float(),
        )
