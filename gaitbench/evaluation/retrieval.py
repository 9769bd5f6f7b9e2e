"""From embeddings to one row of scores per probe, and from those rows to the numbers of a table."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt
import pandas as pd

from gaitbench.errors import ProtocolError
from gaitbench.evaluation.distances import Floats, check_embeddings, get_distance
from gaitbench.evaluation.metrics import (
    Bools,
    NoMate,
    Ranking,
    accepted_share,
    allowed_impostors,
    average,
    chance_rank_k,
    far_threshold,
    rank_k,
    rank_mates,
)

COLUMNS = ("sequence", "identity", "condition", "view", "recording")
RANKS = (1, 5, 10, 20)
CHANCE_RANKS = (1, 5)

# Cells of the distance matrix held at once; with its masks and float64 steps about 20 bytes each.
_CELLS_AT_ONCE = 8_000_000


def score_probes(
    probe_embeddings: Floats,
    gallery_embeddings: Floats,
    probes: pd.DataFrame,
    gallery: pd.DataFrame,
    *,
    distance: str = "euclidean",
    exclude_same_view: bool,
    exclude_same_recording: bool = True,
    far: Sequence[float] = (0.01, 0.001),
) -> pd.DataFrame:
    """Search the gallery for every probe.

    Ties count against the probe (see `gaitbench.evaluation.metrics`). Thresholds for TAR@FAR are
    taken over all impostor pairs that may be compared, also those of probes without a mate.

    Args:
        probe_embeddings: Shape (n, c, p).
        gallery_embeddings: Shape (m, c, p).
        probes: n rows with the columns `COLUMNS`.
        gallery: m rows with the columns `COLUMNS`.
        distance: A name in `gaitbench.evaluation.distances.DISTANCES`.
        exclude_same_view: Whether a probe is never compared with gallery entries of its own view.
        exclude_same_recording: Whether a probe is never compared with the very walk it shows.
        far: False accept rates in [0, 1].

    Returns:
        One row per probe, in order: sequence, identity, condition, view; rank (of the first mate,
        0 without one), ap, inp, genuine and impostor (distance of the closest of each), mates,
        gallery (entries it was compared with), and tar_far_… (accepted share of its genuine pairs)
        for each rate.

    Raises:
        ProtocolError: If no probe has a mate, or embeddings and tables do not fit.
    """
    search = _Search(
        probe_embeddings,
        gallery_embeddings,
        probes,
        gallery,
        distance=distance,
        exclude_same_view=exclude_same_view,
        exclude_same_recording=exclude_same_recording,
    )
    pairs = _Pairs(max(allowed_impostors(f, len(probes) * len(gallery)) for f in (*far, 0.0)) + 1)
    frames = []
    for block in search.blocks():
        ids = search.probe_ids[block.rows]
        ranking = rank_mates(block.distances, ids, search.gallery_ids, block.valid)
        frames.append(_ranking_frame(ranking))
        genuine = block.valid & (ids[:, None] == search.gallery_ids)
        pairs.add(block.distances, genuine, block.valid & ~genuine, first_probe=block.rows.start)
    ranked = pd.concat(frames, ignore_index=True)
    if not ranked["mates"].any():
        raise ProtocolError(search.no_mate_message())
    scores = probes[["sequence", "identity", "condition", "view"]].reset_index(drop=True)
    scores = pd.concat([scores, ranked], axis=1)
    for rate in far:
        scores[tar_column(rate)] = pairs.accepted_share(ranked["mates"].to_numpy(), rate)
    return scores


def summarise(scores: pd.DataFrame, *, no_mate: NoMate = "drop") -> dict[str, float]:
    """Average the rows of `score_probes`, every probe counting the same.

    Args:
        scores: Rows of one or several calls of `score_probes`.
        no_mate: "drop" leaves probes without a mate out, "miss" counts them as 0 in every average.

    Returns:
        rank_1, rank_5, rank_10, rank_20, map, minp, one tar_far_… per such column, chance_rank_1
        and chance_rank_5 (expected from a random ranking), all in [0, 1]; n_probes (all),
        n_without_mate, and n_gallery (mean number of gallery entries a probe was compared with).

    Raises:
        ProtocolError: If no probe has a mate.
    """
    rank = scores["rank"].to_numpy()
    mates, gallery = scores["mates"].to_numpy(), scores["gallery"].to_numpy()
    has_mate = mates > 0
    summary = {f"rank_{k}": rank_k(rank, k=k, no_mate=no_mate) for k in RANKS}
    columns = {"map": "ap", "minp": "inp"} | {
        c: c for c in scores.columns if c.startswith("tar_far_")
    }
    for key, column in columns.items():
        summary[key] = average(scores[column].to_numpy(), has_mate, no_mate=no_mate)
    for k in CHANCE_RANKS:
        chance = chance_rank_k(mates, gallery, k=k)
        summary[f"chance_rank_{k}"] = average(chance, has_mate, no_mate=no_mate)
    summary["n_probes"] = float(len(scores))
    summary["n_without_mate"] = float(np.count_nonzero(~has_mate))
    summary["n_gallery"] = float(gallery.mean())
    return summary


def pooled_tar(scores: pd.DataFrame, *, far: float) -> float:
    """Return the share of all genuine pairs that are accepted, every pair counting the same.

    This is the point of the usual ROC curve; `summarise` gives every probe the same weight instead.
    The two are equal where all probes have equally many mates.
    """
    found = scores[scores["mates"] > 0]
    return float(np.average(found[tar_column(far)], weights=found["mates"]))


def view_matrix(
    probe_embeddings: Floats,
    gallery_embeddings: Floats,
    probes: pd.DataFrame,
    gallery: pd.DataFrame,
    *,
    distance: str = "euclidean",
    exclude_same_view: bool = True,
    exclude_same_recording: bool = True,
) -> pd.DataFrame:
    """Return Rank-1 for every pair of a probe view and a gallery view.

    Each gallery view is searched by itself, and ties count against the probe. Probes without a mate
    in a view are dropped there. CASIA-B's figure for a condition is the mean over the gallery views
    of each row, then over the rows: `view_matrix(...).mean(axis=1).mean()`.

    Args:
        probe_embeddings: Shape (n, c, p).
        gallery_embeddings: Shape (m, c, p).
        probes: n rows with the columns `COLUMNS`, of one condition.
        gallery: m rows with the columns `COLUMNS`.
        distance: A name in `gaitbench.evaluation.distances.DISTANCES`.
        exclude_same_view: Whether the diagonal is left out.
        exclude_same_recording: Whether a probe is never compared with the very walk it shows.

    Returns:
        Shares in [0, 1], probe views as rows and gallery views as columns, both sorted; NaN where
        nothing could be compared.

    Raises:
        ProtocolError: If embeddings and tables do not fit.

    Source: OpenGait's single_view_gallery_evaluation, without its rounding to two decimals.
    """
    search = _Search(
        probe_embeddings,
        gallery_embeddings,
        probes,
        gallery,
        distance=distance,
        exclude_same_view=exclude_same_view,
        exclude_same_recording=exclude_same_recording,
    )
    views = np.unique(gallery["view"].to_numpy())
    hits = np.full((len(probes), len(views)), np.nan)
    for block in search.blocks():
        for column, view in enumerate(views):
            within = np.flatnonzero(gallery["view"].to_numpy() == view)
            same = search.probe_ids[block.rows, None] == search.gallery_ids[within]
            valid, distances = block.valid[:, within], block.distances[:, within]
            mate = np.where(valid & same, distances, np.inf).min(axis=1)
            other = np.where(valid & ~same, distances, np.inf).min(axis=1)
            hits[block.rows, column] = np.where(mate < np.inf, mate < other, np.nan)
    return (
        pd.DataFrame(hits, columns=pd.Index(views, name="gallery_view"))
        .groupby(probes["view"].rename("probe_view").to_numpy())
        .mean()
        .rename_axis(index="probe_view")
    )


def comparable(
    probes: pd.DataFrame,
    gallery: pd.DataFrame,
    *,
    exclude_same_view: bool,
    exclude_same_recording: bool = True,
) -> Bools:
    """Return which pairs of a probe and a gallery entry may be compared, shape (n, m)."""
    valid = np.ones((len(probes), len(gallery)), np.bool_)
    for column, excluded in (("view", exclude_same_view), ("recording", exclude_same_recording)):
        if excluded:
            probe_codes, gallery_codes = _codes(probes, gallery, column)
            valid &= probe_codes[:, None] != gallery_codes
    return valid


def tar_column(far: float) -> str:
    """Return the name of the column that holds TAR at this false accept rate."""
    return f"tar_far_{far:g}"


def _ranking_frame(ranking: Ranking) -> pd.DataFrame:
    return pd.DataFrame(
        {
            "rank": ranking.first_mate_rank,
            "ap": ranking.ap,
            "inp": ranking.inp,
            "genuine": ranking.genuine,
            "impostor": ranking.impostor,
            "mates": ranking.mates,
            "gallery": ranking.gallery,
        }
    )


@dataclass(frozen=True, eq=False)
class _Block:
    """Some probes against the whole gallery."""

    rows: slice
    distances: npt.NDArray[np.float32]
    valid: Bools


class _Search:
    """Probes, gallery and the rule that says which pairs may be compared."""

    def __init__(
        self,
        probe_embeddings: Floats,
        gallery_embeddings: Floats,
        probes: pd.DataFrame,
        gallery: pd.DataFrame,
        *,
        distance: str,
        exclude_same_view: bool,
        exclude_same_recording: bool,
    ) -> None:
        _check_table("probe", probe_embeddings, probes)
        _check_table("gallery", gallery_embeddings, gallery)
        # Checked here as a whole too, so that a message names rows of the table, not of a block.
        check_embeddings(probe_embeddings, gallery_embeddings)
        self.distance = get_distance(distance)
        self.probe_embeddings, self.gallery_embeddings = probe_embeddings, gallery_embeddings
        self.probe_ids, self.gallery_ids = _codes(probes, gallery, "identity")
        rule = {"view": exclude_same_view, "recording": exclude_same_recording}
        self.excluded = [column for column, excluded in rule.items() if excluded]
        self._excluded_codes = [_codes(probes, gallery, column) for column in self.excluded]

    def blocks(self) -> Iterator[_Block]:
        n, m = len(self.probe_embeddings), len(self.gallery_embeddings)
        step = max(1, _CELLS_AT_ONCE // m)
        for start in range(0, n, step):
            rows = slice(start, min(start + step, n))
            distances = self.distance(self.probe_embeddings[rows], self.gallery_embeddings)
            valid = np.ones(distances.shape, np.bool_)
            for probe_codes, gallery_codes in self._excluded_codes:
                valid &= probe_codes[rows, None] != gallery_codes
            yield _Block(rows, distances, valid)

    def no_mate_message(self) -> str:
        shared = len(np.intersect1d(self.probe_ids, self.gallery_ids))
        rule = " and of the same ".join(self.excluded)
        excluded = f"pairs of the same {rule} are excluded" if rule else "no pair is excluded"
        advice = (
            "Relax the rule, or add gallery sequences from other views or walks."
            if shared
            else "Take probes and gallery from the same identities."
        )
        return (
            f"None of {len(self.probe_ids)} probes has a mate among {len(self.gallery_ids)} "
            f"gallery sequences: they share {shared} identities, and {excluded}. {advice}"
        )


def _check_table(role: str, embeddings: Floats, table: pd.DataFrame) -> None:
    missing = [column for column in COLUMNS if column not in table]
    if missing:
        raise ProtocolError(
            f"The {role} table lacks the columns {', '.join(missing)}; "
            f"it needs {', '.join(COLUMNS)}."
        )
    if len(table) == 0 or len(embeddings) != len(table):
        raise ProtocolError(
            f"{len(embeddings)} {role} embeddings for {len(table)} rows of the {role} table: there "
            "must be one embedding per row, and at least one. Check the split that was embedded."
        )


def _codes(
    probes: pd.DataFrame, gallery: pd.DataFrame, column: str
) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.int64]]:
    """Return integers that are equal where the values of a column are; they compare faster."""
    codes, _ = pd.factorize(pd.concat([probes[column], gallery[column]], ignore_index=True))
    return codes[: len(probes)].astype(np.int64), codes[len(probes) :].astype(np.int64)


@dataclass(eq=False)
class _Pairs:
    """Distances for verification: all genuine pairs and the `keep` nearest impostor pairs."""

    keep: int
    n_impostors: int = 0
    _nearest: npt.NDArray[np.float32] = field(default_factory=lambda: np.empty(0, np.float32))
    _genuine: list[npt.NDArray[np.float32]] = field(default_factory=list)
    _probes: list[npt.NDArray[np.int64]] = field(default_factory=list)

    def add(
        self,
        distances: npt.NDArray[np.float32],
        genuine: Bools,
        impostor: Bools,
        *,
        first_probe: int,
    ) -> None:
        self._genuine.append(distances[genuine])
        self._probes.append(np.nonzero(genuine)[0] + first_probe)
        others = distances[impostor]
        self.n_impostors += len(others)
        nearest = np.concatenate([self._nearest, others])
        if len(nearest) > self.keep:
            nearest = np.partition(nearest, self.keep - 1)[: self.keep]
        self._nearest = nearest

    def accepted_share(self, mates: npt.NDArray[np.int64], far: float) -> npt.NDArray[np.float64]:
        threshold = far_threshold(self._nearest, self.n_impostors, far)
        return accepted_share(
            np.concatenate(self._genuine), np.concatenate(self._probes), mates, threshold
        )
