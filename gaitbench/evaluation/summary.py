"""From rows of scores to the numbers of a table: nothing here needs a model, and nothing is rounded."""

from collections.abc import Iterator

import numpy as np
import pandas as pd

from gaitbench.core.errors import ProtocolError
from gaitbench.data.rules import Rules
from gaitbench.evaluation.metrics import NoMate, average, chance_rank_k, rank_k
from gaitbench.evaluation.retrieval import tar_column

RANKS = (1, 5, 10, 20)
CHANCE_RANKS = (1, 5)


def summarise(scores: pd.DataFrame, rules: Rules, *, no_mate: NoMate = "drop") -> dict[str, float]:
    """Return the one number per metric of a comparison table: the mean over the headline searches.

    Args:
        scores: Rows of `score_probes`.
        rules: That they were made with.
        no_mate: What becomes of probes without a mate, see `gaitbench.evaluation.metrics.NoMate`.

    Returns:
        As `summarise_searches`, for all headline searches together. n_probes counts every probe once,
        n_without_mate those that lack a mate in some search.

    Raises:
        ProtocolError: If in some headline search no probe has a mate.
    """
    headline = [search.name for search in rules.searches if search.headline]
    searches = summarise_searches(scores, rules, no_mate=no_mate)
    found = [searches[name] for name in headline]
    summary = {key: float(np.mean([one[key] for one in found])) for key in found[0]}
    rows = [_of_search(scores, name) for name in headline]
    summary["n_probes"] = float(pd.concat([r["probe"] for r in rows]).nunique())
    lost = [_without_mate(r) for r in rows]
    summary["n_without_mate"] = float(len(set().union(*lost)))
    return summary


def summarise_searches(
    scores: pd.DataFrame, rules: Rules, *, no_mate: NoMate = "drop"
) -> dict[str, dict[str, float]]:
    """Average the rows of every search.

    In a pooled search every probe counts the same. In one by view, every cell (a probe view met with a
    gallery view) counts the same, and in a cell every probe; a cell in which no probe has a mate is left
    out. Where no cell is missing, that is the mean over the gallery views, then over the probe views.

    Args:
        scores: Rows of `score_probes`.
        rules: That they were made with.
        no_mate: What becomes of probes without a mate, see `gaitbench.evaluation.metrics.NoMate`.

    Returns:
        By name of the search: rank_1, rank_5, rank_10, rank_20, map, minp, one tar_far_… per such
        column, chance_rank_1 and chance_rank_5 (expected from a random ranking), all in [0, 1];
        n_probes (all), n_without_mate (by view: in no gallery view), and n_gallery (mean number of
        gallery entries that a probe was ranked against at once).

    Raises:
        ProtocolError: If in some search no probe has a mate.
    """
    return {
        search.name: _summary(_of_search(scores, search.name), no_mate) for search in rules.searches
    }


def view_matrix(
    scores: pd.DataFrame, metric: str = "rank_1", *, no_mate: NoMate = "drop"
) -> pd.DataFrame:
    """Return a metric for every cell of a search by view.

    Args:
        scores: Rows of `score_probes`, of one search by view.
        metric: A share that `summarise` returns.
        no_mate: See `summarise`.

    Returns:
        Shares in [0, 1], probe views as rows and gallery views as columns, both sorted; NaN where
        nothing was compared. Evaluators that round each cell before averaging are reproduced by
        rounding this.

    Source: OpenGait's single_view_gallery_evaluation, without its rounding to two decimals.
    """
    cells = {
        (str(cell["view"].iloc[0]), str(cell["gallery_view"].iloc[0])): _metrics(cell, no_mate)[
            metric
        ]
        for cell in _cells(scores)
    }
    matrix = pd.Series(cells, dtype=float).rename_axis(["probe_view", "gallery_view"]).unstack()
    return matrix.reindex(
        index=sorted(scores["view"].astype(str).unique()),
        columns=sorted(scores["gallery_view"].astype(str).unique()),
    ).rename_axis(index="probe_view", columns="gallery_view")


