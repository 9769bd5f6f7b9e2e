"""Numbers of OpenGait's own evaluation, on stored embeddings, through the same path as a run's scores."""

import json

import numpy as np
import pandas as pd
import pytest

from gaitbench.data.rules import Rules, Search
from gaitbench.evaluation.distances.base import get_distance
from gaitbench.evaluation.retrieval import score_probes
from gaitbench.evaluation.verification import far_threshold, tar_at_far
from tests.places import SHARED
from tests.summaries import (
    pooled_tar,
    probe_views,
    summarise,
    summarise_searches,
    view_matrix,
)

GOLDEN = SHARED / "golden"

pytestmark = pytest.mark.skipif(
    not (GOLDEN / "metrics.npz").is_file(),
    reason="the reference outputs (shared/golden/metrics.npz) are not beside this repository",
)
NAMES = {"euc": "euclidean", "cos": "cosine"}
PERCENT = 1e-3  # agreement asked for, in percentage points
ROUNDED = 0.005  # of a mean of values that the reference rounds to two decimals first

POOLED = Rules(name="pooled")
CONDITIONS = {"NM": "nm-0[56]", "BG": "bg-0[12]", "CL": "cl-0[12]"}


def casiab_rules(excluded) -> Rules:
    return Rules(
        name="casia-b",
        searches=tuple(
            Search(
                name=name, probes=(probes,), gallery=("nm-0[1-4]",), by_view=True, excluded=excluded
            )
            for name, probes in CONDITIONS.items()
        ),
    )


CASIAB_CROSS = Rules(
    name="casia-b cross-view",
    searches=tuple(
        Search(
            name=name,
            probes=(f"{name.lower()}-01",),
            gallery=("nm-02", "bg-02", "cl-02"),
            excluded="same-view-mates",
        )
        for name in CONDITIONS
    ),
)


@pytest.fixture(scope="module")
def golden():
    with np.load(GOLDEN / "metrics.npz") as arrays:
        return dict(arrays)


@pytest.fixture(scope="module")
def results():
    return json.loads((GOLDEN / "metrics.json").read_text(encoding="utf-8"))["results"]


@pytest.fixture(params=["euc", "cos"])
def kind(request):
    return request.param


def table(golden, name: str) -> pd.DataFrame:
    sequences = [str(i) for i in range(len(golden[f"{name}_labels"]))]
    return pd.DataFrame(
        {
            "sequence": sequences,
            "identity": golden[f"{name}_labels"],
            "condition": golden[f"{name}_types"],
            "view": golden[f"{name}_views"],
            "recording": sequences,
        }
    )


def scores_of(
    golden, name: str, kind: str, probe, gallery, rules=POOLED, **options
) -> pd.DataFrame:
    rows, embeddings = table(golden, name), golden[f"{name}_embeddings"]
    return score_probes(
        embeddings[probe],
        embeddings[gallery],
        rows[probe],
        rows[gallery],
        rules,
        distance=NAMES[kind],
        **options,
    )


def casiab_scores(golden, kind: str, rules: Rules) -> pd.DataFrame:
    """Score with everything as probe and gallery: the rules' patterns choose."""
    everything = np.ones(len(golden["casiab_labels"]), bool)
    return scores_of(golden, "casiab", kind, everything, everything, rules)


def of_search(scores: pd.DataFrame, name: str) -> pd.DataFrame:
    return scores[scores["search"] == name]


def close(found: float, expected: float, *, percent: float = PERCENT) -> bool:
    return abs(100 * found - expected) <= percent


def test_distances(golden, kind):
    distance = get_distance(NAMES[kind])
    for name, probe, gallery in (
        ("gait3d", golden["gait3d_is_probe"], ~golden["gait3d_is_probe"]),
        ("grew", golden["grew_types"] == "02", golden["grew_types"] == "01"),
    ):
        embeddings = golden[f"{name}_embeddings"]
        found = distance(embeddings[probe], embeddings[gallery])
        np.testing.assert_allclose(found, golden[f"{name}_dist_{kind}"], rtol=0, atol=1e-4)


def test_distances_of_all_pairs(golden, kind):
    """The reference's diagonal is up to 4e-3, where it is 0 in exact arithmetic."""
    embeddings = golden["gait3d_embeddings"]
    found = get_distance(NAMES[kind])(embeddings, embeddings)
    off_diagonal = ~np.eye(len(found), dtype=bool)

    reference = golden[f"gait3d_full_dist_{kind}"]
    np.testing.assert_allclose(found[off_diagonal], reference[off_diagonal], rtol=0, atol=1e-4)
    np.testing.assert_allclose(np.diag(found), 0, atol=1e-6)


def test_gait3d(golden, results, kind):
    probe = golden["gait3d_is_probe"]
    summary = summarise(scores_of(golden, "gait3d", kind, probe, ~probe), POOLED)
    expected = results["gait3d"]

    assert summary["n_probes"] == expected["n_probe"]
    assert summary["n_gallery"] == expected["n_gallery"]
    assert summary["n_probes"] - summary["n_without_mate"] == expected["n_probe_with_match"]
    named = {"Rank-1": "rank_1", "Rank-5": "rank_5", "Rank-10": "rank_10"}
    named |= {"mAP": "map", "mINP": "minp"}
    assert set(named) == set(expected[kind])
    for name, ours in named.items():
        assert close(summary[ours], expected[kind][name]), name


