import numpy as np
import pytest
from scipy import stats

from gaitbench.core.errors import ProtocolError
from gaitbench.statistics import resampling as module
from gaitbench.statistics.identity_sums import IdentitySums
from gaitbench.statistics.paired_tests import variance_of
from gaitbench.statistics.resampling import (
    PerSeed,
    Resampling,
    SeedNoise,
    apply,
    blocks,
    resample,
)
from gaitbench.statistics.variance import Variance


def made_up_sums(rng, n_seeds=3, n_identities=12, n_cells=4, methods=2):
    counts = rng.integers(0, 3, (n_identities, n_cells)).astype(float)
    counts[0] = 1
    sums = counts * rng.random((methods, n_seeds, n_identities, n_cells))
    return IdentitySums(sums, counts, np.array([0, 0, 1, 2])[:n_cells])


def slow_metric(sums, drawn):
    """Return the metric of a list of people by loops; people may stand in it several times."""
    by_search: dict[int, list[float]] = {}
    for cell, search in enumerate(sums.searches):
        total, n = 0.0, 0
        for person in drawn:
            total += sums.sums[..., person, cell]
            n += sums.counts[person, cell]
        if n:
            by_search.setdefault(search, []).append(total / n)
    return np.mean([np.mean(cells, axis=0) for cells in by_search.values()], axis=0)


@pytest.mark.parametrize("block", [2**22, 50])
def test_resamples_are_those_of_a_loop_over_people(block, monkeypatch):
    monkeypatch.setattr(module, "_BLOCK", block)
    rng = np.random.default_rng(0)
    sums = made_up_sums(rng)
    sums.counts[1:, 3] = 0
    sums.sums[:, :, 1:, 3] = 0
    drawn = Resampling.draw(12, 3, rng, n_resamples=40)

    metric = resample(sums, drawn)

    # Cell 3 has one person alone, who is missing in about a third of the resamples.
    assert 0 < (drawn.counts[:, 0] == 0).sum() < 40
    np.testing.assert_allclose(metric.observed, slow_metric(sums, range(12)), atol=1e-12)
    for b in range(40):
        people = np.repeat(np.arange(12), drawn.counts[b])
        np.testing.assert_allclose(metric.resampled[b], slow_metric(sums, people), atol=1e-12)


def test_a_resample_without_any_probe_has_no_value():
    sums = IdentitySums(np.ones((1, 5, 1)), np.eye(5)[:, :1], np.array([0]))
    drawn = Resampling.draw(5, 1, np.random.default_rng(0), n_resamples=50)

    metric = resample(sums, drawn)

    missing = drawn.counts[:, 0] == 0
    assert missing.any()
    assert np.isnan(metric.resampled[missing]).all()
    assert np.isfinite(metric.resampled[~missing]).all()
    assert np.isfinite(metric.variance.standard_error)


def test_people_are_drawn_with_replacement():
    drawn = Resampling.draw(20, 2, np.random.default_rng(1), n_resamples=20_000)

    assert (drawn.counts.sum(axis=1) == 20).all()
    # Binomial with 20 trials of probability 1/20, and multinomial correlation.
    assert drawn.counts.mean(axis=0) == pytest.approx(1, abs=0.03)
    assert drawn.counts.var(axis=0) == pytest.approx(0.95, abs=0.05)
    correlation = np.corrcoef(*drawn.counts[:, :2].T)[0, 1]
    assert correlation == pytest.approx(-1 / 19, abs=0.03)


def test_the_same_generator_draws_the_same():
    one, two = (Resampling.draw(7, 3, np.random.default_rng(4), n_resamples=9) for _ in range(2))

    np.testing.assert_array_equal(one.counts, two.counts)
    np.testing.assert_array_equal(one.seed_noise.directions, two.seed_noise.directions)


def test_identity_means_agree_with_scipy():
    rng = np.random.default_rng(2)
    values = rng.normal(size=(1, 40, 1))
    drawn = Resampling.draw(40, 1, rng)

    ours = resample(IdentitySums(values, np.ones((40, 1)), np.array([0])), drawn).resampled[:, 0]

    theirs = stats.bootstrap(
        (values.ravel(),), np.mean, n_resamples=10_000, method="percentile", rng=rng
    )
    assert ours.std() == pytest.approx(theirs.standard_error, rel=0.03)
    # Resampling repeats the variance of the sample, which divides by n.
    assert ours.std() == pytest.approx(values.std() / np.sqrt(40), rel=0.03)
    low, high = np.quantile(ours, [0.025, 0.975])
    width = values.std() / np.sqrt(40)
    assert low == pytest.approx(theirs.confidence_interval.low, abs=0.1 * width)
    assert high == pytest.approx(theirs.confidence_interval.high, abs=0.1 * width)


