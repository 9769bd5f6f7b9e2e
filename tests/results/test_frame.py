import pytest

from gaitbench.core.errors import StoreError
from gaitbench.results.frame import Results


def test_missing_columns_are_named(full):
    results = full((0,))
    with pytest.raises(StoreError, match="minp, hidden_share"):
        Results(results.cells.drop(columns=["minp", "hidden_share"]), {}, results.probes)


def test_percentages_are_refused(make_cell, make_results):
    with pytest.raises(StoreError, match=r"rank_1=43\.0 is not a share"):
        make_results([make_cell("occluded", "m", "M", 43.0, 0)])


def test_unknown_status_is_refused(make_cell, make_results):
    with pytest.raises(StoreError, match="'broken'"):
        make_results([make_cell("occluded", "m", "M", 0.5, 0, status="broken")])