def test_gait3d_per_probe(golden, kind):
    probe = golden["gait3d_is_probe"]
    scores = scores_of(golden, "gait3d", kind, probe, ~probe)
    found = scores[scores["mates"] > 0]
    curve = [(found["rank"] <= k).mean() for k in range(1, 51)]

    np.testing.assert_allclose(found["ap"], golden[f"gait3d_AP_{kind}"], rtol=0, atol=1e-12)
    np.testing.assert_allclose(found["inp"], golden[f"gait3d_INP_{kind}"], rtol=0, atol=1e-12)
    np.testing.assert_allclose(curve, golden[f"gait3d_cmc_{kind}"], rtol=0, atol=1e-7)


@pytest.mark.parametrize("far", [0.01, 0.1])
def test_verification_probe_against_gallery(golden, results, kind, far):
    probe = golden["gait3d_is_probe"]
    scores = scores_of(golden, "gait3d", kind, probe, ~probe, far=(far,))

    expected = results["verification_probe_x_gallery"][kind]
    found = pooled_tar(scores, far=far)
    assert close(found, 100 * expected[f"TAR@FAR={far:g} (largest tpr with fpr<=FAR)"])

    pairs = probe[:, None] & ~probe
    check_verification(golden, expected, kind, far, pairs)


@pytest.mark.parametrize("far", [0.01, 0.1])
def test_verification_all_pairs(golden, results, kind, far):
    once = np.triu(np.ones((len(golden["gait3d_labels"]),) * 2, bool), k=1)
    check_verification(golden, results["verification_all_pairs_i<j"][kind], kind, far, once)


def check_verification(golden, expected, kind, far, pairs):
    """Compare both conventions, the threshold and the rate that it reaches, on these pairs."""
    embeddings = golden["gait3d_embeddings"]
    ids = np.unique(golden["gait3d_labels"], return_inverse=True)[1]
    distances = get_distance(NAMES[kind])(embeddings, embeddings)
    same = ids[:, None] == ids
    mates, impostors = (pairs & same).sum(axis=1), distances[pairs & ~same]

    for convention, name in (
        ("largest", "largest tpr with fpr<=FAR"),
        ("interpolated", "linear interpolation"),
    ):
        share = tar_at_far(distances, ids, ids, pairs, far=far, convention=convention)
        found = np.nansum(share * mates) / mates.sum()
        assert close(found, 100 * expected[f"TAR@FAR={far:g} ({name})"])
    # Ours is the nearest rejected distance, the reference's the farthest accepted one.
    threshold = far_threshold(impostors, len(impostors), far)
    farthest = distances[pairs & (distances < threshold)].max()
    assert farthest == pytest.approx(expected[f"distance threshold at FAR={far:g}"], abs=1e-4)
    reached = (impostors < threshold).mean()
    assert reached == pytest.approx(expected[f"fpr reached at FAR={far:g}"], abs=1e-12)


def test_grew(golden, results, kind):
    types = golden["grew_types"]
    scores = scores_of(golden, "grew", kind, types == "02", types == "01")
    summary, expected = summarise(scores, POOLED), results["grew"][kind]

    logged = [float(value) for value in expected["logged Rank-1/5/10/20"]]
    for k, value in zip((1, 5, 10, 20), logged, strict=True):
        assert close(summary[f"rank_{k}"], value)
    assert close(summary["rank_1"], expected["Rank-1"])
    assert close(summary["rank_5"], expected["Rank-5"])


@pytest.mark.parametrize("condition", CONDITIONS)
def test_casiab_cells(golden, kind, condition):
    """All pairs of views, equal ones included, as the reference's matrix has them."""
    scores = casiab_scores(golden, kind, casiab_rules("nothing"))
    cells = 100 * view_matrix(of_search(scores, condition)).to_numpy()

    reference = golden[f"casiab_acc_matrix_{condition}_{kind}"]
    np.testing.assert_allclose(cells.round(2), reference, rtol=0, atol=1e-9)


def test_casiab_single_view(golden, results, kind):
    """The reference rounds each cell to two decimals, so its means carry that rounding too."""
    rules = casiab_rules("same-view")
    scores = casiab_scores(golden, kind, rules)
    searches = summarise_searches(scores, rules)

    for condition in CONDITIONS:
        mine = of_search(scores, condition)
        matrix = 100 * view_matrix(mine)
        per_view = golden[f"casiab_per_view_{condition}_{kind}"]
        np.testing.assert_allclose(matrix.round(2).mean(axis=1), per_view, rtol=0, atol=PERCENT)
        unrounded = [100 * share for share in probe_views(mine).values()]
        np.testing.assert_allclose(unrounded, per_view, rtol=0, atol=ROUNDED)
        overall = results["casiab_single_view"][kind][f"{condition}@R1"]
        assert matrix.round(2).mean(axis=1).mean() == pytest.approx(overall, abs=PERCENT)
        assert close(searches[condition]["rank_1"], overall, percent=ROUNDED)
    expected = np.mean(list(results["casiab_single_view"][kind].values()))
    assert close(summarise(scores, rules)["rank_1"], expected, percent=ROUNDED)


@pytest.mark.parametrize("condition", CONDITIONS)
def test_casiab_cross_view(golden, results, kind, condition):
    """Gallery of all views, without mates in the probe's own; the reference rounds each view."""
    scores = casiab_scores(golden, kind, CASIAB_CROSS)
    summary = summarise_searches(scores, CASIAB_CROSS)[condition]

    expected = results["casiab_cross_view"][kind]
    for key, metric in (("Rank@1", "rank_1"), ("mAP", "map")):
        views = probe_views(of_search(scores, condition), metric)
        per_view = [100 * share for share in views.values()]
        reference = expected[f"{condition}-{key}"]
        assert np.mean(np.round(per_view, 2)) == pytest.approx(reference, abs=PERCENT)
        assert np.mean(per_view) == pytest.approx(reference, abs=ROUNDED)
        assert close(summary[metric], reference, percent=ROUNDED), "all views have as many probes"
