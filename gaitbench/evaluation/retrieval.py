"""From embeddings to scores: every search of a data set's rules, one row per probe.

`gaitbench.evaluation.counted_rows` makes the numbers of a table from these rows.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pandas as pd

from gaitbench.core.arrays import Bools, Floats
from gaitbench.core.errors import ProtocolError
from gaitbench.data.rules import Rules, Search
from gaitbench.evaluation.distances.base import (
    Distance,
    check_embeddings,
    get_distance,
    rows_at_once,
)
from gaitbench.evaluation.pairs import (
    COLUMNS,
    Codes,
    Positions,
    check_mates,
    comparable,
    parts,
    sides,
)
from gaitbench.evaluation.ranking import Ranking, nearest, rank_mates
from gaitbench.evaluation.verification import Pairs, allowed_impostors, tar_column

NEAREST = tuple(f"near_{k}" for k in range(1, 6))
"""Columns that hold a probe's closest gallery entries."""


def score_probes(
    probe_embeddings: Floats,
    gallery_embeddings: Floats,
    probes: pd.DataFrame,
    gallery: pd.DataFrame,
    rules: Rules,
    *,
    distance: str = "euclidean",
    far: Sequence[float] = (0.01, 0.001),
) -> pd.DataFrame:
    """Search the gallery for every probe, in every search of the rules.

    Ties count against the probe (see `gaitbench.evaluation.metrics`). Thresholds for TAR@FAR are taken
    over all impostor pairs of a search that may be compared, of all views together and also those of
    probes without a mate.

    Args:
        probe_embeddings: Shape (n, c, p).
        gallery_embeddings: Shape (m, c, p).
        probes: n rows with the columns `COLUMNS`.
        gallery: m rows with the columns `COLUMNS`.
        rules: Which probes are searched for where, and which pairs are never compared.
        distance: A name in `gaitbench distances list`.
        far: False accept rates in [0, 1].

    Returns:
        One row per search, gallery view (where each is searched by itself) and probe, in this order:
        search, gallery_view ("" where views are pooled), probe (its row in `probes`, from 0); sequence,
        identity, condition, view; rank (of the first mate, 0 without one), ap, inp, genuine and
        impostor (distance of the closest of each), mates, gallery (entries it was compared with),
        near_1 … near_5 (rows in `gallery` of the closest entries, from 0; -1 where there are fewer), and
        tar_far_… (accepted share of its genuine pairs) for each rate.

    Raises:
        ProtocolError: If in some search no probe has a mate, or embeddings and tables do not fit.
    """
    _check_table("probe", probe_embeddings, probes)
    _check_table("gallery", gallery_embeddings, gallery)
    # Checked here as a whole too, so that a message names rows of the table, not of a block.
    check_embeddings(probe_embeddings, gallery_embeddings)
    check_mates(probes, gallery, rules)
    searching = _Searching(
        probe_embeddings,
        gallery_embeddings,
        Codes(probes, gallery),
        get_distance(distance),
        rules.exclude_same_recording,
    )
    return pd.concat(
        [_score_search(searching, search, probes, gallery, far) for search in rules.searches],
        ignore_index=True,
    )


def _score_search(
    searching: "_Searching",
    search: Search,
    probes: pd.DataFrame,
    gallery: pd.DataFrame,
    far: Sequence[float],
) -> pd.DataFrame:
    p, g = sides(search, probes, gallery)
    ranked_alone = parts(search, gallery.iloc[g])
    probe_views = probes["view"].to_numpy(np.str_)
    pairs = Pairs(max(allowed_impostors(f, len(p) * len(g)) for f in (*far, 0.0)) + 1)
    frames, n_rows = [], 0
    # Probes outside, views inside: distances to all views at once cost less than view by view.
    for block in searching.blocks(search, p, g):
        for part in ranked_alone:
            compared = block.part(part.met_by(probe_views[block.probes]), part.columns)
            ranked_rows = _ranking_frame(rank_mates(*compared.problem), part.view, compared.probes)
            closest = nearest(*compared.problem, k=len(NEAREST))
            columns = np.append(g[part.columns], -1)
            frames.append(ranked_rows.assign(**dict(zip(NEAREST, columns[closest].T, strict=True))))
            genuine = compared.valid & (compared.probe_ids[:, None] == compared.gallery_ids)
            pairs.add(compared.distances, genuine, compared.valid & ~genuine, first_row=n_rows)
            n_rows += len(compared.probes)
    ranked = pd.concat(frames, ignore_index=True)
    for rate in far:
        ranked[tar_column(rate)] = pairs.accepted_share(ranked["mates"].to_numpy(), rate)
    ranked = ranked.sort_values(["gallery_view", "probe"], ignore_index=True)
    facts = probes[["sequence", "identity", "condition", "view"]].iloc[ranked["probe"]]
    scores = pd.concat(
        [ranked[["gallery_view", "probe"]], facts.reset_index(drop=True), ranked.iloc[:, 2:]],
        axis=1,
    )
    scores.insert(0, "search", search.name)
    return scores


def _ranking_frame(ranking: Ranking, gallery_view: str, probes: Positions) -> pd.DataFrame:
    return pd.DataFrame(
        {
            "gallery_view": gallery_view,
            "probe": probes,
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
    """Some probes of a search against gallery entries."""

    probes: Positions
    distances: npt.NDArray[np.float32]
    probe_ids: npt.NDArray[np.int64]
    gallery_ids: npt.NDArray[np.int64]
    valid: Bools

    @property
    def problem(
        self,
    ) -> tuple[npt.NDArray[np.float32], npt.NDArray[np.int64], npt.NDArray[np.int64], Bools]:
        """The arguments of `rank_mates`."""
        return self.distances, self.probe_ids, self.gallery_ids, self.valid

    def part(self, rows: Positions, columns: Positions) -> "_Block":
        """Return some of its probes against some of its entries; itself, uncopied, if that is all."""
        if (len(rows), len(columns)) == self.distances.shape:
            return self
        cells = np.ix_(rows, columns)
        return _Block(
            self.probes[rows],
            self.distances[cells],
            self.probe_ids[rows],
            self.gallery_ids[columns],
            self.valid[cells],
        )


@dataclass(frozen=True, eq=False)
class _Searching:
    """What all searches of one call share."""

    probe_embeddings: Floats
    gallery_embeddings: Floats
    codes: Codes
    distance: Distance
    exclude_same_recording: bool

    def blocks(self, search: Search, probes: Positions, gallery: Positions) -> Iterator[_Block]:
        """Yield these probes against all these gallery entries, some probes at a time."""
        entries = _rows(self.gallery_embeddings, gallery)
        step = rows_at_once(len(gallery))
        for start in range(0, len(probes), step):
            block = probes[start : start + step]
            yield _Block(
                block,
                self.distance(_rows(self.probe_embeddings, block), entries),
                self.codes.probe["identity"][block],
                self.codes.gallery["identity"][gallery],
                comparable(
                    self.codes.same(block, gallery),
                    search.excluded,
                    exclude_same_recording=self.exclude_same_recording,
                ),
            )


def _rows(embeddings: Floats, rows: Positions) -> Floats:
    # Neighbours are a view of the array, not a copy: of a large gallery a copy would be felt.
    if len(rows) and rows[-1] - rows[0] + 1 == len(rows):
        return embeddings[rows[0] : rows[-1] + 1]
    return embeddings[rows]


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
