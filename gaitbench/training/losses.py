"""The losses of all methods, as plain functions.

They are computed in float32 or better, also under autocast, and their gradients are finite where
embeddings coincide.
"""

from dataclasses import dataclass

import torch
import torch.nn.functional as F  # noqa: N812 - the name that PyTorch's documentation uses
from torch import Tensor

from gaitbench.training.recipe import Recipe


@dataclass(frozen=True, eq=False)
class TripletTerms:
    """Triplet losses by part.

    Args:
        loss: Shape (p,), mean over the triplets that violate the margin; 0 where none does.
        active: Shape (p,), the number of those triplets.
    """

    loss: Tensor
    active: Tensor


def identity_losses(
    embeddings: Tensor,
    logits: Tensor,
    identities: Tensor,
    recipe: Recipe,
    weights: Tensor | None = None,
) -> dict[str, Tensor]:
    """Return triplet loss and cross-entropy, each with the recipe's weight; one of weight 0 is left out.

    Args:
        embeddings: Shape (n, c, p).
        logits: Shape (n, k, p).
        identities: Shape (n,).
        recipe: Says how the two are computed.
        weights: Shape (n, p), of each clip in each part's losses; None for 1.
    """
    terms: dict[str, Tensor] = {}
    if recipe.triplet_weight:
        terms["triplet"] = recipe.triplet_weight * batch_all_triplet(
            embeddings,
            identities,
            margin=recipe.margin,
            self_positive=recipe.self_positive,
            weights=weights,
        )
    if recipe.cross_entropy_weight:
        entropy = cross_entropy(logits, identities, recipe, weights)
        terms["cross-entropy"] = recipe.cross_entropy_weight * entropy
    return terms


def cross_entropy(
    logits: Tensor, identities: Tensor, recipe: Recipe, weights: Tensor | None = None
) -> Tensor:
    """Return the cross-entropy of logits (n, k, p), scaled and smoothed as the recipe says."""
    return part_cross_entropy(
        logits,
        identities,
        weights=weights,
        scale=recipe.cross_entropy_scale,
        label_smoothing=recipe.label_smoothing,
    )


def batch_all_triplet(
    embeddings: Tensor,
    identities: Tensor,
    margin: float,
    *,
    self_positive: bool = False,
    weights: Tensor | None = None,
) -> Tensor:
    """Return the batch-all triplet loss, by part and then averaged over the parts.

    Every anchor meets all its positives (other clips of its identity) and all its negatives.
    Triplets that keep the margin do not enter the average; a batch without any other gives 0.

    Args:
        embeddings: Shape (n, c, p).
        identities: Shape (n,).
        margin: How much farther than a positive a negative must be.
        self_positive: Whether each anchor also counts as its own positive, at distance 0, as in the
            released code.
        weights: Shape (n, p): a triplet weighs in a part's average what its three clips weigh there,
            multiplied; None for 1.

    Returns:
        A scalar.

    Source: Hermans et al. 2017 (batch all, non-zero mean), as in OpenGait.
    """
    positive = identities[:, None] == identities
    negative = ~positive
    if not self_positive:
        positive = positive & ~_diagonal(positive)
    distances = part_distances(embeddings)
    return triplet_terms(distances, positive, negative, margin, weights).loss.mean()


def flat_triplet(
    embeddings: Tensor,
    identities: Tensor,
    margin: float,
    *,
    teacher: Tensor | None = None,
) -> Tensor:
    """Return the triplet loss of whole embeddings: all parts flattened into one unit vector.

    Args:
        embeddings: Shape (n, c, p).
        identities: Shape (n,).
        margin: How much farther than a positive a negative must be; distances are at most 2.
        teacher: Shape (n,), bool. Two embeddings marked here are no anchor and positive of each
            other. Without it all pairs of one identity are.

    Returns:
        A scalar.

    Source: MimicGait's released code, which uses pytorch-metric-learning's TripletMarginLoss.
    """
    positive = identities[:, None] == identities
    negative = ~positive
    positive = positive & ~_diagonal(positive)
    if teacher is not None:
        positive = positive & ~(teacher[:, None] & teacher)
    unit = F.normalize(_full_precision(embeddings).flatten(1), dim=1)
    return triplet_terms(part_distances(unit[:, :, None]), positive, negative, margin).loss.mean()


def distillation_triplet(
    student: Tensor,
    teacher: Tensor,
    identities: Tensor,
    margin: float,
    *,
    teacher_pairs: bool = False,
) -> Tensor:
    """Return MimicGait's multi-instance correlational distillation.

    The flat triplet loss over the union of student and teacher: anchor and positive are student and
    teacher of one clip, student and teacher of two clips, or students of two clips. Negatives come
    from both.

    Args:
        student: Shape (n, c, p), embeddings of the occluded clips.
        teacher: Shape (n, c, p), embeddings of the same clips unoccluded; no gradient is wanted.
        identities: Shape (n,).
        margin: 0.05 in the paper, 0.2 in the released configurations.
        teacher_pairs: Whether two teacher embeddings also count as anchor and positive, as in the
            released code. They have no gradient, but enter the average.

    Returns:
        A scalar.

    Source: MimicGait (WACV 2025).
    """
    is_teacher = torch.arange(2 * len(student), device=student.device) >= len(student)
    return flat_triplet(
        torch.cat([student, teacher]),
        identities.repeat(2),
        margin,
        teacher=None if teacher_pairs else is_teacher,
    )


