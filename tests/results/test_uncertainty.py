"""Intervals and tests of a report, from the scores that its cells were made of."""

from dataclasses import replace

import numpy as np
import pytest

from gaitbench.results.places import where
from gaitbench.statistics.intervals import Interval, Unavailable
from gaitbench.statistics.paired_tests import max_t
from tests.made_up_scores import results_of, row
from tests.summaries import identity_sums


@pytest.fixture(scope="module")
def results():
    return results_of(
        [
            row("occluded", method, skill, seed, draw)
            for method, skill in (("mimicgait", 0.7), ("rg-gait", 0.68), ("baseline-2", 0.3))
            for seed in (0, 1, 2)
            for draw in (0, 1)
        ]
    )


def of(results, method):
    return where(results.cells, method=method)


def test_an_interval_holds_the_mean_of_the_cells_and_is_as_wide_as_resampled_people_make_it(
    results,
):
    cells = of(results, "mimicgait")
    found = results.uncertainty.interval(cells, "rank_1")
    assert found.low < cells["rank_1"].mean() < found.high
    assert found.sources == ("identities", "seeds")
    # Slow reference for the people's part: whole persons with replacement, means over seeds and draws.
    rng = np.random.default_rng(0)
    hits = np.stack([(results.probes(k)["rank"] == 1).to_numpy(float) for k in cells["key"]]).mean(
        0
    )
    people = hits.reshape(24, -1).mean(1)
    means = [people[rng.integers(0, 24, 24)].mean() for _ in range(4000)]
    low, high = np.quantile(means, [0.025, 0.975])
    assert found.high - found.low > 0.7 * (high - low)


def test_the_sums_of_the_identities_give_the_cells_own_numbers(results):
    for key, expected in zip(results.cells["key"], results.cells["rank_1"], strict=True):
        sums = identity_sums(results.probes(key), results.rules, "rank_1")
        assert sums.metric() == pytest.approx(expected, abs=1e-12)


@pytest.mark.parametrize("metric", ["rank_5", "map", "minp", "tar_far_0.01"])
def test_every_metric_has_an_interval_around_its_value(results, metric):
    cells = of(results, "rg-gait")
    found = results.uncertainty.interval(cells, metric)
    assert found.low < cells[metric].mean() < found.high


def test_close_methods_are_not_told_apart_and_far_ones_are(results):
    found = results.uncertainty.compare(
        [of(results, m) for m in ("mimicgait", "rg-gait", "baseline-2")],
        [(0, 1), (0, 2), (1, 2)],
        "rank_1",
    )
    p = dict(zip(found.pairs, max_t(found), strict=True))
    assert p[0, 1] > 0.05
    assert max(p[0, 2], p[1, 2]) < 0.05
    assert (found.detectable > 0).all()


def test_a_method_compared_with_itself_differs_in_nothing(results):
    cells = of(results, "mimicgait")
    found = results.uncertainty.compare([cells, cells], [(0, 1)], "rank_1")
    assert found.difference == [0.0]
    assert found.p == [1.0]
    assert results.uncertainty.difference(cells, cells, "rank_1") == Interval(
        0.0, 0.0, 0.95, ("identities", "seeds")
    )


def test_the_ratio_of_a_method_to_itself_is_one(results):
    cells = of(results, "mimicgait")
    found = results.uncertainty.ratio(cells, cells, "rank_1", chance=0.03)
    assert (found.low, found.high) == pytest.approx((1.0, 1.0), abs=1e-12)


def test_a_ratio_to_something_near_chance_is_refused_with_its_reason(results):
    found = results.uncertainty.ratio(
        of(results, "mimicgait"), of(results, "baseline-2"), "rank_1", chance=0.25
    )
    assert isinstance(found, Unavailable)
    assert "near chance" in found.reason


def test_one_seed_gives_an_interval_over_identities_alone():
    one = results_of([row("occluded", "mimicgait", 0.6, 0, draw) for draw in (0, 1)])
    assert one.uncertainty.interval(one.cells, "rank_1").sources == ("identities",)


def test_nine_identities_are_too_few():
    few = results_of([row("occluded", m, 0.6, 0, identities=9) for m in ("mimicgait", "rg-gait")])
    assert "9 identities are too few" in few.uncertainty.interval(few.cells, "rank_1").reason
    pair = [where(few.cells, method=m) for m in ("mimicgait", "rg-gait")]
    assert "9 identities are too few" in few.uncertainty.compare(pair, [(0, 1)], "rank_1").reason


def test_what_is_missing_is_never_resampled(results):
    cells = of(results, "mimicgait").copy()
    cells.loc[cells.index[0], "status"] = "missing"
    assert "missing" in results.uncertainty.interval(cells, "rank_1").reason
    fewer = of(results, "mimicgait").iloc[1:]
    assert "missing" in results.uncertainty.interval(fewer, "rank_1").reason


def test_scores_of_other_probes_are_not_pooled():
    found, scores = row("occluded", "mimicgait", 0.6, 0)
    other, fewer = row("occluded", "mimicgait", 0.6, 1)
    mixed = results_of([(found, scores), (other, fewer.iloc[1:])])
    assert (
        "do not count the same probes" in mixed.uncertainty.interval(mixed.cells, "rank_1").reason
    )


def test_the_three_sources_stand_apart(results):
    spread = results.uncertainty.spread(of(results, "mimicgait"), "rank_1")
    assert spread.identities > 0
    assert spread.draws > 0
    assert spread.seeds is not None


def test_the_same_results_in_another_order_give_the_same_intervals_again(results):
    again = replace(results, cells=results.cells.iloc[::-1])
    cells = of(results, "rg-gait")
    assert again.uncertainty.interval(cells, "rank_1") == results.uncertainty.interval(
        cells, "rank_1"
    )
