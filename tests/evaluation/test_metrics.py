import math
from itertools import pairwise
from typing import get_args

import numpy as np
import pandas as pd
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from gaitbench.core.arrays import Bools, Floats, Integers
from gaitbench.core.errors import PluginError, ProtocolError, UnknownNameError
from gaitbench.evaluation.metrics.base import Metric, NoMate, get_metric, metrics
from gaitbench.evaluation.metrics.rank import RankK, chance_rank_k
from gaitbench.evaluation.ranking import nearest
from gaitbench.evaluation.verification import (
    allowed_impostors,
    far_threshold,
    tar_at_far,
    tar_column,
)
from gaitbench.experiment.spec import Experiment
from tests.ranking import kinds_of_pairs, rank_mates
from tests.summaries import averaged

# A loaded machine must not fail a test.
unhurried = settings(deadline=None)


def slow_ranking(
    distances: Floats, probe_ids: Integers, gallery_ids: Integers, valid: Bools
) -> Floats:
    """Rank every gallery one probe at a time; among ties, impostors come first."""
    rows = []
    for i, probe_id in enumerate(probe_ids):
        ranked = sorted(
            (distances[i, j], gallery_id == probe_id)
            for j, gallery_id in enumerate(gallery_ids)
            if valid[i, j]
        )
        places = [k for k, (_, mate) in enumerate(ranked, start=1) if mate]
        precisions = [found / place for found, place in enumerate(places, start=1)]
        rows.append(
            (places[0], np.mean(precisions), len(places) / places[-1])
            if places
            else (0, np.nan, np.nan)
        )
    return np.array(rows).T


def slow_tar(
    distances: Floats, probe_ids: Integers, gallery_ids: Integers, valid: Bools, *, far: float
) -> Floats:
    """Try every distance as the largest accepted one and keep the best that is allowed."""
    same = probe_ids[:, None] == gallery_ids
    genuine, impostor = distances[valid & same], distances[valid & ~same]
    best = np.zeros(distances.shape, bool)
    for threshold in np.unique(distances[valid]):
        if (impostor <= threshold).mean() <= far:
            best = distances <= threshold
    accepted = [best[i, valid[i] & same[i]] for i in range(len(distances))]
    assert sum(len(a) for a in accepted) == len(genuine)
    return np.array([a.mean() if len(a) else np.nan for a in accepted])


@st.composite
def problems(draw, *, with_ties: bool = True):
    n, m = draw(st.integers(1, 12)), draw(st.integers(2, 25))
    rng = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    identities = draw(st.integers(1, 6))
    distances = rng.random((n, m)).astype(np.float32)
    if with_ties:
        distances = np.round(distances, draw(st.sampled_from([1, 7])))
    valid = rng.random((n, m)) < draw(st.sampled_from([0.5, 1.0]))
    return distances, rng.integers(0, identities, n), rng.integers(0, identities, m), valid


@unhurried
@given(problems())
def test_ranking_equals_the_loop(problem):
    found = rank_mates(*problem)
    rank, ap, inp = slow_ranking(*problem)

    np.testing.assert_array_equal(found.first_mate_rank, rank)
    np.testing.assert_allclose(found.ap, ap)
    np.testing.assert_allclose(found.inp, inp)


@unhurried
@given(problems())
def test_counts_and_best_distances(problem):
    distances, probe_ids, gallery_ids, valid = problem
    found = rank_mates(*problem)
    same = probe_ids[:, None] == gallery_ids

    np.testing.assert_array_equal(found.mates, (valid & same).sum(1))
    np.testing.assert_array_equal(found.gallery, valid.sum(1))
    for best, pairs in ((found.genuine, valid & same), (found.impostor, valid & ~same)):
        expected = np.where(pairs, distances, np.inf).min(1)
        np.testing.assert_array_equal(np.nan_to_num(best, nan=np.inf), expected)


@unhurried
@given(problems(), st.integers(1, 30))
def test_the_nearest_equal_the_loop(problem, k):
    distances, probe_ids, gallery_ids, valid = problem
    found = nearest(problem[0], *kinds_of_pairs(*problem[1:]), k=k)
    assert found.shape == (len(probe_ids), k)
    for i, probe_id in enumerate(probe_ids):
        entries = [
            (distances[i, j], gallery_id == probe_id)
            for j, gallery_id in enumerate(gallery_ids)
            if valid[i, j]
        ]
        told = [j for j in found[i] if j >= 0]
        # Entries that tie and are of one kind may stand in any order.
        assert [(distances[i, j], gallery_ids[j] == probe_id) for j in told] == sorted(entries)[:k]
        assert len(set(told)) == len(told)
        assert valid[i, told].all()
        assert (found[i, len(told) :] == -1).all()


