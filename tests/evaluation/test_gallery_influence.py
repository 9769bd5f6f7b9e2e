"""What identities do as gallery: against leaving each out, and against drawing new people."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gaitbench.data.rules import Rules, Search
from gaitbench.evaluation.distances import base
from gaitbench.evaluation.distances.euclidean import Euclidean
from gaitbench.evaluation.gallery_influence import (
    RANKED,
    changes_without,
    influence_column,
    pair_signs,
    pairs_column,
)
from gaitbench.evaluation.metrics.base import all_metrics
from gaitbench.evaluation.ranking import MateOrder
from gaitbench.evaluation.retrieval import score_probes
from gaitbench.evaluation.verification import tar_column
from gaitbench.statistics.identity_sums import IdentitySums
from gaitbench.statistics.intervals import interval
from gaitbench.statistics.paired_tests import variance_of
from gaitbench.statistics.resampling import Resampling, resample
from tests.ranking import kinds_of_pairs, rank_mates
from tests.summaries import identity_sums

FAR = (0.1, 0.02)
RULES = {
    "pooled": Rules(),
    "other views": Rules(searches=(Search(excluded="same-view"),)),
    "by view": Rules(searches=(Search(by_view=True, excluded="same-view"),)),
}


def people(rng, n, clips, *, noise, dimensions, quality=0.5):
    """Return embeddings and tables of people of different quality, with some clips on both sides."""
    centres = rng.standard_normal((n, 1, dimensions))
    spread = noise * np.exp(quality * rng.standard_normal((n, 1, 1)))
    sides = []
    for role in ("probe", "gallery"):
        walks = centres + spread * rng.standard_normal((n, clips, dimensions))
        index = [(i, c) for i in range(n) for c in range(clips)]
        table = pd.DataFrame(
            {
                "sequence": [f"{role}-{i}-{c}" for i, c in index],
                "identity": [f"{i:03d}" for i, _ in index],
                "condition": role,
                "view": [f"{c % 2}" for _, c in index],
                "recording": [f"{role}-{i}-{c}" for i, c in index],
            }
        )
        sides.append((walks.reshape(n * clips, dimensions, 1).astype(np.float32), table))
    (probe, probes), (gallery, galleries) = sides
    return probe, gallery, probes, galleries


def slow_values(distances, probes, gallery, rules, without):
    """Return every quantity per row of scores if nobody else meets the gallery of one identity."""
    search = rules.searches[0]
    own = probes["identity"].to_numpy()[:, None] == gallery["identity"].to_numpy()
    valid = own | (gallery["identity"].to_numpy() != without)
    if search.excluded == "same-view":
        valid &= probes["view"].to_numpy()[:, None] != gallery["view"].to_numpy()
    probe_ids, gallery_ids = (
        table["identity"].astype(int).to_numpy() for table in (probes, gallery)
    )
    views = sorted(set(gallery["view"])) if search.by_view else [""]
    rows = []
    for view in views:
        met = np.flatnonzero((probes["view"] != view).to_numpy())
        in_part = valid & (view == "" or (gallery["view"] == view).to_numpy())
        ranking = rank_mates(distances, probe_ids, gallery_ids, in_part)
        for i in met:
            values = {
                f"rank_{k}": float(0 < ranking.first_mate_rank[i] <= k) for k in (1, 5, 10, 20)
            }
            rows.append(
                values
                | {"ap": ranking.ap[i], "inp": ranking.inp[i], "view": probes["view"][i]}
                | {"gallery_view": view, "probe": i, "pairs": in_part[i] & own[i]}
            )
    for far in FAR:
        impostors = distances[valid & ~own]
        threshold = np.sort(impostors)[int(np.floor(far * len(impostors) + 1e-9))]
        for row in rows:
            row[tar_column(far)] = (distances[row["probe"], row["pairs"]] < threshold).mean()
    return pd.DataFrame(rows).drop(columns="pairs")


@pytest.mark.parametrize("rules", RULES.values(), ids=RULES)
def test_leaving_each_identity_out_of_the_gallery_of_the_others(rules, monkeypatch):
    monkeypatch.setattr(base, "CELLS_AT_ONCE", 500)
    probe, gallery, probes, galleries = people(
        np.random.default_rng(0), 12, 4, noise=1.0, dimensions=3
    )
    scores = score_probes(probe, gallery, probes, galleries, rules, far=FAR)
    distances = Euclidean()(probe, gallery)
    cell = ["view", "gallery_view"] if rules.searches[0].by_view else ["gallery_view"]
    whole = slow_values(distances, probes, galleries, rules, without="")
    quantities = [*RANKED, *map(tar_column, FAR)]
    assert set(quantities) == {
        str(name).removeprefix("as_gallery_")
        for name in scores
        if str(name).startswith("as_gallery_")
    }
    moved = dict.fromkeys(quantities, 0)
    changes = []
    for identity in sorted(set(probes["identity"])):
        left = slow_values(distances, probes, galleries, rules, without=identity)
        own = scores[scores["identity"] == identity]
        owner = probes["identity"].to_numpy()[whole["probe"]]
        change = left[quantities] - whole[quantities]
        changes.append(change.groupby([owner, *(whole[c] for c in cell)]).sum())
        for quantity in quantities:
            expected = (left[quantity] - whole[quantity]).groupby([whole[c] for c in cell]).sum()
            found = own.groupby(cell)[influence_column(quantity)].sum()
            np.testing.assert_allclose(found.to_numpy(), expected.to_numpy(), atol=1e-9)
            moved[quantity] += int((expected.abs() > 1e-9).sum())
    # Rank-20 of at most 24 entries hardly moves; all else does.
    assert all(n > 3 for quantity, n in moved.items() if quantity != "rank_20")
    check_pairs(scores, changes, cell, quantities)


def check_pairs(scores, changes, cell, quantities):
    """Compare what people do in pairs with a least-squares fit of people alone to each cell's changes."""
    n, who = len(changes), np.arange(len(changes))
    first, second = np.triu_indices(n, k=1)
    design = (who == first[:, None]) * 1.0 + (who == second[:, None])
    signs = pair_signs(who[:, None], who, n)
    found = scores.groupby(["identity", *cell])[[pairs_column(q) for q in quantities]].sum()
    for place in scores[cell].drop_duplicates().itertuples(index=False):
        at = [found.xs(tuple(place), level=cell)[pairs_column(q)].to_numpy() for q in quantities]
        for quantity, in_pairs in zip(quantities, at, strict=True):
            # Probes of identity i without the gallery entries of identity j.
            levels = list(range(1, 1 + len(cell)))
            table = np.array([c.xs(tuple(place), level=levels)[quantity] for c in changes]).T
            both = (table + table.T)[first, second]
            alone = np.linalg.lstsq(design, both, rcond=None)[0]
            apart = np.zeros((n, n))
            apart[first, second] = both - design @ alone
            expected = ((apart + apart.T) * signs).sum(axis=1)
            np.testing.assert_allclose(in_pairs, expected, atol=1e-9)


