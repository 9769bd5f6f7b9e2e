"""From embeddings to scores: every search of a data set's rules, one row per probe.

`gaitbench.evaluation.counted_rows` makes the numbers of a table from these rows.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property

import numpy as np
import numpy.typing as npt
import pandas as pd

from gaitbench.core.arrays import Bools, Floats
from gaitbench.core.errors import ProtocolError
from gaitbench.data.rules import Rules, Search
from gaitbench.evaluation.distances.base import (
    Distance,
    PairVisibility,
    check_embeddings,
    get_distance,
    rows_at_once,
)
from gaitbench.evaluation.gallery_influence import GalleryInfluence, no_influence
from gaitbench.evaluation.pair_groups import EVERY_PAIR, PairGroup
from gaitbench.evaluation.pairs import (
    COLUMNS,
    Codes,
    Positions,
    check_mates,
    comparable,
    parts,
    sides,
)
from gaitbench.evaluation.ranking import MateOrder, Ranking, nearest
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
    groups: Sequence[PairGroup] = (EVERY_PAIR,),
    visibility: tuple[Floats, Floats] | None = None,
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
        groups: Of pairs that are ranked by themselves, thresholds included.
        visibility: What probes (n, p) and gallery (m, p) show of each part, in [0, 1], for distances that
            weigh parts by it.

    Returns:
        One row per search, group of pairs, gallery view (where each is searched by itself) and probe, in
        this order: search, gallery_view ("" where views are pooled), probe (its row in `probes`, from 0);
        sequence, identity, condition, view; rank (of the first mate, 0 without one), ap, inp, genuine and
        impostor (distance of the closest of each), mates, gallery (entries it was compared with),
        near_1 … near_5 (rows in `gallery` of the closest entries, from 0; -1 where there are fewer),
        tar_far_… (accepted share of its genuine pairs) for each rate, as_gallery_…: how far the sums of
        rank_1 …, ap, inp and tar_far_… over the probes of its cell would change if nobody else were
        compared with the gallery entries of its identity, divided by the number of its identity's rows (NaN
        beside the headline and where a group says so), in_pairs_…: what its identity and every other one do
        together of this, with random signs, divided likewise; and pairs (name of the group).

    Raises:
        ProtocolError: If in some search no probe has a mate, or embeddings and tables do not fit.
    """
    _check_table("probe", probe_embeddings, probes)
    _check_table("gallery", gallery_embeddings, gallery)
    # Checked here as a whole too, so that a message names rows of the table, not of a block.
    check_embeddings(probe_embeddings, gallery_embeddings)
    check_mates(probes, gallery, rules)
    between = get_distance(distance)
    searching = _Searching(
        probe_embeddings,
        gallery_embeddings,
        Codes(probes, gallery),
        between,
        rules.exclude_same_recording,
        visibility and between.pair_visibility(gallery_embeddings, *visibility),
    )
    return pd.concat(
        [
            _score_search(searching, search, probes, gallery, far, groups)
            for search in rules.searches
        ],
        ignore_index=True,
    )


def _score_search(
    searching: "_Searching",
    search: Search,
    probes: pd.DataFrame,
    gallery: pd.DataFrame,
    far: Sequence[float],
    groups: Sequence[PairGroup],
) -> pd.DataFrame:
    p, g = sides(search, probes, gallery)
    ranked_alone = parts(search, gallery.iloc[g])
    probe_views = probes["view"].to_numpy(np.str_)
    cells = _Cells.of(search, searching.codes, len(ranked_alone))
    # Tables with intervals, and those that split pairs, print the one number of the headline searches.
    chosen = groups if search.headline else [replace(EVERY_PAIR, has_interval=False)]
    rankings = [_GroupRanking.of(group, searching.codes, cells, p, g, far) for group in chosen]
    # Probes outside, views inside: distances to all views at once cost less than view by view.
    for block in searching.blocks(search, p, g):
        for number, part in enumerate(ranked_alone):
            compared = block.part(part.met_by(probe_views[block.probes]), part.columns)
            for ranking in rankings:
                ranking.add(compared, part.view, number, g[part.columns])
    ranked = pd.concat([ranking.rows() for ranking in rankings], ignore_index=True)
    facts = probes[["sequence", "identity", "condition", "view"]].iloc[ranked["probe"]]
    scores = pd.concat(
        [ranked[["gallery_view", "probe"]], facts.reset_index(drop=True), ranked.iloc[:, 2:]],
        axis=1,
    )
    scores.insert(0, "search", search.name)
    return scores


