import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gaitbench.core.arrays import Floats
from gaitbench.core.errors import PluginError, ProtocolError, UnknownNameError
from gaitbench.evaluation.distances.base import Distance, distances, get_distance
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


def test_unknown_name_offers_the_nearest():
    with pytest.raises(UnknownNameError, match="Did you mean 'euclidean'"):
        get_distance("euclid")
