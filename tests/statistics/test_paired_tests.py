from itertools import combinations, product

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from gaitbench.core.errors import ProtocolError
from gaitbench.statistics.identity_sums import IdentitySums
from gaitbench.statistics.paired_tests import (
    PairedDifferences,
    SignFlips,
    holm,
    max_t,
    null_distribution,
    p_values,
    paired_differences,
    smallest_detectable,
    swapped_shares,
    variance_of,
)
from gaitbench.statistics.resampling import Resampling, SeedNoise, resample
from gaitbench.statistics.variance import Variance


def methods_of(values):
    """Return a method for each entry of values [methods, seeds, identities], one probe per person."""
    counts = np.ones((values.shape[-1], 1))
    return [IdentitySums(one[..., None], counts, np.array([0])) for one in values]


def all_pairs(methods):
    return list(combinations(range(len(methods)), 2))


def compared(methods, flips):
    return paired_differences(methods, all_pairs(methods), flips)


def all_flips(n):
    signs = np.array(list(product([-1, 1], repeat=n)), np.int8)
    return SignFlips(signs, SeedNoise.draw(1, len(signs), np.random.default_rng(0)))


def test_every_flip_of_few_people_by_hand_and_by_scipy():
    rng = np.random.default_rng(0)
    values = rng.normal(size=(2, 1, 9)) + np.array([0.6, 0.0])[:, None, None]
    flips = all_flips(9)

    found = compared(methods_of(values), flips)

    own = values[0, 0] - values[1, 0]
    extreme = sum(
        abs(np.dot(signs, own)) >= abs(own.sum()) - 1e-9 for signs in product([-1, 1], repeat=9)
    )
    # The identity is among all flips, so 1 is counted once more than scipy does.
    assert found.p[0] == pytest.approx((1 + extreme) / (2**9 + 1))
    theirs = stats.permutation_test(
        (values[0, 0], values[1, 0]), lambda a, b: (a - b).mean(),
        permutation_type="samples", n_resamples=2**9,
    )  # fmt: skip
    assert extreme / 2**9 == pytest.approx(theirs.pvalue)
    assert found.difference[0] == pytest.approx(own.mean())
    assert found.sources == ("identities",)


def test_random_flips_come_close_to_all_flips():
    rng = np.random.default_rng(1)
    methods = methods_of(rng.normal(size=(2, 1, 10)) + np.array([0.5, 0.0])[:, None, None])

    some = compared(methods, SignFlips.draw(10, 1, rng, n_permutations=20_000))

    assert some.p == pytest.approx(compared(methods, all_flips(10)).p, abs=0.01)


def test_cells_and_seeds_by_a_loop():
    rng = np.random.default_rng(2)
    counts = rng.integers(1, 4, (8, 3)).astype(float)
    searches = np.array([0, 0, 1])
    sums = rng.random((3, 4, 8, 3)) * counts
    methods = [IdentitySums(one, counts, searches) for one in sums]
    flips = SignFlips.draw(8, 4, rng, n_permutations=60)

    found = compared(methods, flips)

    assert found.pairs == ((0, 1), (0, 2), (1, 2))
    assert found.sources == ("identities", "seeds")
    weights = [0.25, 0.25, 0.5]
    for pair, (a, b) in enumerate(found.pairs):
        own = np.zeros((4, 8))
        for cell in range(3):
            own += weights[cell] * (sums[a, ..., cell] - sums[b, ..., cell]) / counts[:, cell].sum()
        per_seed = own.sum(axis=1)
        assert found.difference[pair] == pytest.approx(per_seed.mean())
        influence = methods[a].influence() - methods[b].influence()
        variance = variance_of(per_seed, influence)
        seeds = variance.seeds / (variance.seeds + variance.identities)
        people = seeds * influence + (1 - seeds) * own
        extreme = 0
        for i in range(60):
            swapped = sum(flips.signs[i, person] * people[:, person].mean() for person in range(8))
            # Four seeds leave three degrees of freedom, to their own noise alone.
            tails = np.sqrt(3 / stats.chi2.isf(flips.seed_noise.levels[i], 3))
            step = variance.kept * swapped + tails * flips.seed_noise.directions[i] @ per_seed
            extreme += abs(step) >= abs(per_seed.mean())
        alone = sum(
            abs(sum(flips.signs[i, person] * own[:, person].mean() for person in range(8)))
            >= abs(per_seed.mean())
            for i in range(60)
        )
        assert found.p[pair] == pytest.approx((1 + max(extreme, alone)) / 61)


def test_the_variance_in_closed_form_is_that_of_resampling():
    rng = np.random.default_rng(3)
    counts = rng.integers(1, 4, (40, 2)).astype(float)
    sums = IdentitySums(rng.random((3, 40, 2)) * counts, counts, np.array([0, 1]))

    closed = variance_of(sums.metric(), sums.influence())

    drawn = resample(sums, Resampling.draw(40, 3, rng, n_resamples=20_000)).variance
    assert closed.seeds == pytest.approx(drawn.seeds)
    assert closed.kept == pytest.approx(drawn.kept, rel=0.1)
    assert closed.standard_error == pytest.approx(drawn.standard_error, rel=0.1)


