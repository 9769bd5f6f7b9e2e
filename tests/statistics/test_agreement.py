import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from gaitbench.core.errors import ProtocolError
from gaitbench.statistics.agreement import kendall_interval, kendall_tau
from gaitbench.statistics.intervals import Interval, Unavailable
from gaitbench.statistics.resampling import Resampling


@settings(deadline=None, max_examples=80)
@given(
    lists=st.integers(2, 7).flatmap(
        lambda n: st.tuples(*[st.lists(st.integers(0, 4), min_size=n, max_size=n)] * 2)
    )
)
def test_tau_is_that_of_scipy_with_ties_too(lists):
    first, second = np.array(lists, float)

    found = kendall_tau(first, second)

    np.testing.assert_allclose(found, stats.kendalltau(first, second).statistic, atol=1e-12)


def test_many_orders_at_once():
    rng = np.random.default_rng(0)
    first, second = rng.integers(0, 4, (50, 6)).astype(float), rng.random(6)

    found = kendall_tau(first, second)

    assert found.shape == (50,)
    for one, tau in zip(first, found, strict=True):
        assert tau == pytest.approx(stats.kendalltau(one, second).statistic)


def test_only_the_order_of_the_same_methods_counts():
    rng = np.random.default_rng(1)
    first, second, order = rng.random(7), rng.random(7), rng.permutation(7)

    assert kendall_tau(first, np.exp(3 * first) - 9) == pytest.approx(1)
    assert kendall_tau(first, -first) == pytest.approx(-1)
    assert kendall_tau(first[order], second[order]) == pytest.approx(kendall_tau(first, second))


def test_an_order_in_which_all_tie_says_nothing():
    assert np.isnan(kendall_tau(np.ones(3), np.arange(3.0)))


def test_the_interval_of_clear_and_of_close_orders():
    rng = np.random.default_rng(2)
    drawn = Resampling.draw(20, 1, rng, n_resamples=400)
    given_order = np.arange(5.0)
    clear = given_order + rng.normal(scale=0.01, size=(400, 5))
    close = given_order + rng.normal(scale=1.0, size=(400, 5))

    assert kendall_interval(clear, given_order, drawn) == Interval(1.0, 1.0, 0.95, ("identities",))
    found = kendall_interval(given_order, close, drawn)
    assert found.low < found.high <= 1
    expected = [stats.kendalltau(given_order, one).statistic for one in close]
    low, high = np.quantile(expected, [0.025, 0.975], method="weibull")
    assert (found.low, found.high) == pytest.approx((low, high))


def test_both_orders_may_be_resampled():
    rng = np.random.default_rng(3)
    drawn = Resampling.draw(20, 1, rng, n_resamples=400)
    same = rng.random((400, 5))

    assert kendall_interval(same, same, drawn).low == pytest.approx(1)


def test_what_has_no_interval():
    few = Resampling.draw(5, 1, np.random.default_rng(4), n_resamples=20)
    orders = np.random.default_rng(4).random((20, 3))
    assert isinstance(kendall_interval(orders, np.arange(3.0), few), Unavailable)
    with pytest.raises(ProtocolError, match="1 resamples of an order, but 20 were drawn"):
        kendall_interval(np.arange(3.0), np.arange(3.0), few)
    with pytest.raises(ProtocolError, match="3 and 4 methods: orders are compared of the same"):
        kendall_tau(np.ones(3), np.ones(4))