def part_cross_entropy(
    logits: Tensor,
    identities: Tensor,
    *,
    scale: float = 16,
    label_smoothing: float = 0.0,
    weights: Tensor | None = None,
) -> Tensor:
    """Return the cross-entropy of scaled logits, averaged over clips and parts.

    Args:
        logits: Shape (n, k, p), cosines of embeddings and class weights.
        identities: Shape (n,), classes in 0 … k − 1.
        scale: Factor on the logits, which are too close together by themselves.
        label_smoothing: Share of the target spread evenly over all k classes.
        weights: Shape (n, p), of each clip in each part's average; None for 1. A part that no clip
            weighs anything in has 0.

    Returns:
        A scalar.

    Source: OpenGait.
    """
    scaled = scale * _full_precision(logits)
    targets = identities[:, None].expand(-1, logits.shape[2])
    if weights is None:
        return F.cross_entropy(scaled, targets, label_smoothing=label_smoothing)
    terms = F.cross_entropy(scaled, targets, label_smoothing=label_smoothing, reduction="none")
    totals = weights.sum(dim=0)
    return ((weights * terms).sum(dim=0) / torch.where(totals > 0, totals, 1)).mean()


def occlusion_loss(
    type_logits: Tensor,
    types: Tensor,
    amount: Tensor,
    target: Tensor,
    *,
    weight: float = 10,
    double_softmax: bool = False,
) -> tuple[Tensor, Tensor]:
    """Return the two terms whose sum is the loss of the occlusion detector.

    Args:
        type_logits: Shape (n, k).
        types: Shape (n,), true types in 0 … k − 1.
        amount: Shape (n,), the estimated hidden share.
        target: Shape (n,), the true hidden share.
        weight: Factor on the squared error of the amount.
        double_softmax: Whether the logits pass a softmax before the cross-entropy, which applies
            its own, as in the released code.

    Returns:
        The cross-entropy of the type and `weight` × the mean squared error of the amount, both
        scalars.

    Source: MimicGait (WACV 2025) and RG-Gait (IJCB 2025).
    """
    scores = _full_precision(type_logits)
    if double_softmax:
        scores = scores.softmax(dim=1)
    error = F.mse_loss(_full_precision(amount), _full_precision(target))
    return F.cross_entropy(scores, types), weight * error


def part_distances(embeddings: Tensor) -> Tensor:
    """Return the Euclidean distances between all embeddings of a batch, by part.

    The diagonal is exactly 0, and the gradient is finite where two embeddings are equal.

    Args:
        embeddings: Shape (n, c, p).

    Returns:
        Shape (p, n, n).
    """
    parts = _full_precision(embeddings).permute(2, 0, 1).contiguous()
    # For larger batches cdist expands the square, which loses digits where embeddings are far from
    # the origin but near each other. Moving them all changes no distance and no gradient.
    parts = parts - parts.detach().mean(dim=1, keepdim=True)
    # Under autocast cdist is one of the functions that stay in float32.
    distances = torch.cdist(parts, parts)
    return distances.masked_fill(_diagonal(distances), 0)


def triplet_terms(
    distances: Tensor,
    positive: Tensor,
    negative: Tensor,
    margin: float,
    weights: Tensor | None = None,
) -> TripletTerms:
    """Return the mean of the positive values of d(anchor, positive) − d(anchor, negative) + margin.

    Once it is known which triplets are active, that mean is linear in the distances: a pair enters
    as often as it is part of an active triplet. So the triplets are only counted, without gradient,
    and nothing of their size is kept for the backward pass.

    Args:
        distances: Shape (p, n, n), anchors as rows.
        positive: Shape (n, n), whether a column is a positive of a row.
        negative: Shape (n, n), whether a column is a negative of a row.
        margin: Added to every difference.
        weights: Shape (n, p), of each clip; None for 1.

    Returns:
        Loss and number (with weights, weight) of active triplets by part.
    """
    with torch.no_grad():
        as_positive, as_negative = _count_active(distances, positive, negative, margin, weights)
        active = as_positive.sum(dim=(1, 2))
        weight = as_positive - as_negative
    total = (distances * weight).sum(dim=(1, 2)) + margin * active
    return TripletTerms(total / torch.where(active > 0, active, 1), active)


def _count_active(
    distances: Tensor,
    positive: Tensor,
    negative: Tensor,
    margin: float,
    weights: Tensor | None,
) -> tuple[Tensor, Tensor]:
    """Return in how many active triplets each pair is anchor and positive, anchor and negative.

    With weights, what those triplets weigh.
    """
    # An anchor has few positives: gathering them first leaves n · positives · n triplets, not n³.
    most = int(positive.sum(dim=1).max())
    columns = positive.float().topk(most, dim=1).indices.expand(len(distances), -1, -1)
    reach = torch.where(positive, distances + margin, -torch.inf).gather(2, columns)
    impostors = torch.where(negative, distances, torch.inf)
    active = (reach[:, :, :, None] > impostors[:, :, None, :]).to(distances.dtype)
    if weights is not None:
        each = weights.T.to(distances.dtype)
        of_positives = each[:, None, :].expand_as(distances).gather(2, columns)
        active *= each[:, :, None, None] * of_positives[..., None] * each[:, None, None, :]
    as_positive = torch.zeros_like(distances).scatter_(2, columns, active.sum(dim=3))
    return as_positive, active.sum(dim=2)


def _full_precision(values: Tensor) -> Tensor:
    return values.to(torch.promote_types(values.dtype, torch.float32))


def _diagonal(square: Tensor) -> Tensor:
    return torch.eye(square.shape[-1], dtype=torch.bool, device=square.device)
