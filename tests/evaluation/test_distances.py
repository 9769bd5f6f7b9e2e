import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gaitbench.core.arrays import Floats
from gaitbench.core.errors import PluginError, ProtocolError, UnknownNameError
from gaitbench.evaluation.distances.base import (
    NEUTRAL_WEIGHT,
    Distance,
    PairVisibility,
    distances,
    get_distance,
)
from gaitbench.evaluation.distances.cosine import Cosine
from gaitbench.evaluation.distances.euclidean import Euclidean


def embeddings(n: int, *, seed: int = 0, c: int = 6, p: int = 3, offset: float = 0.0) -> Floats:
    values = np.random.default_rng(seed).standard_normal((n, c, p)) + offset
    return values.astype(np.float32)


def slow_euclidean(a: Floats, b: Floats) -> Floats:
    a, b = a.astype(np.float64), b.astype(np.float64)
    return np.array([[np.mean([np.linalg.norm(x[:, k] - y[:, k]) for k in range(x.shape[1])])
                      for y in b] for x in a])  # fmt: skip


def slow_cosine(a: Floats, b: Floats) -> Floats:
    def similarity(x: Floats, y: Floats) -> Floats:
        return x @ y / (np.linalg.norm(x) * np.linalg.norm(y))

    a, b = a.astype(np.float64), b.astype(np.float64)
    return np.array([[1 - np.mean([similarity(x[:, k], y[:, k]) for k in range(x.shape[1])])
                      for y in b] for x in a])  # fmt: skip


@pytest.mark.parametrize("n", [1, 5, 130, 257])
@pytest.mark.parametrize(("fast", "slow"), [(Euclidean, slow_euclidean), (Cosine, slow_cosine)])
def test_equals_the_loop_for_any_number_of_blocks(fast, slow, n):
    probe, gallery = embeddings(n), embeddings(7, seed=1)

    found = fast()(probe, gallery)

    assert found.dtype == np.float32
    assert found.shape == (n, 7)
    np.testing.assert_allclose(found, slow(probe, gallery), rtol=5e-7, atol=5e-7)


def test_euclidean_keeps_its_digits_far_from_the_origin():
    """The float32 expansion would be off by about 0.3 here."""
    probe, gallery = embeddings(5, offset=1000), embeddings(7, seed=1, offset=1000)

    expected = slow_euclidean(probe, gallery)

    np.testing.assert_allclose(Euclidean()(probe, gallery), expected, rtol=1e-6)


def test_equal_embeddings_have_distance_zero():
    probe = embeddings(40, c=64, p=16, offset=3)

    assert (np.diag(Euclidean()(probe, probe)) == 0).all()
    np.testing.assert_allclose(np.diag(Cosine()(probe, probe)), 0, atol=1e-7)


def test_zero_embeddings():
    zero, other = np.zeros((1, 6, 3), np.float32), embeddings(2)

    np.testing.assert_allclose(Euclidean()(zero, other), slow_euclidean(zero, other), rtol=1e-6)
    assert Euclidean()(zero, zero) == 0
    np.testing.assert_array_equal(Cosine()(zero, other), 1)


@pytest.mark.parametrize("dtype", [np.float16, np.float64])
def test_other_precisions(dtype):
    probe: Floats = embeddings(4).astype(dtype)
    gallery: Floats = embeddings(5, seed=1).astype(dtype)

    np.testing.assert_allclose(
        Euclidean()(probe, gallery), slow_euclidean(probe, gallery), rtol=1e-6
    )


@settings(deadline=None)
@given(seed=st.integers(0, 2**32 - 1), name=st.sampled_from(sorted(distances.names())))
def test_symmetric_and_not_negative(seed, name):
    distance = get_distance(name)
    a, b = embeddings(4, seed=seed), embeddings(6, seed=seed + 1)

    found = distance(a, b)

    assert (found >= 0).all()
    np.testing.assert_allclose(found, distance(b, a).T, rtol=1e-6)


def test_inputs_stay_as_they_were():
    probe, gallery = embeddings(4), embeddings(5, seed=1)
    kept = probe.copy(), gallery.copy()

    for distance in map(get_distance, distances.names()):
        distance(probe, gallery)

    np.testing.assert_array_equal(probe, kept[0])
    np.testing.assert_array_equal(gallery, kept[1])


def test_not_finite_names_the_rows():
    probe, gallery = embeddings(9), embeddings(5, seed=1)
    gallery[1, 0, 0], gallery[4, 2, 1] = np.nan, np.inf

    with pytest.raises(ProtocolError, match=r"2 of 5 gallery embeddings .* \(rows 1, 4\)"):
        Euclidean()(probe, gallery)


def test_a_long_list_of_rows_is_cut():
    with pytest.raises(ProtocolError, match=r"20 of 20 probe .* 9, …\)"):
        Cosine()(np.full((20, 6, 3), np.nan), embeddings(2))


@pytest.mark.parametrize("shape", [(4, 6), (4, 6, 2), (4, 5, 3)])
def test_shapes_must_fit(shape):
    with pytest.raises(ProtocolError, match="of one model"):
        Euclidean()(np.zeros(shape), embeddings(3))


