import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gaitbench.core.errors import ProtocolError
from gaitbench.statistics.identity_sums import IdentitySums
from gaitbench.statistics.intervals import (
    Interval,
    Spread,
    Unavailable,
    ends,
    interval,
    interval_of,
    ratio_interval,
    sources_of_spread,
)
from gaitbench.statistics.resampling import PerSeed, Resampling, apply, resample

PEOPLE = 30


def table(rng, *levels, n_seeds=3, people=PEOPLE, n_resamples=500):
    """Return the resampling and one metric per level: hits of people with ten probes each."""
    hits = rng.binomial(10, np.array(levels)[:, None, None], (len(levels), n_seeds, people))
    sums = IdentitySums(hits[..., None].astype(float), np.full((people, 1), 10.0), np.array([0]))
    drawn = Resampling.draw(people, n_seeds, rng, n_resamples=n_resamples)
    every = resample(sums, drawn)
    one = [PerSeed(every.observed[i], every.resampled[:, i], people) for i in range(len(levels))]
    return drawn, one


def test_an_interval_is_two_percentiles_of_the_combined_resamples():
    drawn, (metric,) = table(np.random.default_rng(0), 0.4, n_resamples=999)

    found = interval(metric, drawn, level=0.9)

    # Of 999 resamples, the 50th from either side cuts off 5 %.
    ordered = np.sort(metric.combined(drawn.seed_noise))
    assert found == Interval(ordered[49], ordered[949], 0.9, ("identities", "seeds"))
    assert found.low < metric.observed.mean() < found.high


@settings(deadline=None, max_examples=30)
@given(seed=st.integers(0, 10_000), n_seeds=st.integers(2, 4), level=st.floats(0.1, 0.9))
def test_several_seeds_are_never_narrower_than_people_alone(seed, n_seeds, level):
    drawn, (metric,) = table(np.random.default_rng(seed), level, n_seeds=n_seeds)

    found = interval(metric, drawn)

    low, high = ends(metric.people_alone(drawn.seed_noise))
    assert found.low <= low
    assert found.high >= high


def test_two_seeds_that_agree_by_chance_do_not_make_a_number_certain():
    # They recognise equally many of 40 people, but half of those are others: all is left to the seeds then,
    # and these do not vary.
    first, second = np.arange(40) % 2, np.arange(40) // 2 % 2
    hits = 10.0 * np.stack([first, second])[..., None]
    drawn = Resampling.draw(40, 2, np.random.default_rng(0), n_resamples=999)
    metric = resample(IdentitySums(hits, np.full((40, 1), 10.0), np.array([0])), drawn)
    assert ends(metric.combined(drawn.seed_noise)) == pytest.approx((0.5, 0.5), abs=0.06)

    found = interval(metric, drawn)

    error = (first + second).std() / 2 / np.sqrt(40)
    assert found.high - found.low == pytest.approx(2 * 2.02 * error, rel=0.1)


def test_one_seed_leaves_identities_alone():
    drawn, (metric,) = table(np.random.default_rng(1), 0.4, n_seeds=1)

    assert interval(metric, drawn).sources == ("identities",)


def test_too_few_identities():
    for people, available in ((9, False), (10, True)):
        drawn, (metric,) = table(np.random.default_rng(2), 0.4, people=people)
        assert isinstance(interval(metric, drawn), Interval) == available
    drawn, (metric,) = table(np.random.default_rng(2), 0.4, people=9)
    reason = "9 identities are too few for an interval: it needs at least 10"
    assert interval(metric, drawn) == Unavailable(reason)


def test_shares_end_at_0_and_1():
    drawn, (low, high) = table(np.random.default_rng(3), 0.004, 0.996)

    beyond = interval(low, drawn).low, interval(high, drawn).high
    within = interval(low, drawn, is_share=True).low, interval(high, drawn, is_share=True).high

    assert beyond[0] < 0
    assert beyond[1] > 1
    assert within == (0, 1)


def test_a_value_that_seldom_exists_has_no_interval():
    drawn, _ = table(np.random.default_rng(4), 0.5)
    resamples = np.arange(500.0)
    resamples[:5] = np.nan
    assert isinstance(interval_of(resamples, drawn), Interval)
    resamples[5] = np.nan
    found = interval_of(resamples, drawn)
    assert found == Unavailable("the value does not exist on 6 of 500 resamples of the identities")


def test_a_ratio_of_the_same_people_is_surer_than_its_parts():
    rng = np.random.default_rng(5)
    easy = rng.uniform(0.2, 0.8, PEOPLE)
    sums = np.stack([np.tile(easy, (3, 1)), np.tile(easy / 2, (3, 1))])[..., None]
    drawn = Resampling.draw(PEOPLE, 3, rng, n_resamples=500)
    both = resample(IdentitySums(sums, np.ones((PEOPLE, 1)), np.array([0])), drawn)
    whole, part = (PerSeed(both.observed[i], both.resampled[:, i], PEOPLE) for i in (0, 1))

    found = ratio_interval(part, whole, drawn, chance=0.02)

    assert (found.low, found.high) == pytest.approx((0.5, 0.5))
    assert interval(whole, drawn).high - interval(whole, drawn).low > 0.05


