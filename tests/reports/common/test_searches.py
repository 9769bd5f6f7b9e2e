"""The data set's own tables: searches as columns, and Rank-1 by probe view."""

import json
from dataclasses import replace
from typing import get_args

import pandas as pd
import pytest

from gaitbench.data.rules import MetricName, Rules, Search
from gaitbench.evaluation.metrics.base import metrics
from gaitbench.reports.common.searches import has_own_tables, search_tables
from gaitbench.results.facts import averaging, never_compared
from tests.making import write

CASIA_B = Rules(
    name="casia-b",
    searches=tuple(
        Search(name=name, probes=(f"{name.lower()}-*",), by_view=True, excluded="same-view")
        for name in ("NM", "BG", "CL")
    ),
)
CCPG = Rules(
    name="ccpg",
    searches=(
        *(Search(name=n, by_view=True, excluded="same-view") for n in ("CL", "UP")),
        *(
            Search(
                name=f"{n} Re-ID",
                excluded="same-view-mates",
                headline=False,
                metrics=("rank_1", "map"),
            )
            for n in ("CL", "UP")
        ),
    ),
)
GAIT3D = Rules(name="gait3d", searches=(Search(metrics=("rank_1", "rank_5", "map", "minp")),))
BRIAR = Rules(name="briar", searches=(Search(metrics=("rank_1", "tar_far_0.01", "tar_far_0.001")),))
LOSS = {"NM": 0.0, "BG": 0.1, "CL": 0.2}
VIEWS = {"000": 0.05, "090": -0.05}


@pytest.fixture
def results_of(full):
    """Give complete results under some rules; a search loses a fixed share, a view wins or loses one."""

    def make(rules, seeds=(0,)):
        base = full(seeds)
        searches, views = [], []
        for row in base.cells.drop_duplicates("key").to_dict("records"):
            for search in rules.searches:
                numbers = {
                    m: max(0.0, row[m] - LOSS.get(search.name, 0.0)) for m in metrics.names()
                }
                counts = {"n_probes": 10, "n_without_mate": 0, "n_gallery": 5}
                here = {"key": row["key"], "search": search.name}
                searches.append(here | numbers | counts)
                views += [
                    here | {"view": view, "rank_1": min(1.0, max(0.0, numbers["rank_1"] + more))}
                    for view, more in VIEWS.items()
                    if search.by_view
                ]
        frames = {
            "searches": pd.DataFrame(searches),
            "views": pd.DataFrame(views, columns=["key", "search", "view", "rank_1"]),
        }

        def probes(key):
            scores = base.probes(key)
            return pd.concat(
                [
                    scores.assign(search=search.name, pairs=pairs)
                    for search in rules.searches
                    for pairs in ("all", "same part")
                ]
            )

        return replace(base, probes=probes, rules=rules, **frames)

    return make


def row(table, *labels):
    found = [r for r in table.rows if tuple(c.text for c in r.cells[: len(labels)]) == labels]
    assert len(found) == 1
    return [None if c.value is None else round(c.value, 6) for c in found[0].cells[len(labels) :]]


def both_occluded(results):
    """Return the tables of tests that occlude both sides."""
    return [t for t in search_tables(results) if t.title.endswith("occluded: probe and gallery")]


def header(table):
    return [(c.group, c.title) for c in table.columns[2:]]


def test_one_pooled_search_has_no_table_of_its_own(full, results_of):
    assert search_tables(full((0,))) == []
    assert search_tables(results_of(Rules(searches=(Search(excluded="same-view"),)))) == []
    assert not has_own_tables(Rules())


def test_searches_are_columns_and_the_last_is_their_mean(results_of):
    summary, *by_view = both_occluded(results_of(CASIA_B))

    assert header(summary) == [(name, "Rank-1") for name in ("NM", "BG", "CL", "mean")]
    # The headline is the evaluation's own number; here it was not made from the searches.
    assert row(summary, "RG-Gait", "top+bottom") == [0.6, 0.5, 0.4, 0.6]
    assert row(summary, "Baseline-1", "holistic") == [0.8, 0.7, 0.6, 0.8]
    assert row(summary, "RG-Gait", "middle, after training with middle") == [0.65, 0.55, 0.45, 0.65]
    assert "Mean: of NM, BG, CL." in summary.footer[0]
    assert [t.name for t in by_view] == [
        f"searches-mimicgait-both-walkers-gaitbase-{name}-by-view" for name in ("nm", "bg", "cl")
    ]


def test_a_whole_gallery_has_tables_of_its_own_over_all_pairs(results_of):
    results = results_of(CASIA_B)
    both = {table.name for table in both_occluded(results)}
    summary, *by_view = [t for t in search_tables(results) if t.name not in both]

    assert summary.title.endswith("setting mimicgait, occluded: probe only")
    assert (summary.name, len(by_view)) == ("searches-mimicgait-probe-walkers-gaitbase", 3)
    assert row(summary, "RG-Gait", "top+bottom") == [0.3, 0.2, 0.1, 0.3]
    assert {r.cells[1].text for r in summary.rows} == {
        *("top+bottom", "middle", "middle, after training with middle"),
        *("dynamic", "dynamic, after training with dynamic"),
    }