@pytest.mark.parametrize(
    ("between", "message"),
    [
        (
            lambda p, g: np.zeros((len(g), len(p))),
            r"returned ndarray of shape 3×2 .*; it must return 2×3",
        ),
        (
            lambda p, g: np.full((len(p), len(g)), np.nan),
            "returned nan for 6 of 6 pairs; distances must be finite",
        ),
        (lambda p, g: p[:, 0, 0] @ g[:, 0], r"Odd\.between\(\) raised ValueError"),
    ],
)
def test_a_distance_that_gives_no_distances_is_named(between, message):
    class Odd(Distance):
        about = "odd"

        def between(self, probe, gallery):
            return between(probe, gallery)

    with pytest.raises(PluginError, match=message):
        Odd()(embeddings(2), embeddings(3, seed=1))


# Parts that are weighed by what both clips show


def slow_visible(slow, a, b, visibility):
    """Return the weighted mean over the parts, one pair and part at a time."""
    values = np.zeros((len(a), len(b)))
    for i, x in enumerate(a):
        for j, y in enumerate(b):
            weights = (visibility.probe[i] * visibility.gallery[j]) ** 2 / x.shape[1]
            parts = [
                slow(x[None, :, k : k + 1], y[None, :, k : k + 1])[0, 0] for k in range(x.shape[1])
            ]
            total = weights @ parts + NEUTRAL_WEIGHT * visibility.neutral
            values[i, j] = total / (weights.sum() + NEUTRAL_WEIGHT)
    return values


def shares(n, *, seed, p=3):
    rng = np.random.default_rng(seed)
    return (rng.random((n, p)) * rng.integers(0, 2, (n, p))).astype(np.float32)


@pytest.mark.parametrize("n", [1, 130])
@pytest.mark.parametrize(("fast", "slow"), [(Euclidean, slow_euclidean), (Cosine, slow_cosine)])
def test_weighted_parts_equal_the_loop_for_any_number_of_blocks(fast, slow, n):
    probe, gallery = embeddings(n), embeddings(7, seed=1)
    visibility = PairVisibility(shares(n, seed=2), shares(7, seed=3), 1.25)

    found = fast()(probe, gallery, visibility)

    expected = slow_visible(slow, probe, gallery, visibility)
    np.testing.assert_allclose(found, expected, rtol=2e-6, atol=2e-6)


@pytest.mark.parametrize("kind", [Euclidean, Cosine])
def test_clips_that_share_nothing_are_at_the_neutral_distance(kind):
    probe, gallery = embeddings(2), embeddings(40, seed=1)
    nothing, all_of_it = np.zeros((2, 3), np.float32), np.ones((40, 3), np.float32)

    visibility = kind().pair_visibility(gallery, nothing, all_of_it)

    found = kind()(probe, gallery, visibility)
    among = kind()(gallery, gallery)[~np.eye(40, dtype=bool)]
    assert np.ptp(found) == 0
    np.testing.assert_allclose(found[0, 0], among.mean(), rtol=1e-5)


@pytest.mark.parametrize("kind", [Euclidean, Cosine])
def test_entries_that_share_nothing_do_not_change_what_is_neutral(kind):
    gallery = embeddings(60, seed=1)
    halves = np.where(np.arange(60)[:, None] % 2, [1.0, 0, 0], [0, 1.0, 1.0])
    of_probes = np.ones((1, 3))

    neutral = kind().pair_visibility(gallery, of_probes, halves).neutral

    odd, even = (np.arange(60) % 2 == k for k in (1, 0))
    shrunk = [
        kind()(gallery[rows], gallery[rows], PairVisibility(halves[rows], halves[rows], neutral))
        for rows in (odd, even)
    ]
    sharing = np.concatenate([d[~np.eye(30, dtype=bool)] for d in shrunk])
    np.testing.assert_allclose(sharing.mean(), neutral, rtol=1e-5)


def test_a_gallery_that_shares_nothing_has_a_neutral_distance_of_0():
    gallery, apart = embeddings(3), np.eye(3)
    assert Euclidean().pair_visibility(gallery, apart, apart).neutral == 0
    assert Euclidean().pair_visibility(gallery[:1], apart[:1], apart[:1]).neutral == 0


@pytest.mark.parametrize("kind", [Euclidean, Cosine])
def test_whole_clips_are_ranked_as_without_visibility(kind):
    probe, gallery = embeddings(5), embeddings(9, seed=1)
    whole = PairVisibility(np.ones((5, 3)), np.ones((9, 3)), 0.7)

    found = kind()(probe, gallery, whole)

    plain = kind()(probe, gallery)
    np.testing.assert_array_equal(found.argsort(axis=1), plain.argsort(axis=1))


@pytest.mark.parametrize("kind", [Euclidean, Cosine])
def test_what_is_hidden_in_one_clip_does_not_count(kind):
    probe, gallery = embeddings(4), embeddings(6, seed=1)
    seen = np.array([[1.0, 0.0, 0.5]] * 4)
    visibility = PairVisibility(seen, np.ones((6, 3)), 1.0)
    before = kind()(probe, gallery, visibility)

    probe[:, :, 1] += 100

    np.testing.assert_allclose(kind()(probe, gallery, visibility), before, rtol=1e-6)


def test_a_distance_that_knows_no_visibility_ignores_it():
    class Plain(Distance):
        about = "plain"

        def between(self, probe, gallery):
            return np.abs(probe[:, None] - gallery[None]).sum((2, 3))

    probe, gallery = embeddings(4), embeddings(6, seed=1)
    visibility = Plain().pair_visibility(gallery, np.zeros((4, 3)), np.zeros((6, 3)))
    np.testing.assert_array_equal(Plain()(probe, gallery, visibility), Plain()(probe, gallery))


def test_unknown_name_offers_the_nearest():
    with pytest.raises(UnknownNameError, match="Did you mean 'euclidean'"):
        get_distance("euclid")