@pytest.mark.parametrize("n_seeds", [2, 3, 5])
def test_noise_of_seeds_alone_is_a_t_distribution_for_every_statistic(n_seeds):
    rng = np.random.default_rng(n_seeds)
    noise = SeedNoise.draw(n_seeds, 20_000, rng)
    values = rng.normal(size=(4, n_seeds))

    freedom = np.full(4, n_seeds - 1.0)
    found = noise.of(values) * noise.t_scale(freedom)

    error = values.std(axis=1, ddof=1) / np.sqrt(n_seeds)
    for i in range(4):
        fit = stats.ks_1samp(found[:, i] / error[i], stats.t(n_seeds - 1).cdf)
        assert fit.pvalue > 1e-3
    # Joint: the noise of a difference is the difference of the noise.
    np.testing.assert_allclose(
        noise.of(values[0] - values[1]), noise.of(values[0]) - noise.of(values[1]), atol=1e-12
    )
    assert (noise.t_scale(np.array([np.inf])) == 1).all()


def test_one_seed_has_no_noise():
    assert (SeedNoise.draw(1, 5, np.random.default_rng(0)).of(np.array([3.0])) == 0).all()


def test_combined_resamples_by_a_loop():
    rng = np.random.default_rng(6)
    drawn = Resampling.draw(12, 3, rng, n_resamples=300)
    metric = resample(made_up_sums(rng), drawn)

    combined = metric.combined(drawn.seed_noise)

    for method in range(2):
        values, resampled = metric.observed[method], metric.resampled[:, method]
        of_mean = resampled.mean(axis=1).var() * 12 / 11
        deviations = resampled - resampled.mean(axis=1, keepdims=True)
        together = sum(deviations[:, k].var() for k in range(3)) / 2 * 12 / 11
        people = max(0.0, of_mean - together / 3)
        seeds = values.var(ddof=1) / 3
        freedom = 1 / (seeds / (people + seeds) / 2 + people / (people + seeds) / 11)
        for b in range(0, 300, 29):
            scale = np.sqrt(freedom / stats.chi2.isf(drawn.seed_noise.levels[b], freedom))
            move = np.sqrt(people / resampled.mean(axis=1).var())
            step = move * (resampled[b].mean() - values.mean())
            step += drawn.seed_noise.directions[b] @ values
            assert combined[b, method] == pytest.approx(values.mean() + scale * step)


def test_people_alone_by_a_loop():
    rng = np.random.default_rng(6)
    drawn = Resampling.draw(12, 3, rng, n_resamples=300)
    metric = resample(made_up_sums(rng), drawn)

    alone = metric.people_alone(drawn.seed_noise)

    for b in range(0, 300, 29):
        scale = np.sqrt(11 / stats.chi2.isf(drawn.seed_noise.levels[b], 11) * 12 / 11)
        for method in range(2):
            mean = metric.observed[method].mean()
            step = metric.resampled[b, method].mean() - mean
            assert alone[b, method] == pytest.approx(mean + scale * step)


def test_seeds_that_are_alike_by_chance_leave_no_less_than_people_alone():
    people = np.array([4.0, 4.0])
    variance = Variance.of(np.array([[1.0, 1.0], [0.0, 8.0]]), people, np.array([8.0, 8.0]))

    assert variance.seeds == pytest.approx([0, 16])
    assert variance.identities == pytest.approx([0, 0])
    assert variance.standard_error == pytest.approx([2, 4])


def test_the_parts_of_the_variance_of_a_two_way_table():
    """People, seeds and both together: each part is found, on average over tables."""
    rng = np.random.default_rng(7)
    n, people, seeds, together = 400, 50, 4, 0.5
    values = rng.normal(size=(n, 1, people)) + 0.3 * rng.normal(size=(n, seeds, 1))
    values = values + together * rng.normal(size=(n, seeds, people))
    sums = IdentitySums(values[..., None], np.ones((people, 1)), np.array([0]))

    variance = resample(sums, Resampling.draw(people, seeds, rng, n_resamples=500)).variance

    assert variance.identities.mean() == pytest.approx(1 / people, rel=0.05)
    expected = (0.3**2 + together**2 / people) / seeds
    assert variance.seeds.mean() == pytest.approx(expected, rel=0.1)


def test_what_pairs_of_people_do_is_counted_once():
    """A mean of people and of pairs: resampling and its closed form find the variance of new people."""
    rng = np.random.default_rng(9)
    n, people, kept, spread = 300, 40, [], []
    for _ in range(n):
        pairs = np.triu(rng.normal(size=(people, people)), 1)
        pairs += pairs.T
        # A jackknife gives each person what leaving it out would take away: pairs of both.
        alone = (pairs.sum(axis=0) - pairs.sum() / (2 * (people - 1))) / (people - 2)
        signs = np.triu(rng.choice([-1.0, 1.0], pairs.shape), 1)
        signs += signs.T
        apart = ((pairs - alone - alone[:, None]) * signs).sum(axis=1)
        own = 2 * rng.normal(size=people)
        kept.append((own + pairs.sum(axis=0) - pairs.sum() / people / 2, apart))
        spread.append((own.sum() + pairs.sum() / 2) / people)
    values, apart = (np.array(column)[:, None, :, None] for column in zip(*kept, strict=True))
    sums = IdentitySums(values, np.ones((people, 1)), np.array([0]), apart)

    drawn = resample(sums, Resampling.draw(people, 1, rng, n_resamples=999)).variance
    closed = variance_of(sums.metric(), sums.influence(), sums.pair_effects())

    # People add 4, and each the half of its pairs; a jackknife all of them.
    true = (4 + (people - 1) / 2) / people
    assert np.var(spread) == pytest.approx(true, rel=0.25)
    assert closed.resampled.mean() == pytest.approx((4 + people - 1) / people, rel=0.1)
    assert closed.people_alone.mean() == pytest.approx(true, rel=0.1)
    assert drawn.people_alone.mean() == pytest.approx(true, rel=0.1)


