"""Every number of scores at once, as the frame of results has them."""

import numpy as np
import pandas as pd

from gaitbench.data.rules import Rules, Search
from gaitbench.evaluation import counted_rows
from gaitbench.evaluation.counted_rows import CountedRows
from gaitbench.evaluation.metrics.base import all_metrics, get_metric
from gaitbench.evaluation.verification import tar_column


def _numbers(rows):
    numbers = {metric.name: rows.value(metric) for metric in all_metrics()}
    chances = {f"chance_{metric.name}": rows.chance(metric) for metric in all_metrics()}
    return numbers | {name: x for name, x in chances.items() if x is not None} | rows.counts


def summarise(scores, rules, *, no_mate="drop"):
    """Return every metric, its chance level and the counts, of all headline searches together."""
    return _numbers(CountedRows.of(scores, rules, no_mate=no_mate))


def summarise_searches(scores, rules, *, no_mate="drop"):
    """Return the same for each search by name."""
    return {
        s.name: _numbers(CountedRows.of(scores, rules, no_mate=no_mate, searches=[s.name]))
        for s in rules.searches
    }


def identity_sums(scores, rules, metric, *, no_mate="drop"):
    """Return what every identity adds to a metric."""
    return CountedRows.of(scores, rules, no_mate=no_mate).sums(get_metric(metric))


def _one_search(scores, no_mate):
    name = str(scores["search"].iloc[0])
    rules = Rules(searches=(Search(name=name, by_view=bool((scores["gallery_view"] != "").any())),))
    return CountedRows.of(scores, rules, no_mate=no_mate)


def view_matrix(scores, metric="rank_1", *, no_mate="drop"):
    """Return a metric of the scores of one search by view, cell by cell."""
    return counted_rows.view_matrix(_one_search(scores, no_mate), get_metric(metric))


def probe_views(scores, metric="rank_1", *, no_mate="drop"):
    """Return a metric of the scores of one search for every probe view, whose galleries may be pooled."""
    if (scores["gallery_view"] == "").all():
        # Every view by itself: a table's number would pool them.
        scores = scores.assign(gallery_view="every view")
    return counted_rows.probe_views(_one_search(scores, no_mate), get_metric(metric))


def averaged(metric, rank, ap=None, *, no_mate="drop"):
    """Return a metric of probes of different people, from their first mates' ranks (0: no mate)."""
    n = len(rank)
    rows = pd.DataFrame(
        {
            "search": "all", "gallery_view": "", "probe": range(n), "view": "",
            "identity": [str(i) for i in range(n)], "rank": rank, "ap": rank if ap is None else ap,
            "mates": [int(r > 0) for r in rank], "gallery": 10,
        }
    )  # fmt: skip
    measured = get_metric(metric) if isinstance(metric, str) else metric
    return CountedRows.of(rows, Rules(), no_mate=no_mate).value(measured)


def pooled_tar(scores, *, far):
    """Return the share of all genuine pairs that are accepted, every pair counting the same."""
    rows = scores[scores["mates"] > 0]
    return float(np.average(rows[tar_column(far)], weights=rows["mates"]))
