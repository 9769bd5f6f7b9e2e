"""Rankings of distance matrices by the identities of their rows and columns."""

from gaitbench.core.arrays import Bools, Floats, Integers
from gaitbench.evaluation.ranking import MateOrder, Ranking


def kinds_of_pairs(probe_ids: Integers, gallery_ids: Integers, valid: Bools) -> tuple[Bools, Bools]:
    """Return which pairs that may be compared are of one identity, and which of two."""
    genuine = valid & (probe_ids[:, None] == gallery_ids)
    return genuine, valid & ~genuine


def rank_mates(
    distances: Floats, probe_ids: Integers, gallery_ids: Integers, valid: Bools
) -> Ranking:
    """Return what the ranked gallery says about every probe."""
    genuine, impostor = kinds_of_pairs(probe_ids, gallery_ids, valid)
    return Ranking.of(MateOrder.of(distances, genuine, impostor), distances, impostor)