def probe_views(
    scores: pd.DataFrame, metric: str = "rank_1", *, no_mate: NoMate = "drop"
) -> dict[str, float]:
    """Return a metric for every probe view of a search, sorted.

    By view it is the mean over the gallery views; pooled, the mean over the probes of the view. A view
    whose probes have no mate is left out.
    """
    found: dict[str, list[float]] = {}
    by_view = scores.groupby("view", sort=True)
    for view, rows in by_view:
        cells = [_metrics(cell, no_mate)[metric] for cell in _cells(rows)]
        if cells:
            found[str(view)] = cells
    return {view: float(np.mean(cells)) for view, cells in found.items()}


def pooled_tar(scores: pd.DataFrame, *, far: float) -> float:
    """Return the share of all genuine pairs that are accepted, every pair counting the same.

    This is the point of the usual ROC curve; `summarise` gives every probe the same weight instead.
    The two are equal where all probes have equally many mates.
    """
    found = scores[scores["mates"] > 0]
    return float(np.average(found[tar_column(far)], weights=found["mates"]))


def _of_search(scores: pd.DataFrame, name: str) -> pd.DataFrame:
    rows = scores[scores["search"] == name]
    if rows.empty:
        raise ProtocolError(
            f"The scores hold no search {name!r}, but {', '.join(sorted(set(scores['search'])))}: they "
            "were made with other rules. Remove them from the store to make them again."
        )
    return rows


def _summary(scores: pd.DataFrame, no_mate: NoMate) -> dict[str, float]:
    cells = [_metrics(cell, no_mate) for cell in _cells(scores)]
    if not cells:
        raise ProtocolError(
            f"None of {scores['probe'].nunique()} probes of search {scores['search'].iloc[0]!r} has a mate "
            "in its gallery, so there is nothing to average. Compare probes and gallery of the same "
            "identities."
        )
    summary = {key: float(np.mean([cell[key] for cell in cells])) for key in cells[0]}
    summary["n_probes"] = float(scores["probe"].nunique())
    summary["n_without_mate"] = float(len(_without_mate(scores)))
    summary["n_gallery"] = float(scores["gallery"].mean())
    return summary


def _cells(scores: pd.DataFrame) -> Iterator[pd.DataFrame]:
    """Yield what is averaged by itself: all rows of a pooled search, or each pair of views."""
    by_view = bool((scores["gallery_view"] != "").any())
    parts = (rows for _, rows in scores.groupby(["view", "gallery_view"])) if by_view else [scores]
    return (rows for rows in parts if (rows["mates"] > 0).any())


def _metrics(cell: pd.DataFrame, no_mate: NoMate) -> dict[str, float]:
    rank = cell["rank"].to_numpy()
    mates, gallery = cell["mates"].to_numpy(), cell["gallery"].to_numpy()
    has_mate = mates > 0
    found = {f"rank_{k}": rank_k(rank, k=k, no_mate=no_mate) for k in RANKS}
    columns = {"map": "ap", "minp": "inp"} | {
        c: c for c in cell.columns if c.startswith("tar_far_")
    }
    for key, column in columns.items():
        found[key] = average(cell[column].to_numpy(), has_mate, no_mate=no_mate)
    # A chance level stands beside Rank-k, so it counts the same probes.
    ranked: NoMate = "miss" if no_mate == "miss-ranks" else no_mate
    for k in CHANCE_RANKS:
        found[f"chance_rank_{k}"] = average(
            chance_rank_k(mates, gallery, k=k), has_mate, no_mate=ranked
        )
    return found


def _without_mate(scores: pd.DataFrame) -> set[int]:
    mates = scores.groupby("probe")["mates"].sum()
    return {int(probe) for probe in mates.index[mates == 0]}
