import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gaitbench.core.errors import ProtocolError
from gaitbench.statistics.identity_sums import IdentitySums
from gaitbench.statistics.resampling import Resampling, resample


def test_sums_and_counts_by_hand():
    values = np.array([[1.0, 2.0, 4.0, np.nan, 8.0], [1.0, 1.0, 1.0, np.nan, 1.0]])
    counted = np.array([True, True, True, False, True])

    sums = IdentitySums.of_rows(
        values, counted, np.array([0, 0, 2, 1, 2]), np.array([0, 0, 0, 1, 2]), np.array([0, 0, 1])
    )

    # Cell 1 has no counted row, so it is gone; identity 1 counts nowhere, and stays.
    assert sums.counts.tolist() == [[2, 0], [0, 0], [1, 1]]
    assert sums.sums[0].tolist() == [[3, 0], [0, 0], [4, 8]]
    assert sums.searches.tolist() == [0, 1]
    assert sums.metric().tolist() == pytest.approx([(7 / 3 + 8) / 2, 1])
    assert sums.influence()[1].tolist() == pytest.approx([0, 0, 0])


def test_influence_is_the_derivative_with_respect_to_a_persons_weight():
    cells, searches = np.random.default_rng(5).integers(0, 7, 240), np.array([0, 0, 0, 0, 0, 0, 1])
    rng = np.random.default_rng(6)
    sums = IdentitySums.of_rows(
        rng.random(240), rng.random(240) < 0.7, rng.integers(0, 9, 240), cells, searches
    )

    def weighted(weights):
        return IdentitySums(
            sums.sums * weights[:, None], sums.counts * weights[:, None], sums.searches
        ).metric()

    for i in range(sums.n_identities):
        step = 1e-6 * (np.arange(sums.n_identities) == i)
        slope = (weighted(1 + step) - weighted(1 - step)) / 2e-6
        assert sums.influence()[i] == pytest.approx(slope, abs=1e-8)


@settings(deadline=None, max_examples=30)
@given(seed=st.integers(0, 10_000), constant=st.floats(-5, 5))
def test_order_of_rows_and_identities_is_irrelevant_and_a_constant_is_added(seed, constant):
    rng = np.random.default_rng(seed)
    n = 30
    values, counted = rng.random((2, n)), rng.random(n) < 0.8
    counted[0] = True
    identities, cells, searches = rng.integers(0, 5, n), rng.integers(0, 3, n), np.array([0, 1, 1])
    reference = IdentitySums.of_rows(values, counted, identities, cells, searches, n_identities=5)

    order, names = rng.permutation(n), rng.permutation(5)
    other = IdentitySums.of_rows(
        values[:, order] + constant, counted[order], names[identities[order]], cells[order], searches,
        n_identities=5,
    )  # fmt: skip

    np.testing.assert_allclose(other.metric(), reference.metric() + constant, atol=1e-12)
    np.testing.assert_allclose(other.influence()[:, names], reference.influence(), atol=1e-12)


def draws_of_other_probes(rng, n_draws=3, n_people=40):
    """Return evaluations in which every draw counts other probes of the same people."""
    quality = rng.random(n_people)
    every = []
    for _ in range(n_draws):
        people, cells = (
            np.repeat(np.arange(n_people), 8),
            np.tile([0, 0, 0, 0, 1, 1, 1, 1], n_people),
        )
        counted = rng.random(len(people)) < 0.9
        hits = rng.random(len(people)) < quality[people]
        every.append(IdentitySums.of_rows(hits, counted, people, cells, np.array([0, 1])))
    return every


def test_evaluations_that_count_other_probes_keep_their_metric_and_the_effect_of_people():
    rng = np.random.default_rng(3)
    every = draws_of_other_probes(rng)
    assert not np.array_equal(every[0].counts, every[1].counts)
    together = IdentitySums.together(every, same_probes=False)

    np.testing.assert_allclose(together.metric(), [s.metric() for s in every], atol=1e-12)
    np.testing.assert_allclose(together.influence(), [s.influence() for s in every], atol=1e-12)
    resampling = Resampling.draw(40, 1, rng, n_resamples=4000)
    exact = np.stack([resample(seeds_of(s), resampling).resampled[:, 0] for s in every]).mean(0)
    linear = resample(seeds_of(together.mean(0)), resampling).resampled[:, 0]
    assert linear.std() == pytest.approx(exact.std(), rel=0.01)
    assert np.corrcoef(linear, exact)[0, 1] > 0.999


def test_what_people_do_in_pairs_is_put_on_common_counts_as_their_effects_are():
    rng = np.random.default_rng(5)
    every = [
        IdentitySums(s.sums, s.counts, s.searches, rng.normal(size=s.sums.shape))
        for s in draws_of_other_probes(rng)
    ]

    together = IdentitySums.together(every, same_probes=False)

    expected = [s.pair_effects() for s in every]
    np.testing.assert_allclose(together.pair_effects(), expected, atol=1e-12)
    np.testing.assert_allclose(
        together.reshaped(1, len(every)).mean(1).pair_effects(), [np.mean(expected, axis=0)]
    )
    alone = IdentitySums(every[0].sums, every[0].counts, every[0].searches)
    assert IdentitySums.together([every[0], alone]).in_pairs is None
    assert not alone.pair_effects().any()


def seeds_of(sums):
    return IdentitySums(sums.sums[None], sums.counts, sums.searches)


def test_evaluations_that_count_the_same_probes_are_stacked_as_they_are():
    sums = IdentitySums(np.arange(8.0).reshape(4, 2), np.ones((4, 2)), np.array([0, 0]))
    other = IdentitySums(-sums.sums, sums.counts, sums.searches)
    together = IdentitySums.together([sums, other])
    np.testing.assert_array_equal(together.sums, [sums.sums, other.sums])
    np.testing.assert_array_equal(together.counts, sums.counts)


def test_evaluations_of_other_probes_or_cells_are_refused():
    every = draws_of_other_probes(np.random.default_rng(4))
    with pytest.raises(ProtocolError, match="do not count the same probes"):
        IdentitySums.together(every)
    one_cell = IdentitySums(every[0].sums[:, :1], every[0].counts[:, :1], np.array([0]))
    with pytest.raises(ProtocolError, match="do not count the same probes"):
        IdentitySums.together([every[0], one_cell], same_probes=False)


def test_mean_over_draws():
    sums = IdentitySums(np.arange(24.0).reshape(2, 3, 4, 1), np.ones((4, 1)), np.array([0]))

    assert sums.mean(1).sums.shape == (2, 4, 1)
    np.testing.assert_allclose(sums.mean(1).metric(), sums.metric().mean(axis=1))
    with pytest.raises(ProtocolError, match="Axis 2 is not one of the 2 leading axes"):
        sums.mean(2)


def test_rows_that_make_no_sense_are_refused():
    good = (
        np.ones(3),
        np.array([True, True, False]),
        np.zeros(3, int),
        np.zeros(3, int),
        np.zeros(1, int),
    )

    def refused(match, **changed):
        names = ["values", "counted", "identities", "cells", "cell_searches"]
        with pytest.raises(ProtocolError, match=match):
            IdentitySums.of_rows(**(dict(zip(names, good, strict=True)) | changed))

    refused("3 values, 2 marks of what counts", counted=np.ones(2, bool))
    refused("None of 3 rows counts", counted=np.zeros(3, bool))
    refused("Row 1 counts, but its value is not a finite", values=np.array([1.0, np.nan, np.nan]))