@pytest.mark.parametrize("n_seeds", [1, 3])
def test_what_pairs_of_people_do_is_counted_once(n_seeds):
    rng = np.random.default_rng(5)
    sums, effects = rng.normal(size=(2, 2, n_seeds, 40, 1))
    counts, searches = np.ones((40, 1)), np.array([0])
    flips = SignFlips.draw(40, n_seeds, rng, n_permutations=99)
    twice, once = (
        paired_differences(
            [IdentitySums(s, counts, searches, e) for s, e in zip(sums, in_pairs, strict=True)],
            [(0, 1)],
            flips,
        )
        for in_pairs in ((None, None), effects / 2)
    )
    difference = IdentitySums(sums[0] - sums[1], counts, searches)
    values, influence = difference.metric(), difference.influence()
    pairs = (effects[0] - effects[1])[..., 0] / 2 / 40
    whole = variance_of(values, influence).people_alone
    left = variance_of(values, influence, pairs).people_alone
    assert left == pytest.approx(whole - (pairs.mean(axis=0) ** 2).sum() / 2)
    assert left < 0.95 * whole
    # The last one is of people alone.
    np.testing.assert_allclose(once.nulls[-1], np.sqrt(left / whole) * twice.nulls[-1])
    assert once.standard_error < twice.standard_error
    assert once.detectable < twice.detectable


def test_equal_methods_do_not_differ():
    values = np.random.default_rng(4).random((1, 3, 12))
    found = compared(
        methods_of(np.concatenate([values, values])),
        SignFlips.draw(12, 3, np.random.default_rng(4)),
    )

    assert found.difference == pytest.approx([0])
    assert found.p == pytest.approx([1])
    assert found.detectable == pytest.approx([0], abs=1e-12)


@settings(deadline=None, max_examples=25)
@given(seed=st.integers(0, 10_000), n_seeds=st.integers(1, 3), constant=st.floats(-3, 3))
def test_order_of_people_and_methods_and_a_constant_for_all_are_irrelevant(seed, n_seeds, constant):
    rng = np.random.default_rng(seed)
    values = rng.random((3, n_seeds, 11))
    flips = SignFlips.draw(11, n_seeds, rng, n_permutations=200)
    reference = compared(methods_of(values), flips)

    order = rng.permutation(11)
    moved = SignFlips(flips.signs[:, order], flips.seed_noise)
    other = compared(methods_of(constant + values[::-1][..., order]), moved)

    # Reversed, pair (0, 1) is (2, 1), and so on.
    turned = [reference.pairs.index((2 - b, 2 - a)) for a, b in other.pairs]
    np.testing.assert_allclose(other.difference, -reference.difference[turned], atol=1e-12)
    np.testing.assert_allclose(other.standard_error, reference.standard_error[turned], atol=1e-9)
    # Every T* becomes -T*.
    np.testing.assert_allclose(other.p, reference.p[turned])


def test_holm_by_hand():
    adjusted = holm(np.array([0.04, 0.001, 0.03, 0.5]))

    assert adjusted == pytest.approx([0.09, 0.004, 0.09, 0.5])
    assert holm(np.array([0.9, 0.8])) == pytest.approx([1, 1])
    assert holm(np.array([])).shape == (0,)


@settings(deadline=None)
@given(p=st.lists(st.floats(0, 1), min_size=1, max_size=12), seed=st.integers(0, 99))
def test_holm_never_lowers_a_p_value_and_keeps_their_order(p, seed):
    p = np.array(p)
    adjusted = holm(p)

    assert (adjusted >= p).all()
    assert (adjusted <= 1).all()
    assert (adjusted <= np.minimum(1, len(p) * p)).all()
    assert (np.diff(adjusted[np.argsort(p, kind="stable")]) >= 0).all()
    order = np.random.default_rng(seed).permutation(len(p))
    np.testing.assert_allclose(holm(p[order]), adjusted[order])


def test_max_t_by_hand():
    # Two pairs with the standard errors 1 and 2; four permutations.
    null = np.array([[0.5, 4.0], [-1.5, 1.0], [0.2, -2.4], [1.0, 0.0]])
    found = PairedDifferences(
        pairs=((0, 1), (0, 2)),
        difference=np.array([1.2, -4.4]),
        standard_error=np.array([1.0, 2.0]),
        nulls=(null,),
        p=np.zeros(2),
        detectable=np.zeros(2),
        sources=("identities",),
    )

    # The second is the larger one, 2.2, above all of 2, 1.5, 1.2 and 1; the first is left alone then: 1.5.
    assert max_t(found) == pytest.approx([2 / 5, 1 / 5])


