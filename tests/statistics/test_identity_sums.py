import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gaitbench.core.errors import ProtocolError
from gaitbench.data.rules import Rules, Search
from gaitbench.statistics.identity_sums import IdentitySums
from tests.summaries import summarise

POOLED = Rules()
BY_VIEW = Rules(searches=(Search(by_view=True),))
BOTH = Rules(searches=(Search(name="NM", by_view=True), Search(name="CL")))


def made_up_scores(rng, rules, n_identities=9):
    """Return scores with several probes per identity, some without a mate, and a cell without any."""
    parts = []
    for search in rules.searches:
        for gallery_view in ("000", "090", "180") if search.by_view else ("",):
            n = 60
            mates = rng.integers(0, 3, n)
            view = rng.choice(["000", "090"], n)
            if gallery_view == "180":
                mates[view == "090"] = 0
            found = mates > 0
            ap = np.where(found, rng.random(n), np.nan)
            rank = np.where(found, rng.integers(1, 4, n), 0)
            parts.append(
                pd.DataFrame(
                    {"search": search.name, "gallery_view": gallery_view, "probe": np.arange(n)}
                    | {"identity": rng.integers(0, n_identities, n), "view": view}
                    | {"rank": rank, "ap": ap, "inp": ap, "mates": mates, "gallery": 10}
                )
            )
    return pd.concat(parts, ignore_index=True)


def sums_of_scores(scores, metric, no_mate):
    """Return the identity sums of stored scores, by the definitions of `summarise`."""
    has_mate = scores["mates"] > 0
    by_view = scores["gallery_view"] != ""
    labels = scores["search"] + np.where(by_view, scores["view"] + scores["gallery_view"], "")
    cells, names = pd.factorize(labels)
    misses = no_mate == "miss" or (no_mate == "miss-ranks" and metric == "rank_1")
    counted = has_mate.groupby(labels).transform("any") if misses else has_mate
    value = (scores["rank"] == 1) if metric == "rank_1" else scores["ap"]
    searches = pd.factorize(scores["search"])[0]
    return IdentitySums.of_rows(
        np.where(has_mate, value, 0.0),
        counted.to_numpy(),
        scores["identity"].to_numpy(),
        cells,
        np.array([searches[cells == c][0] for c in range(len(names))]),
    )


@pytest.mark.parametrize("rules", [POOLED, BY_VIEW, BOTH], ids=["pooled", "by view", "both"])
@pytest.mark.parametrize("no_mate", ["drop", "miss", "miss-ranks"])
@pytest.mark.parametrize("metric", ["rank_1", "map"])
def test_the_metric_is_the_number_of_the_table(rules, no_mate, metric):
    scores = made_up_scores(np.random.default_rng(3), rules)

    sums = sums_of_scores(scores, metric, no_mate)

    expected = summarise(scores, rules, no_mate=no_mate)[metric]
    assert sums.metric() == pytest.approx(expected, abs=1e-14)
    assert sums.contributions().sum() == pytest.approx(expected, abs=1e-14)
    assert sums.weights.sum() == pytest.approx(1)


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
    scores = made_up_scores(np.random.default_rng(5), BOTH)
    sums = sums_of_scores(scores, "map", "drop")

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