@settings(deadline=None, max_examples=60)
@given(
    mates=st.lists(st.integers(0, 6), min_size=1, max_size=4),
    impostors=st.lists(st.tuples(st.integers(0, 6), st.integers(0, 3)), max_size=20),
)
def test_a_probe_by_ranking_it_again(mates, impostors):
    # Whole numbers tie often.
    distances = np.array([*sorted(mates), *(d for d, _ in impostors)], float)
    owners = np.array([9] * len(mates) + [who for _, who in impostors])
    probe = np.array([9])

    everybody = np.ones((1, len(owners)), bool)
    order = MateOrder.of(distances[None], *kinds_of_pairs(probe, owners, everybody))
    _, present, changes = changes_without(order, owners[order.columns], 10)

    def values(keep):
        found = rank_mates(distances[None], probe, owners, keep[None])
        rank = found.first_mate_rank[0]
        return np.array([*(float(rank <= k) for k in (1, 5, 10, 20)), found.ap[0], found.inp[0]])

    before = values(np.ones(len(owners), bool))
    for who in range(4):
        expected = values(owners != who) - before
        column = np.flatnonzero(present == who)
        found = changes[:, column[0]] if len(column) else np.zeros(len(RANKED))
        np.testing.assert_allclose(found, expected, atol=1e-12)
    assert (changes >= -1e-12).all()


def test_a_metric_stays_the_same_and_what_people_add_as_gallery_sums_to_nothing():
    tables = people(np.random.default_rng(1), 15, 4, noise=1.0, dimensions=3)
    rules = RULES["by view"]
    scores = score_probes(*tables, rules)
    probes_alone = scores.filter(regex="^(?!as_gallery|in_pairs)")
    for metric in all_metrics():
        both = identity_sums(scores, rules, metric.name)
        alone = identity_sums(probes_alone, rules, metric.name)
        assert both.metric() == pytest.approx(alone.metric(), abs=1e-12)
        added = both.contributions() - alone.contributions()
        assert added.sum() == pytest.approx(0, abs=1e-12)
        if metric.name in ("rank_1", "rank_5", "map", "minp"):
            assert (np.abs(added) > 1e-6).any()


# Many dimensions, where people take each other's place, and few, where some stand in everybody's way.
CROWDS = {"crowded": (24, 2.0, 0.2), "hubs": (3, 0.3, 0.7)}
# A hundred draws find a spread to 7 %. With pairs of people counted twice, the first ratio is 1.20.
RATIOS = {"rank_1": (0.85, 1.15), "map": (0.85, 1.15), "tar_far_0.01": (0.8, 1.45)}


def one_seed(sums):
    return IdentitySums.together([sums])


def variance_of_one(sums):
    one = one_seed(sums)
    return variance_of(one.metric(), one.influence(), one.pair_effects())


@pytest.mark.parametrize("crowd", CROWDS)
def test_the_spread_over_new_people_with_a_new_gallery(crowd):
    dimensions, noise, quality = CROWDS[crowd]
    found = {metric: [] for metric in RATIOS}
    for draw in range(100):
        rng = np.random.default_rng([7, draw])
        tables = people(rng, 40, 4, noise=noise, dimensions=dimensions, quality=quality)
        scores = score_probes(*tables, Rules())
        for metric, kept in found.items():
            kept.append(identity_sums(scores, Rules(), metric))
    drawn = Resampling.draw(40, 1, np.random.default_rng(8), n_resamples=999)
    for metric, (least, most) in RATIOS.items():
        values = np.array([float(sums.metric()) for sums in found[metric]])
        variances = [float(variance_of_one(sums).people_alone) for sums in found[metric]]
        assert least < np.sqrt(np.mean(variances)) / values.std(ddof=1) < most, metric
        held = 0
        for sums in found[metric]:
            bounds = interval(resample(one_seed(sums), drawn), drawn)
            held += bounds.low <= values.mean() <= bounds.high
        # 95 of 100; by chance 2.2 more or fewer.
        assert held >= 89, metric