def test_methods_compete_within_a_test_condition(results_of):
    summary = both_occluded(results_of(CASIA_B))[0]

    best = {r.cells[1].text: r.cells[0].text for r in summary.rows if r.cells[2].best}
    assert best["top+bottom"] == "RG-Gait"
    assert len(best) == len({r.contest for r in summary.rows} - {None})
    starts = [r.cells[1].text for r in summary.rows if r.rule_above]
    assert len(starts) == len(set(starts)) == len(best) - 1


def test_references_stand_last_and_compete_in_none(results_of):
    for summary in search_tables(results_of(CASIA_B)):
        names = [r.cells[0].text for r in summary.rows if r.cells[1].text == "top+bottom"]
        assert names == [
            *("Baseline-1", "Baseline-2", "Occ-Aware", "MimicGait", "RG-Gait"),
            *("GEI + LDA, whole clips", "GEI + LDA", "Told the type", "Told the window"),
        ]
        outside = {r.cells[0].text for r in summary.rows if r.contest is None}
        assert outside == set(names[5:])


def test_probe_views_are_columns_and_the_last_is_their_mean(results_of):
    _, _, bg, _ = both_occluded(results_of(CASIA_B))

    assert header(bg) == [("Probe view", "000"), ("Probe view", "090"), ("", "mean")]
    assert row(bg, "RG-Gait", "top+bottom") == [0.55, 0.45, 0.5]
    assert "Rank-1 by probe view, BG" in bg.title
    assert "mean over the gallery views" in bg.footer[0]


def test_two_protocols_of_one_data_set_stand_side_by_side(results_of):
    summary, *by_view = both_occluded(results_of(CCPG))

    assert header(summary) == [
        ("CL", "Rank-1"),
        ("UP", "Rank-1"),
        ("CL Re-ID", "Rank-1"),
        ("CL Re-ID", "mAP"),
        ("UP Re-ID", "Rank-1"),
        ("UP Re-ID", "mAP"),
        ("mean", "Rank-1"),
    ]
    assert len(by_view) == 2
    assert row(summary, "RG-Gait", "top+bottom")[3] == 0.48


@pytest.mark.parametrize(
    ("rules", "titles"),
    [
        (GAIT3D, ["Rank-1", "Rank-5", "mAP", "mINP"]),
        (BRIAR, ["Rank-1", "TAR@FAR=1%", "TAR@FAR=0.1%"]),
    ],
)
def test_a_pooled_search_prints_the_metrics_that_its_rules_ask_for(results_of, rules, titles):
    (table,) = both_occluded(results_of(rules))

    assert header(table) == [("", title) for title in titles]
    assert len(row(table, "RG-Gait", "top+bottom")) == len(titles)


def test_seeds_and_missing_evaluations(results_of):
    complete = results_of(CASIA_B, (0, 1))
    cells = complete.cells.copy()
    gone = (cells["method"] == "mimicgait") & (cells["seed"] == 1)
    cells.loc[gone, ["status", "reason", "command"]] = ["missing", "not evaluated yet", "do it"]
    for table in search_tables(replace(complete, cells=cells)):
        assert set(row(table, "MimicGait", "top+bottom")) == {None}
        assert None not in row(table, "RG-Gait", "top+bottom")
        reasons = {missing.reason for missing in table.footnotes}
        assert reasons == {"seed 1: not evaluated yet"}
        assert any(c.spread for r in table.rows for c in r.cells)


def test_nothing_evaluated_yet(full):
    base = full((0,))
    cells = base.cells.assign(status="missing", reason="not evaluated yet", command="")

    summary, *_ = search_tables(replace(base, cells=cells, rules=CASIA_B))

    assert all(c.missing for r in summary.rows for c in r.cells[2:])


def test_rules_can_ask_for_every_metric_that_there_is():
    assert list(get_args(MetricName)) == metrics.names()


def test_rules_in_words():
    assert never_compared(CASIA_B) == "pairs of one view, pairs of one recording"
    assert never_compared(CCPG) == (
        "pairs of one view, pairs of one recording (CL, UP); "
        "pairs of one identity in one view, pairs of one recording (CL Re-ID, UP Re-ID)"
    )
    assert never_compared(Rules(exclude_same_recording=False)) == "no pairs"
    assert averaging(GAIT3D) == ""
    assert averaging(CASIA_B) == (
        "mean over the searches NM, BG, CL; each gallery view searched by itself, mean over the pairs "
        "of a probe view and a gallery view"
    )


def test_exports_hold_every_metric_of_every_search(results_of, tmp_path):
    results = results_of(CASIA_B)

    write(results, tmp_path, ("csv", "json"))

    stored = json.loads((tmp_path / "report.json").read_text())
    assert stored["rules"]["name"] == "casia-b"
    assert len(stored["searches"]) == len(results.searches)
    assert len(stored["views"]) == len(results.views)
    for name, frame in (("evaluations", results.cells), ("searches", results.searches)):
        read = pd.read_csv(tmp_path / "tables" / f"all-{name}.csv")
        assert len(read) == len(frame)
        assert set(metrics.names()) <= set(read.columns)
    views = pd.read_csv(tmp_path / "tables" / "all-views.csv", dtype={"view": str})
    assert set(views["view"]) == set(VIEWS)
