import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import linregress
from scipy.stats import t as student

from gaitbench.statistics.convergence import LEVEL, NEGLIGIBLE, Convergence, trend_of

STEPS = np.arange(90, 1801, 90)
"""Twenty checks; the last fifth has four of them."""

TIME = STEPS / STEPS[-1]
LEVELS = st.floats(-5, 20)
SCALES = st.floats(0.01, 100)
SEEDS = st.integers(0, 2**32 - 1)


def noisy(curve, noise, seed, n_seeds=1):
    rng = np.random.default_rng(seed)
    return curve + noise * rng.standard_normal((n_seeds, len(STEPS)))


def verdict(training, validation=None):
    unseen = None if validation is None else trend_of(STEPS, np.atleast_2d(validation))
    return Convergence(trend_of(STEPS, np.atleast_2d(training)), unseen)


@given(LEVELS)
def test_a_constant_has_levelled_off(level):
    constant = np.full_like(TIME, level)
    assert trend_of(STEPS, constant[None]).change == 0
    assert verdict(constant, constant).words == "levelled off"


@pytest.mark.parametrize("n_seeds", [1, 3, 5])
def test_a_noisy_constant_seldom_falls_or_rises(n_seeds):
    trends = [trend_of(STEPS, noisy(2.0, 0.1, seed, n_seeds)) for seed in range(2000)]
    # The level of the test, and three standard errors of 2000 trials.
    most = LEVEL + 3 * np.sqrt(LEVEL * (1 - LEVEL) / len(trends))
    assert np.mean([trend.falls for trend in trends]) < most
    assert np.mean([trend.rises for trend in trends]) < most


@given(LEVELS, SCALES, st.floats(25, 200), SEEDS)
def test_a_decay_that_is_long_over_has_levelled_off(level, scale, pace, seed):
    decay = noisy(level + scale * np.exp(-pace * TIME), 0.003 * scale * np.exp(-pace / 20), seed)
    assert not verdict(decay, decay).still_falls


@given(LEVELS, SCALES, SEEDS, st.integers(1, 5))
def test_a_linear_fall_still_falls(level, scale, seed, n_seeds):
    falling = noisy(level - scale * TIME, 0.001 * scale, seed, n_seeds)
    found = verdict(falling)
    assert found.still_falls
    assert found.words == "training still falls"
    assert verdict(falling, falling).words == "training and validation still fall"
    # A line from 1/20 to 1 of the steps loses a fifth of the whole within 19/20 of it.
    assert found.training.change == pytest.approx(-0.2 / 0.95, abs=0.02)


@given(LEVELS, SCALES, st.integers(3, 12))
def test_a_rising_validation_is_overfitting_and_no_warning(level, scale, turn):
    since = STEPS[turn]
    training = level - scale * TIME
    validation = level + scale * np.abs(STEPS - since) / STEPS[-1]
    found = verdict(training, validation)
    assert found.words == f"validation rises since step {since}"
    assert found.overfits
    assert not found.still_falls


def test_a_validation_that_never_fell_excuses_no_falling_training():
    rising, over = np.sqrt(TIME), np.exp(-50 * TIME)
    assert verdict(1 - TIME, rising).words == "training still falls"
    assert verdict(over, rising).words == "validation rises from the start"
    assert not verdict(over, rising).still_falls


def test_noise_that_could_hide_a_fall_is_not_called_level():
    loud = np.exp(-50 * TIME) + 0.1 * (-1) ** np.arange(len(TIME))
    assert verdict(loud).words == "no fall beyond noise"
    assert not verdict(loud).still_falls
    assert verdict(np.exp(-50 * TIME), loud).words == "no fall beyond noise"


def test_validation_alone_may_still_fall():
    assert verdict(np.exp(-50 * TIME), 1 - TIME).words == "validation still falls"


@given(SCALES, LEVELS, SEEDS)
def test_scale_and_level_change_nothing(scale, level, seed):
    losses = noisy(np.exp(-2 * TIME), 0.02, seed, 2)
    one, other = trend_of(STEPS, losses), trend_of(STEPS, level + scale * losses)
    for name in ("change", "low", "high"):
        assert getattr(other, name) == pytest.approx(getattr(one, name), rel=1e-4, abs=1e-6)


@given(SEEDS)
def test_one_seed_is_ordinary_least_squares(seed):
    losses = noisy(1 - TIME, 0.05, seed)
    line = linregress(STEPS[16:], losses[0, 16:])
    scale = 360 / np.ptp(losses)
    margin = student.ppf(1 - LEVEL, 2) * line.stderr
    found = trend_of(STEPS, losses)
    assert found.change == pytest.approx(scale * line.slope)
    assert found.low == pytest.approx(scale * (line.slope - margin))
    assert found.high == pytest.approx(scale * (line.slope + margin))


@given(SEEDS)
def test_several_seeds_share_a_slope_and_have_levels_of_their_own(seed):
    losses = noisy(1 - TIME, 0.05, seed, 3)
    apart = trend_of(STEPS, losses + np.array([[0.0], [5.0], [9.0]]))
    # The obvious way: a column of the slope and one of each seed's level.
    design = np.kron(np.eye(3), np.ones((4, 1)))
    design = np.column_stack([np.tile(STEPS[16:], 3), design])
    fitted, residual, *_ = np.linalg.lstsq(design, losses[:, 16:].ravel())
    error = np.sqrt(residual[0] / 8 * np.linalg.inv(design.T @ design)[0, 0])
    scale = 360 / np.ptp(losses.mean(axis=0))
    assert apart.change == pytest.approx(scale * fitted[0], rel=1e-6)
    assert apart.high - apart.change == pytest.approx(
        scale * student.ppf(1 - LEVEL, 8) * error, rel=1e-6
    )


def test_a_fall_within_what_is_negligible_is_none():
    # The last fifth loses a little less than the limit, without noise.
    lost = 0.7 * NEGLIGIBLE
    bent = np.where(TIME <= 0.8, 1 - TIME, 0.2 - lost * (TIME - 0.8) / 0.2)
    found = trend_of(STEPS, bent[None])
    assert found.high < 0
    assert not found.falls


@pytest.mark.parametrize("n_checks", [1, 2, 4, 15])
def test_few_checks_say_nothing(n_checks):
    steps = np.arange(1, n_checks + 1)
    falling = -steps[None].astype(float)
    assert trend_of(steps, falling) is None
    found = Convergence(None, None)
    assert found.words == "too few steps to say"
    assert not found.still_falls