def test_a_ratio_by_a_loop():
    drawn, (part, whole) = table(np.random.default_rng(6), 0.3, 0.7)

    found = ratio_interval(part, whole, drawn, chance=0.01)

    assert found == interval(apply(np.divide, part, whole), drawn)
    assert found.low < (part.observed / whole.observed).mean() < found.high


def test_a_divisor_near_chance_has_no_ratio():
    drawn, (part, whole) = table(np.random.default_rng(7), 0.3, 0.5)
    low = interval(whole, drawn).low

    assert isinstance(ratio_interval(part, whole, drawn, chance=low / 2.01), Interval)
    found = ratio_interval(part, whole, drawn, chance=low / 1.99)
    assert isinstance(found, Unavailable)
    assert found.reason == (
        f"the divisor may be near chance: its interval begins at {low:.3g}, and twice the chance "
        f"level is {2 * low / 1.99:.3g}"
    )


def test_the_reason_of_the_divisor_is_that_of_the_ratio():
    drawn, (part, whole) = table(np.random.default_rng(8), 0.3, 0.5, people=5)

    assert "5 identities are too few" in ratio_interval(part, whole, drawn, chance=0.01).reason


@settings(deadline=None, max_examples=30)
@given(
    seed=st.integers(0, 10_000), n_seeds=st.integers(1, 4), constant=st.floats(-3, 3),
    factor=st.floats(0.1, 10),
)  # fmt: skip
def test_intervals_hold_the_value_and_follow_a_change_of_unit(seed, n_seeds, constant, factor):
    rng = np.random.default_rng(seed)
    values = rng.normal(size=(n_seeds, PEOPLE, 1))
    drawn = Resampling.draw(PEOPLE, n_seeds, rng, n_resamples=300)

    def found(values):
        sums = IdentitySums(values, np.ones((PEOPLE, 1)), np.array([0]))
        return interval(resample(sums, drawn), drawn)

    one, other = found(values), found(constant + factor * values)

    assert one.low < values.mean() < one.high
    assert other.low == pytest.approx(constant + factor * one.low, abs=1e-9)
    assert other.high == pytest.approx(constant + factor * one.high, abs=1e-9)


def test_only_one_statistic_has_an_interval():
    drawn, _ = table(np.random.default_rng(9), 0.5)
    with pytest.raises(ProtocolError, match=r"values of shape \(seeds,\), not \(2, 3\)"):
        interval(PerSeed(np.ones((2, 3)), np.ones((500, 2, 3)), PEOPLE), drawn)


@pytest.mark.parametrize("level", [0.0, 1.0, 95.0])
def test_a_level_is_a_share(level):
    with pytest.raises(ProtocolError, match=f"level={level:g} is not a coverage in"):
        ends(np.arange(5.0), level=level)


def over_draws(values, resampled=None):
    """Return values (K, D) with resamples (n, K) of their mean over draws, of very many people."""
    resampled = np.ones((9, len(values))) if resampled is None else resampled
    return values, PerSeed(values.mean(axis=1), resampled, 10**9)


def test_sources_by_hand():
    values = np.array([[0.2, 0.4], [0.6, 0.6], [0.5, 0.1]])
    resampled = np.array([[0.1, 0.2, 0.3], [0.3, 0.4, 0.5]])

    found = sources_of_spread(*over_draws(values, resampled))

    within = (0.02 + 0.0 + 0.08) / 3
    between = np.var([0.3, 0.6, 0.3], ddof=1)
    assert found.draws == pytest.approx(np.sqrt(within / 6))
    assert found.seeds == pytest.approx(np.sqrt((between - within / 2) / 3))
    assert found.identities == pytest.approx(np.std([0.2, 0.4]))


def test_sources_that_were_not_varied_are_not_said():
    assert sources_of_spread(*over_draws(np.array([[0.5]]))) == Spread(0.0, None, None)
    one_seed = sources_of_spread(*over_draws(np.array([[0.5, 0.7]])))
    assert one_seed.seeds is None
    assert one_seed.draws == pytest.approx(0.1)
    one_draw = sources_of_spread(*over_draws(np.array([[0.5], [0.7]])))
    assert one_draw.draws is None
    assert one_draw.seeds == pytest.approx(0.1)


def test_seeds_that_differ_less_than_draws_add_nothing():
    assert sources_of_spread(*over_draws(np.array([[0.1, 0.9], [0.9, 0.1]]))).seeds == 0


def test_sources_are_found_in_simulated_tables():
    rng = np.random.default_rng(10)
    found = []
    for _ in range(400):
        values = 0.2 * rng.normal(size=(4, 1)) + 0.3 * rng.normal(size=(4, 3))
        found.append(sources_of_spread(*over_draws(values)))
    assert np.mean([f.draws**2 for f in found]) == pytest.approx(0.3**2 / 12, rel=0.1)
    # Truncation at 0 adds a little.
    assert 1 <= np.mean([f.seeds**2 for f in found]) / (0.2**2 / 4) < 1.3


def test_shapes_of_sources():
    with pytest.raises(ProtocolError, match=r"shape \(3, 2\) are not .* shape \(2,\) are not"):
        sources_of_spread(np.ones((3, 2)), over_draws(np.ones((2, 2)))[1])
