import math

import pytest

from gaitbench.core.errors import ProtocolError
from gaitbench.results.per_seed import averaged, combine, measured, ratio, summarise
from gaitbench.results.table import Missing

GAP = Missing("not trained yet", ("gaitbench run",))


def test_mean_and_sample_standard_deviation():
    cell = summarise({0: 0.2, 1: 0.4, 2: 0.9})
    assert cell.value == pytest.approx(0.5)
    assert cell.spread == pytest.approx(math.sqrt((0.09 + 0.01 + 0.16) / 2))


def test_one_seed_has_no_spread():
    assert summarise({3: 0.2}).spread is None


def test_a_missing_seed_makes_the_mean_missing_and_is_named():
    cell = summarise({0: 0.2, 1: GAP, 2: GAP})
    assert cell.value is None
    assert cell.missing == Missing("seeds 1, 2: not trained yet", ("gaitbench run",))


def test_a_reason_that_all_seeds_share_is_given_once():
    assert summarise({0: GAP, 1: GAP}).missing == GAP


def test_ratios_are_taken_per_seed():
    assert ratio({0: 0.2, 1: 0.6}, {0: 0.4, 1: 0.8}, "bound") == {0: 0.5, 1: pytest.approx(0.75)}


def test_ratio_to_nothing_or_zero_is_missing():
    found = ratio({0: 0.2, 1: 0.2, 2: GAP}, {0: GAP, 1: 0.0, 2: 0.5}, "the bound")
    assert found[0] == Missing("the bound: not trained yet", ("gaitbench run",))
    assert found[1] == Missing("the bound is 0, so nothing can be divided by it")
    assert found[2] == GAP


def test_combining_needs_every_part():
    found = combine([{0: 1.0, 1: GAP}, {0: 3.0, 1: 2.0}], sum)
    assert found == {0: 4.0, 1: GAP}


def test_evaluations_that_protocols_share_count_once_but_rivals_are_refused(
    make_cell, make_results
):
    row = make_cell("occluded", "rg-gait", "RG-Gait", 0.5, 0)
    shared = make_results([row, row | {"protocol": "ablation"}]).cells
    assert measured(shared, "rank_1", [0]) == {0: 0.5}
    rivals = make_results([row, row | {"key": "another"}]).cells
    with pytest.raises(ProtocolError, match="another"):
        measured(rivals, "rank_1", [0])


def test_absent_and_unmeasured_are_told_apart(make_cell, make_results):
    cells = make_results([make_cell("occluded", "m", "M", 0.5, 0, map=float("nan"))]).cells
    assert measured(cells, "map", [0])[0] == Missing("mAP was not measured")
    assert measured(cells, "rank_1", [1])[1] == Missing("not part of this run")


def test_what_a_falling_training_gave_is_marked(make_cell, make_results):
    cells = make_results([make_cell("occluded", "a", "A", 0.5, seed) for seed in (0, 1)]).cells
    assert not averaged(cells, "rank_1", [0, 1]).still_falls
    cells["still_falls"] = [False, True]
    assert averaged(cells, "rank_1", [0, 1]).still_falls
    # A seed is missing, so there is no value to mark.
    assert not averaged(cells, "rank_1", [0, 1, 2]).still_falls