@settings(deadline=None, max_examples=20)
@given(seed=st.integers(0, 10_000), n_seeds=st.integers(1, 3))
def test_max_t_never_lowers_a_p_value_and_keeps_the_order_of_differences(seed, n_seeds):
    rng = np.random.default_rng(seed)
    shift = np.array([0.0, 0.1, 0.4])[:, None, None]
    found = compared(
        methods_of(rng.random((3, n_seeds, 12)) + shift),
        SignFlips.draw(12, n_seeds, rng, n_permutations=300),
    )

    corrected = max_t(found)

    assert (corrected >= found.p - 1e-12).all()
    assert (corrected <= 1).all()
    order = np.argsort(-np.abs(found.difference / found.standard_error))
    assert (np.diff(corrected[order]) >= 0).all()


def test_max_t_of_equal_methods_is_one():
    values = np.random.default_rng(4).random((1, 3, 12))
    found = compared(
        methods_of(np.concatenate([values, values])),
        SignFlips.draw(12, 3, np.random.default_rng(4)),
    )

    assert max_t(found) == pytest.approx([1])


def test_p_values_count_the_observation_itself_and_ties():
    null = np.array([[-2.0], [1.0], [2.0], [2.0 - 1e-15], [0.0]])

    assert p_values(null, np.array([2.0])) == pytest.approx([4 / 6])
    assert p_values(null, np.array([-3.0])) == pytest.approx([1 / 6])


def test_the_smallest_detectable_difference_of_a_normal_test():
    null = np.random.default_rng(5).normal(size=(200_000, 1))

    found = smallest_detectable([null], Variance.of(np.ones((1, 1)), np.ones(1), np.zeros(1)))
    of_two = smallest_detectable(
        [null], Variance.of(np.array([[-1.0, 1.0]]), np.zeros(1), np.zeros(1))
    )

    assert found == pytest.approx([1.960 + 0.842], abs=0.02)
    # Cauchy's 80 % quantile.
    assert of_two == pytest.approx([1.960 + np.tan(0.3 * np.pi)], abs=0.02)


def test_a_large_difference_does_not_hide_what_could_be_detected():
    rng = np.random.default_rng(6)
    values = 0.1 * rng.normal(size=(3, 1, 40)) + np.array([5.0, 0.0, 0.0])[:, None, None]
    found = compared(methods_of(values), SignFlips.draw(40, 1, rng))

    assert found.detectable == pytest.approx(2.8 * 0.1 * np.sqrt(2 / 40), rel=0.25)


def test_what_cannot_be_paired_is_refused():
    rng = np.random.default_rng(7)
    methods = methods_of(rng.random((2, 3, 12)))
    flips = SignFlips.draw(12, 3, rng, n_permutations=5)

    with pytest.raises(ProtocolError, match="Of 1 methods no pair"):
        compared(methods[:1], flips)
    more = IdentitySums(methods[1].sums, 2 * methods[1].counts, np.array([0]))
    with pytest.raises(
        ProtocolError, match="Method 1 was not tested on the same probes as method 0"
    ):
        compared([methods[0], more], flips)
    other = IdentitySums(methods[1].sums, methods[1].counts, np.array([1]))
    with pytest.raises(ProtocolError, match="Method 1 was not tested on the same probes"):
        compared([methods[0], other], flips)
    with pytest.raises(
        ProtocolError, match=r"Method 0 has sums of shape .* 2 seeds and 12 identities"
    ):
        compared(methods, SignFlips.draw(12, 2, rng, n_permutations=5))


def test_one_null_distribution_serves_many_differences():
    rng = np.random.default_rng(8)
    shares, values = rng.normal(size=(6, 2, 9)), rng.normal(size=(6, 2, 3))
    variance = Variance.of(values, np.ones((6, 2)), np.ones((6, 2)))
    flips = SignFlips.draw(9, 3, rng, n_permutations=7)

    every = null_distribution(shares, values, variance, flips)

    assert every.shape == (7, 6, 2)
    alone = Variance.of(values[4, 1], np.ones(()), np.ones(()))
    one = null_distribution(shares[4, 1], values[4, 1], alone, flips)
    np.testing.assert_allclose(every[:, 4, 1], one, atol=1e-12)


def test_what_people_have_in_common_is_left_to_seeds_that_vary():
    contributions = np.array([[0.1, 0.3], [0.2, 0.6]])
    influence = contributions - contributions.mean(axis=-1, keepdims=True)
    people = Variance.of(np.zeros(2), np.ones(()), np.zeros(()))
    seeds = Variance.of(np.array([0.0, 2.0]), np.zeros(()), np.zeros(()))

    assert swapped_shares(contributions, influence, people) == pytest.approx([0.15, 0.45])
    assert swapped_shares(contributions, influence, seeds) == pytest.approx([-0.15, 0.15])
