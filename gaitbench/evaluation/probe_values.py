"""From stored scores to what resampling and testing need: values, clusters and cells, row by row."""

import numpy as np
import numpy.typing as npt
import pandas as pd

from gaitbench.data.rules import Rules
from gaitbench.evaluation.metrics import NoMate
from gaitbench.statistics.identity_sums import IdentitySums

_COLUMN_OF = {"map": "ap", "minp": "inp"}


def identity_sums(
    scores: pd.DataFrame, rules: Rules, metric: str, *, no_mate: NoMate = "drop"
) -> IdentitySums:
    """Return what every identity adds to the headline number that `summarise` gives for a metric.

    Args:
        scores: Rows of `score_probes`.
        rules: That they were made with.
        metric: "rank_1" and so on, "map", "minp", or a column such as "tar_far_0.01".
        no_mate: What becomes of probes without a mate, see `gaitbench.evaluation.metrics.NoMate`.

    Returns:
        Sums of shape (identities, cells); identities are numbered in the order of their names.
    """
    names = [search.name for search in rules.searches if search.headline]
    rows = scores[scores["search"].isin(names)]
    search = pd.Categorical(rows["search"], categories=names).codes
    by_view = (rows["gallery_view"] != "").to_numpy()
    place = pd.MultiIndex.from_arrays(
        [search, np.where(by_view, rows["view"], ""), rows["gallery_view"].astype(str)]
    )
    cells, met = pd.factorize(place, sort=True)
    has_mate = (rows["mates"] > 0).to_numpy()
    ranked = metric.startswith("rank_")
    counts_all = no_mate == "miss" or (no_mate == "miss-ranks" and ranked)
    identities, _ = pd.factorize(rows["identity"].astype(str), sort=True)
    return IdentitySums.of_rows(
        _values(rows, metric, has_mate),
        _counted(cells, has_mate) if counts_all else has_mate,
        identities,
        cells,
        np.array([m[0] for m in met], np.int64),
    )


def _values(
    rows: pd.DataFrame, metric: str, has_mate: npt.NDArray[np.bool_]
) -> npt.NDArray[np.float64]:
    if metric.startswith("rank_"):
        k = int(metric.removeprefix("rank_"))
        return (has_mate & (rows["rank"] <= k).to_numpy()).astype(np.float64)
    values = rows[_COLUMN_OF.get(metric, metric)].to_numpy(np.float64)
    return np.where(has_mate, values, 0.0)


def _counted(
    cells: npt.NDArray[np.integer], has_mate: npt.NDArray[np.bool_]
) -> npt.NDArray[np.bool_]:
    """Return which rows count where every probe does: those of cells in which some probe has a mate."""
    some: npt.NDArray[np.bool_] = np.zeros(int(cells.max()) + 1, np.bool_)
    some[cells[has_mate]] = True
    found: npt.NDArray[np.bool_] = some[cells]
    return found