@unhurried
@given(problems(), st.integers(1, 30))
def test_the_first_mate_among_the_nearest_has_its_rank(problem, k):
    _, probe_ids, gallery_ids, _ = problem
    rank = rank_mates(*problem).first_mate_rank
    closest = nearest(problem[0], *kinds_of_pairs(*problem[1:]), k=k)
    for row, probe_id, first in zip(closest, probe_ids, rank, strict=True):
        places = [n for n, j in enumerate(row, 1) if j >= 0 and gallery_ids[j] == probe_id]
        assert (places or [0])[0] == (first if first <= k else 0)


def test_of_entries_that_tie_for_the_last_place_impostors_come_first():
    distances = np.full((1, 6), 0.5, np.float32)
    gallery_ids = np.array([7, 7, 7, 1, 2, 3])
    valid = np.ones((1, 6), bool)
    for k in (1, 2, 3):
        (found,) = nearest(distances, *kinds_of_pairs(np.array([7]), gallery_ids, valid), k=k)
        assert set(found) <= {3, 4, 5}


@unhurried
@given(problems(), st.sampled_from([0.0, 0.05, 0.1, 0.25, 0.5, 1.0]))
def test_tar_equals_the_loop(problem, far):
    _, probe_ids, gallery_ids, valid = problem
    if not (valid & (probe_ids[:, None] != gallery_ids)).any():
        assert np.isnan(tar_at_far(*problem, far=far)).all()
        return
    np.testing.assert_array_equal(tar_at_far(*problem, far=far), slow_tar(*problem, far=far))


@unhurried
@given(problems(), st.sampled_from([0.0, 0.05, 0.1, 0.25, 0.5, 1.0]))
def test_interpolated_tar_is_that_of_the_roc_curve(problem, far):
    distances, probe_ids, gallery_ids, valid = problem
    same = probe_ids[:, None] == gallery_ids
    genuine, impostors = distances[valid & same], distances[valid & ~same]
    if not len(genuine) or not len(impostors):
        return
    thresholds = [-1.0, *np.unique(distances[valid])]
    curve = [((impostors <= t).mean(), (genuine <= t).mean()) for t in thresholds]

    share = tar_at_far(*problem, far=far, convention="interpolated")

    mates = (valid & same).sum(axis=1)
    found = np.nansum(share * mates) / mates.sum()
    assert found == pytest.approx(np.interp(far, *np.array(curve).T))


def test_conventions_differ_only_where_pairs_tie():
    """Two genuine pairs, the second at the distance of the only impostor."""
    distances = np.array([[0.1, 0.5, 0.5]], np.float32)
    ids, gallery, valid = np.array([0]), np.array([0, 0, 1]), np.ones((1, 3), bool)

    assert tar_at_far(distances, ids, gallery, valid, far=0.5) == 0.5
    assert tar_at_far(distances, ids, gallery, valid, far=0.5, convention="interpolated") == 0.75
    with pytest.raises(UnknownNameError, match="Known: interpolated, largest"):
        tar_at_far(distances, ids, gallery, valid, far=0.5, convention="linear")


@unhurried
@given(problems())
def test_tar_grows_with_far(problem):
    rates = [tar_at_far(*problem, far=far) for far in (0.0, 0.01, 0.1, 0.3, 1.0)]

    for lower, higher in pairwise(rates):
        assert np.all((lower <= higher) | np.isnan(lower))


@unhurried
@given(problems())
def test_rank_k_grows_with_k_to_one(problem):
    rank = rank_mates(*problem).first_mate_rank
    if not rank.any():
        return
    kinds = [type("K", (RankK,), {"k": k}) for k in range(1, problem[0].shape[1] + 1)]
    curve = [averaged(kind(), rank) for kind in kinds]

    assert curve == sorted(curve)
    assert curve[-1] == 1


@unhurried
@given(problems(), st.randoms(use_true_random=False))
def test_gallery_order_is_irrelevant(problem, random):
    distances, probe_ids, gallery_ids, valid = problem
    order = list(range(len(gallery_ids)))
    random.shuffle(order)
    shuffled = distances[:, order], probe_ids, gallery_ids[order], valid[:, order]

    before, after = rank_mates(*problem), rank_mates(*shuffled)

    np.testing.assert_array_equal(before.first_mate_rank, after.first_mate_rank)
    np.testing.assert_array_equal(before.ap, after.ap)
    np.testing.assert_array_equal(before.inp, after.inp)
    np.testing.assert_array_equal(tar_at_far(*problem, far=0.1), tar_at_far(*shuffled, far=0.1))


def test_perfect_distances_give_one():
    ids = np.repeat(np.arange(4), 3)
    distances = (ids[:, None] != ids).astype(np.float32)
    valid = ~np.eye(12, dtype=bool)

    found = rank_mates(distances, ids, ids, valid)

    assert averaged("rank_1", found.first_mate_rank) == 1
    assert (found.ap == 1).all()
    assert (found.inp == 1).all()
    assert (tar_at_far(distances, ids, ids, valid, far=0.001) == 1).all()