def test_pairs_of_people_are_at_most_half_of_what_counts_them_twice():
    large = np.array([[[9.0, 9.0], [0.0, 0.0]]])
    variance = Variance.of(np.ones((1, 2)), np.array([4.0]), np.array([2.0]), pair_effects=large)
    assert variance.people_alone.tolist() == [2.0]
    assert variance.identities.tolist() == [1.5]
    assert variance.kept_alone == pytest.approx([np.sqrt(0.5)])


@pytest.mark.parametrize("n_seeds", [1, 3])
def test_resamples_spread_as_if_pairs_of_people_were_counted_once(n_seeds):
    rng = np.random.default_rng(13)
    sums, effects = rng.normal(size=(2, n_seeds, 50, 1))
    drawn = Resampling.draw(50, n_seeds, rng, n_resamples=200)
    twice = resample(IdentitySums(sums, np.ones((50, 1)), np.array([0])), drawn)
    once = resample(IdentitySums(sums, np.ones((50, 1)), np.array([0]), effects / 2), drawn)

    # Pairs add half of the mean square over seeds, divided by the number of people for each.
    mean = effects[..., 0].mean(axis=0) / 2 / 50
    left = twice.variance.people_alone - (mean**2).sum() / 2
    assert once.variance.people_alone == pytest.approx(left)
    assert left < 0.95 * twice.variance.people_alone
    kept = np.sqrt(left / twice.variance.people_alone)
    ours, theirs = (p.people_alone(drawn.seed_noise) - p.observed.mean() for p in (once, twice))
    np.testing.assert_allclose(ours, kept * theirs, atol=1e-12)


def test_functions_move_with_pairs_of_people():
    rng = np.random.default_rng(12)
    part, whole = (
        PerSeed(rng.random(3) + 1, rng.random((5, 3)), 12, rng.normal(size=(3, 12)) / 100)
        for _ in range(2)
    )
    difference, ratio = apply(np.subtract, part, whole), apply(np.divide, part, whole)
    np.testing.assert_allclose(difference.pair_effects, part.pair_effects - whole.pair_effects)
    first = (part.pair_effects - ratio.observed[:, None] * whole.pair_effects) / whole.observed[
        :, None
    ]
    np.testing.assert_allclose(ratio.pair_effects, first, atol=1e-3)
    assert (
        apply(np.subtract, part, PerSeed(whole.observed, whole.resampled, 12)).pair_effects is None
    )


def test_degrees_of_freedom_lie_between_those_of_both_parts():
    values = np.array([[1.0, 2.0, 3.0]] * 3)
    people = np.array([0.0, 1 / 3, 1e9])

    variance = Variance.of(values, people, np.zeros(3), identities_freedom=59)

    assert variance.seeds == pytest.approx(1 / 3)
    assert variance.freedom == pytest.approx([2, 1 / (0.5 / 2 + 0.5 / 59), 59])
    assert variance.standard_error[:2] == pytest.approx([np.sqrt(1 / 3), np.sqrt(2 / 3)])


def test_nothing_varies():
    variance = Variance.of(np.ones((2, 3)), np.zeros(2), np.zeros(2))

    assert variance.standard_error.tolist() == [0, 0]
    assert np.isinf(variance.freedom).all()


def test_functions_are_applied_per_seed_and_resample():
    rng = np.random.default_rng(8)
    part, whole = (
        PerSeed(rng.random(3), rng.random((5, 3)), 12),
        PerSeed(rng.random(3), rng.random((5, 3)), 12),
    )

    ratio = apply(np.divide, part, whole)

    np.testing.assert_array_equal(ratio.observed, part.observed / whole.observed)
    np.testing.assert_array_equal(ratio.resampled, part.resampled / whole.resampled)
    assert ratio.n_identities == 12


def test_what_does_not_fit_is_refused():
    rng = np.random.default_rng(0)
    drawn = Resampling.draw(11, 3, rng, n_resamples=4)

    with pytest.raises(ProtocolError, match="12 identities meet resamples of 11"):
        resample(made_up_sums(rng), drawn)
    with pytest.raises(ProtocolError, match="2 seeds meet noise that was drawn for 3"):
        drawn.seed_noise.of(np.ones(2))
    with pytest.raises(ProtocolError, match="4 resamples of 0 identities and 3 seeds"):
        Resampling.draw(0, 3, rng, n_resamples=4)


def test_blocks_cover_every_row_once():
    assert [(b.start, b.stop) for b in blocks(5, module._BLOCK // 2)] == [(0, 2), (2, 4), (4, 5)]
    assert [(b.start, b.stop) for b in blocks(2, 10**9)] == [(0, 1), (1, 2)]
