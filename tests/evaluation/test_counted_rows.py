"""From rows of scores to the numbers of a table, on rows small enough to average by hand."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gaitbench.core.errors import ProtocolError
from gaitbench.data.rules import Rules, Search
from gaitbench.evaluation.counted_rows import CountedRows
from gaitbench.evaluation.metrics.base import get_metric
from tests.summaries import (
    pooled_tar,
    probe_views,
    summarise,
    summarise_searches,
    view_matrix,
)

METRICS = [
    "rank_1", "rank_5", "rank_10", "rank_20", "map", "minp", "tar_far_0.01", "tar_far_0.001",
    "chance_rank_1", "chance_rank_5", "chance_rank_10", "chance_rank_20",
]  # fmt: skip
COUNTS = ["n_probes", "n_without_mate", "n_gallery"]
POOLED = Rules()
BY_VIEW = Rules(searches=(Search(by_view=True, excluded="same-view"),))


def rows(*entries, search="all"):
    """Return scores from (probe, view, gallery view, rank, AP, mates); every probe is another identity."""
    columns = ["probe", "view", "gallery_view", "rank", "ap", "mates"]
    table = pd.DataFrame(entries, columns=columns)
    table["ap"] = table["ap"].astype(float)
    return table.assign(
        **{"search": search, "identity": table["probe"], "inp": table["ap"] / 2, "gallery": 10},
        **{"tar_far_0.01": table["ap"], "tar_far_0.001": table["ap"]},
    )


FOUR = rows(
    (0, "000", "", 1, 1.0, 2),
    (1, "000", "", 3, 0.5, 1),
    (2, "090", "", 0, np.nan, 0),
    (3, "090", "", 7, 0.25, 1),
)
# Cell (000, 090) holds 1 of 3 hits, (000, 180) 1 of 1, (090, 180) none of 2.
CELLS = rows(
    (0, "000", "090", 1, 1.0, 1),
    (1, "000", "090", 2, 0.5, 1),
    (2, "000", "090", 2, 0.5, 1),
    (0, "000", "180", 1, 1.0, 1),
    (1, "000", "180", 0, np.nan, 0),
    (3, "090", "180", 2, 0.5, 1),
    (4, "090", "180", 4, 0.25, 1),
)


def test_a_pooled_search_is_a_mean_over_probes():
    summary = summarise(FOUR, POOLED)

    assert list(summary) == METRICS + COUNTS
    assert all(type(value) is float for value in summary.values())
    assert summary["rank_1"] == pytest.approx(1 / 3)
    assert summary["rank_5"] == pytest.approx(2 / 3)
    assert summary["map"] == pytest.approx(1.75 / 3)
    assert summary["minp"] == pytest.approx(1.75 / 6)
    assert summary["chance_rank_1"] == pytest.approx((0.2 + 0.1 + 0.1) / 3)
    assert [summary[name] for name in COUNTS] == [4, 1, 10]
    assert pooled_tar(FOUR, far=0.01) == pytest.approx((2 * 1.0 + 0.5 + 0.25) / 4)


def test_three_readings_of_probes_without_a_mate():
    drop, miss, mixed = (
        summarise(FOUR, POOLED, no_mate=rule) for rule in ("drop", "miss", "miss-ranks")
    )

    for name in METRICS:
        assert miss[name] == pytest.approx(0.75 * drop[name])
    for name in METRICS:
        ranked = "rank" in name
        assert mixed[name] == (miss if ranked else drop)[name], name
    assert [drop[n] for n in COUNTS] == [miss[n] for n in COUNTS] == [mixed[n] for n in COUNTS]


def test_by_view_every_pair_of_views_counts_the_same():
    summary = summarise(CELLS, BY_VIEW)

    assert summary["rank_1"] == pytest.approx((1 / 3 + 1 + 0) / 3)
    assert summary["map"] == pytest.approx((2 / 3 + 1 + 0.375) / 3)
    assert [summary[name] for name in COUNTS] == [5, 0, 10]
    assert summarise(CELLS, BY_VIEW, no_mate="miss")["rank_1"] == pytest.approx((1 / 3 + 0.5) / 3)


def test_a_pair_of_views_without_any_mate_is_left_out():
    nobody = rows((3, "090", "000", 0, np.nan, 0), (4, "090", "000", 0, np.nan, 0))
    more = pd.concat([CELLS, nobody], ignore_index=True)

    for rule in ("drop", "miss", "miss-ranks"):
        found = summarise(more, BY_VIEW, no_mate=rule)["rank_1"]
        assert found == summarise(CELLS, BY_VIEW, no_mate=rule)["rank_1"]


def test_view_matrix():
    matrix = view_matrix(CELLS)

    assert (matrix.index.name, matrix.columns.name) == ("probe_view", "gallery_view")
    expected = pd.DataFrame(
        [[1 / 3, 1.0], [np.nan, 0.0]], ["000", "090"], ["090", "180"]
    )  # fmt: skip
    pd.testing.assert_frame_equal(matrix, expected, check_names=False)
    assert view_matrix(CELLS, "map").loc["090", "180"] == pytest.approx(0.375)


def test_probe_views_are_means_over_gallery_views():
    assert probe_views(CELLS) == {"000": pytest.approx(2 / 3), "090": 0.0}
    assert probe_views(FOUR, "map") == {"000": 0.75, "090": 0.25}
    assert probe_views(FOUR[FOUR["probe"] < 3]) == {"000": 0.5}


def test_the_headline_is_the_mean_over_its_searches():
    rules = Rules(
        searches=(
            Search(name="NM", by_view=True, excluded="same-view"),
            Search(name="CL"),
            Search(name="Re-ID", headline=False),
        )
    )
    again = CELLS.assign(search="NM")
    scores = pd.concat([again, FOUR.assign(search="CL"), FOUR.assign(search="Re-ID", rank=1)])

    searches, headline = summarise_searches(scores, rules), summarise(scores, rules)

    assert list(searches) == ["NM", "CL", "Re-ID"]
    assert searches["NM"] == summarise(again.assign(search="all"), BY_VIEW)
    assert searches["CL"] == summarise(FOUR, POOLED)
    for name in METRICS:
        assert headline[name] == pytest.approx((searches["NM"][name] + searches["CL"][name]) / 2)
    # Probes 0 to 3 are in both searches; probe 2 has no mate in one of them.
    assert [headline[name] for name in COUNTS] == [5, 1, 10]


@settings(deadline=None, max_examples=40)
@given(
    sizes=st.lists(st.integers(1, 6), min_size=1, max_size=4),
    headline=st.lists(st.booleans(), min_size=4, max_size=4),
    seed=st.integers(0, 10_000),
)
def test_the_headline_is_the_mean_whatever_the_searches(sizes, headline, seed):
    rng = np.random.default_rng(seed)
    headline[0] = True
    names = [f"search {i}" for i in range(len(sizes))]
    rules = Rules(
        searches=tuple(Search(name=n, headline=h) for n, h in zip(names, headline, strict=False))
    )
    parts = [
        rows(
            *((i, "000", "", int(rng.integers(1, 4)), rng.random(), 1) for i in range(size)),
            search=name,
        )
        for name, size in zip(names, sizes, strict=True)
    ]

    summary = summarise(pd.concat(parts), rules)

    means = [(part["rank"] == 1).mean() for part, h in zip(parts, headline, strict=False) if h]
    assert summary["rank_1"] == pytest.approx(np.mean(means))


BOTH = Rules(searches=(Search(name="NM", by_view=True), Search(name="CL")))


def made_up_scores(rng, rules, n_identities=9):
    """Return scores with several probes per identity, some without a mate, and a cell without any."""
    parts = []
    for search in rules.searches:
        for gallery_view in ("000", "090", "180") if search.by_view else ("",):
            n = 60
            mates = rng.integers(0, 3, n)
            view = rng.choice(["000", "090"], n)
            if gallery_view == "180":
                mates[view == "090"] = 0
            ap = np.where(mates > 0, rng.random(n), np.nan)
            parts.append(
                pd.DataFrame(
                    {"search": search.name, "gallery_view": gallery_view, "probe": np.arange(n)}
                    | {"identity": rng.integers(0, n_identities, n), "view": view, "ap": ap}
                    | {"rank": np.where(mates > 0, rng.integers(1, 4, n), 0), "mates": mates}
                )
            )
    return pd.concat(parts, ignore_index=True)


def slow_average(scores, metric, no_mate):
    """Return Rank-1 or mAP by the words of the rules: a mean of probes, of cells, of searches."""
    counts_all = no_mate == "miss" or (no_mate == "miss-ranks" and metric == "rank_1")
    searches: dict[str, list[float]] = {}
    for (search, *_), cell in scores.groupby(
        ["search", scores["view"].where(scores["gallery_view"] != "", ""), "gallery_view"]
    ):
        found = cell[cell["mates"] > 0]
        if len(found):
            hits = (found["rank"] == 1).sum() if metric == "rank_1" else found["ap"].sum()
            value = hits / len(cell if counts_all else found)
            searches.setdefault(search, []).append(value)
    return np.mean([np.mean(cells) for cells in searches.values()])


@pytest.mark.parametrize("rules", [POOLED, BY_VIEW, BOTH], ids=["pooled", "by view", "both"])
@pytest.mark.parametrize("no_mate", ["drop", "miss", "miss-ranks"])
@pytest.mark.parametrize("metric", ["rank_1", "map"])
def test_number_and_identity_sums_are_the_mean_of_the_rules(rules, no_mate, metric):
    scores = made_up_scores(np.random.default_rng(3), rules)
    counted = CountedRows.of(scores, rules, no_mate=no_mate)

    sums = counted.sums(get_metric(metric))

    expected = pytest.approx(slow_average(scores, metric, no_mate), abs=1e-14)
    assert counted.value(get_metric(metric)) == expected
    assert sums.contributions().sum() == expected
    assert sums.weights.sum() == pytest.approx(1)
    assert sums.n_identities == 9


@pytest.mark.parametrize("no_mate", ["drop", "miss", "miss-ranks"])
def test_all_searches_at_once_are_each_search_by_itself(no_mate):
    scores = made_up_scores(np.random.default_rng(3), BOTH).assign(gallery=range(240))
    names = [search.name for search in BOTH.searches]
    together = CountedRows.of(scores, BOTH, no_mate=no_mate, searches=names)
    alone = [CountedRows.of(scores, BOTH, no_mate=no_mate, searches=[name]) for name in names]
    assert together.counts_by_search == [counted.counts for counted in alone]
    for metric in map(get_metric, ("rank_1", "map")):
        expected = [counted.value(metric) for counted in alone]
        assert together.by_search(metric) == pytest.approx(expected, nan_ok=True)


def test_a_metric_that_is_undefined_for_a_counted_probe_has_no_value():
    undefined = FOUR.assign(ap=[1.0, np.nan, np.nan, 0.25])

    assert np.isnan(CountedRows.of(undefined, POOLED).value(get_metric("map")))
    with pytest.raises(ProtocolError, match="Row 1 counts, but its value is not a finite number"):
        CountedRows.of(undefined, POOLED).sums(get_metric("map"))


def test_scores_of_other_rules_are_refused():
    with pytest.raises(
        ProtocolError, match="hold no search 'NM', but all: they were made with other"
    ):
        summarise(FOUR, Rules(searches=(Search(name="NM"),)))


def test_nothing_to_average():
    with pytest.raises(ProtocolError, match="None of 1 probes of search 'all' has a mate"):
        summarise(FOUR[FOUR["probe"] == 2], POOLED)