def test_ties_count_against_the_probe():
    """A model that gives one embedding to everybody must not look good."""
    ids = np.arange(5)
    distances, valid = np.zeros((5, 5), np.float32), np.ones((5, 5), bool)

    found = rank_mates(distances, ids, ids, valid)

    assert (found.first_mate_rank == 5).all()
    assert (tar_at_far(distances, ids, ids, valid, far=0.5) == 0).all()


def test_probe_without_any_valid_entry():
    valid = np.array([[False, False], [True, True]])

    found = rank_mates(np.ones((2, 2), np.float32), np.zeros(2, int), np.array([0, 1]), valid)

    assert found.first_mate_rank.tolist() == [0, 2]
    assert found.gallery.tolist() == [0, 2]
    assert np.isnan(found.impostor[0])


@pytest.mark.parametrize(
    ("per_probe", "message"),
    [
        (lambda rows: rows["ap"].to_numpy()[1:], "it must return 2 numbers, one per row"),
        (lambda rows: ["1", "0"], "it must return 2 numbers, one per row"),
        (lambda rows: rows["no such column"], r"Odd\.per_probe\(\) raised KeyError"),
    ],
)
def test_a_metric_that_gives_no_number_per_probe_is_named(per_probe, message):
    class Odd(Metric):
        title = "Odd"

        def per_probe(self, rows):
            return per_probe(rows)

    with pytest.raises(PluginError, match=message):
        Odd().values(pd.DataFrame({"ap": [0.5, 1.0], "mates": 1}))


@pytest.mark.parametrize("name", metrics.names())
def test_every_metric_has_a_share_of_its_own_for_every_probe(name):
    rng = np.random.default_rng(0)
    far = {tar_column(f): rng.random(50) for f in (0.01, 0.001)}
    rank, mates = rng.integers(1, 30, 50), rng.integers(0, 3, 50)
    rows = pd.DataFrame({"rank": rank, "ap": 1 / rank, "inp": 1 / rank, "mates": mates} | far)
    kept = rows.copy()
    metric = get_metric(name)
    values = metric.values(rows.assign(gallery=40))
    assert ((values >= 0) & (values <= 1)).all()
    assert (values[mates == 0] == 0).all()
    last = metric.values(rows.iloc[[-1]].assign(gallery=40))
    assert last == values[-1]
    pd.testing.assert_frame_equal(rows, kept)


def test_probes_without_a_mate_are_dropped_or_missed():
    rank = np.array([1, 0, 3, 0])
    ap = np.array([1.0, np.nan, 0.5, np.nan])

    assert averaged("rank_1", rank) == 0.5
    assert averaged("rank_1", rank, no_mate="miss") == 0.25
    assert averaged("map", rank, ap) == 0.75
    assert averaged("map", rank, ap, no_mate="miss") == 0.375
    assert averaged("rank_1", rank, no_mate="miss-ranks") == 0.25
    assert averaged("map", rank, ap, no_mate="miss-ranks") == 0.75


def test_an_experiment_offers_every_reading():
    asked = Experiment.model_fields["no_mate"].annotation
    assert get_args(asked) == get_args(NoMate)


def test_nothing_to_average():
    with pytest.raises(ProtocolError, match="None of 2 probes of search 'all' has a mate"):
        averaged("rank_1", np.array([0, 0]))


@example(far=0.29, n=100)
@example(far=math.nextafter(0.29, 0), n=100)
@unhurried
@given(far=st.sampled_from([i / 100 for i in range(101)]), n=st.integers(1, 1000))
def test_allowed_impostors_compares_shares(far, n):
    count = allowed_impostors(far, n)

    assert count == max(k for k in range(n + 1) if k / n <= far)


@pytest.mark.parametrize("far", [-0.1, 1.5, float("nan")])
def test_far_is_a_share(far):
    with pytest.raises(ProtocolError, match="Divide per cent by 100"):
        allowed_impostors(far, 10)


def test_threshold_needs_only_the_nearest_impostors():
    impostors = np.random.default_rng(0).random(1000)

    whole = far_threshold(impostors, 1000, 0.01)

    assert whole == far_threshold(np.sort(impostors)[:11], 1000, 0.01)
    assert np.mean(impostors < whole) == 0.01


def test_chance_equals_a_simulation():
    rng = np.random.default_rng(0)
    first = np.array([rng.permutation(30)[:3].min() for _ in range(20_000)])
    mates, gallery = np.array([3]), np.array([30])

    for k in (1, 5, 20):
        exact = chance_rank_k(mates, gallery, k=k)[0]
        assert exact == pytest.approx(np.mean(first < k), abs=0.015)
    assert chance_rank_k(mates, gallery, k=1)[0] == pytest.approx(0.1)


def test_chance_at_the_edges():
    mates, gallery = np.array([0, 1, 2, 4, 0]), np.array([9, 3, 3, 4, 0])

    assert chance_rank_k(mates, gallery, k=2).tolist() == pytest.approx([0, 2 / 3, 1, 1, 0])
    assert chance_rank_k(mates, gallery, k=50).tolist() == [0, 1, 1, 1, 0]