@dataclass(eq=False)
class _GroupRanking:
    """One group of pairs of one search, ranked block by block."""

    group: PairGroup
    codes: Codes
    cells: "_Cells"
    far: Sequence[float]
    pairs: Pairs
    influence: GalleryInfluence
    frames: list[pd.DataFrame] = field(default_factory=list)
    row_cells: list[Positions] = field(default_factory=list)
    n_rows: int = 0

    @classmethod
    def of(
        cls,
        group: PairGroup,
        codes: Codes,
        cells: "_Cells",
        probes: Positions,
        gallery: Positions,
        far: Sequence[float],
    ) -> "_GroupRanking":
        """Return an empty one for a search of these probes in this gallery."""
        allowed = max(allowed_impostors(f, len(probes) * len(gallery)) for f in (*far, 0.0))
        of_one_identity = len(probes) * int(np.bincount(codes.gallery["identity"][gallery]).max())
        pairs = Pairs(allowed + 1 + of_one_identity)
        tested = np.zeros(codes.n_identities, np.bool_)
        tested[codes.probe["identity"][probes]] = True
        return cls(group, codes, cells, far, pairs, GalleryInfluence(cells.n, tested))

    def add(self, block: "_Block", view: str, number: int, entries: Positions) -> None:
        """Rank the pairs of the group among those of a block.

        Args:
            block: Its columns are the gallery entries `entries`.
            view: Of all of these; "" where views are pooled.
            number: Of this part of the gallery.
            entries: Rows of the gallery.
        """
        searched = np.flatnonzero(self.group.searched(block.probes))
        block = block.part(searched, np.arange(len(entries)))
        compared = block.among(self.group.allowed(block.probes, entries))
        genuine = compared.genuine
        impostor = compared.valid & ~genuine
        order = MateOrder.of(compared.distances, genuine, impostor)
        ranking = Ranking.of(order, compared.distances, impostor)
        ranked_rows = _ranking_frame(ranking, view, compared.probes)
        closest = nearest(compared.distances, genuine, impostor, k=len(NEAREST))
        columns = np.append(entries, -1)
        self.frames.append(
            ranked_rows.assign(**dict(zip(NEAREST, columns[closest].T, strict=True)))
        )
        self.row_cells.append(self.cells.of_probes(compared.probes, number))
        if self.group.has_interval:
            self.influence.add(order, compared.gallery_ids, compared.probe_ids, self.row_cells[-1])
        self.pairs.add(
            compared.distances,
            genuine,
            impostor,
            compared.gallery_ids,
            first_row=self.n_rows,
        )
        self.n_rows += len(compared.probes)

    def rows(self) -> pd.DataFrame:
        """Return a row per gallery view and probe."""
        ranked = pd.concat(self.frames, ignore_index=True)
        mates, cell = ranked["mates"].to_numpy(), np.concatenate(self.row_cells)
        for rate in self.far:
            ranked[tar_column(rate)] = self.pairs.accepted_share(mates, rate)
        if self.group.has_interval:
            own = self.codes.probe["identity"][ranked["probe"].to_numpy()]
            self.influence.add_verification(self.pairs, mates, own, cell, self.far)
            influence = self.influence.columns(cell, own)
        else:
            influence = no_influence(len(ranked), self.far)
        ranked = ranked.assign(**influence, pairs=self.group.name)
        return ranked.sort_values(["gallery_view", "probe"], ignore_index=True)


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

    def among(self, allowed: Bools) -> "_Block":
        """Return it with these pairs alone to be compared."""
        return replace(self, valid=self.valid & allowed)

    @property
    def genuine(self) -> Bools:
        """Which pairs that may be compared are of one identity."""
        genuine: Bools = self.valid & (self.probe_ids[:, None] == self.gallery_ids)
        return genuine

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
class _Cells:
    """Where the rows of a search are averaged: all together, or by probe view and gallery view.

    Args:
        views: Code of every probe's view, shape (probes,); None where views are pooled.
        n_parts: Parts of the gallery that are ranked by themselves.
    """

    views: Positions | None
    n_parts: int

    @classmethod
    def of(cls, search: Search, codes: Codes, n_parts: int) -> "_Cells":
        return cls(codes.probe["view"] if search.by_view else None, n_parts)

    @property
    def n(self) -> int:
        return 1 if self.views is None else self.n_parts * (int(self.views.max()) + 1)

    def of_probes(self, probes: Positions, part: int) -> Positions:
        """Return the cell of each of these probes against a part."""
        if self.views is None:
            return np.zeros(len(probes), np.int64)
        return self.views[probes] * self.n_parts + part


@dataclass(frozen=True, eq=False)
class _Searching:
    """What all searches of one call share."""

    probe_embeddings: Floats
    gallery_embeddings: Floats
    codes: Codes
    distance: Distance
    exclude_same_recording: bool
    visibility: PairVisibility | None

    @cached_property
    def all_distances(self) -> npt.NDArray[np.float32] | None:
        """Distances of all probes to all entries, which searches share; None if they are too many."""
        n, m = len(self.probe_embeddings), len(self.gallery_embeddings)
        if n > rows_at_once(m):
            return None
        return self.distance(self.probe_embeddings, self.gallery_embeddings, self.visibility)

    def distances(self, probes: Positions, gallery: Positions) -> npt.NDArray[np.float32]:
        """Return the distances of these probes to these entries."""
        if self.all_distances is not None:
            return self.all_distances[np.ix_(probes, gallery)]
        return self.distance(
            _rows(self.probe_embeddings, probes),
            _rows(self.gallery_embeddings, gallery),
            self.visibility and self.visibility.of(probes, gallery),
        )

    def blocks(self, search: Search, probes: Positions, gallery: Positions) -> Iterator[_Block]:
        """Yield these probes against all these gallery entries, some probes at a time."""
        step = rows_at_once(len(gallery))
        for start in range(0, len(probes), step):
            block = probes[start : start + step]
            yield _Block(
                block,
                self.distances(block, gallery),
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
