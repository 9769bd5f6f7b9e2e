"""Numbers of OpenGait's own evaluation, on stored embeddings."""

import json
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from gaitbench.evaluation.distances import get_distance
from gaitbench.evaluation.metrics import rank_k, rank_mates, tar_at_far
from gaitbench.evaluation.retrieval import pooled_tar, score_probes, summarise, view_matrix

GOLDEN = Path(__file__).parents[2].parent / "shared" / "golden"

pytestmark = pytest.mark.skipif(
    not (GOLDEN / "metrics.npz").is_file(),
    reason="the reference outputs (shared/golden/metrics.npz) are not beside this repository",
)
NAMES = {"euc": "euclidean", "cos": "cosine"}
PERCENT = 1e-3  # agreement asked for, in percentage points


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


def scores_of(golden, name: str, kind: str, probe, gallery, **options):
    rows, embeddings = table(golden, name), golden[f"{name}_embeddings"]
    return score_probes(
        embeddings[probe],
        embeddings[gallery],
        rows[probe],
        rows[gallery],
        distance=NAMES[kind],
        exclude_same_view=False,
        **options,
    )


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
    scores = scores_of(golden, "gait3d", kind, probe, ~probe)
    summary, expected = summarise(scores), results["gait3d"]

    assert summary["n_probes"] == expected["n_probe"]
    assert summary["n_gallery"] == expected["n_gallery"]
    assert summary["n_probes"] - summary["n_without_mate"] == expected["n_probe_with_match"]
    assert close(summary["rank_1"], expected[kind]["Rank-1"])
    assert close(summary["rank_5"], expected[kind]["Rank-5"])
    assert close(summary["rank_10"], expected[kind]["Rank-10"])
    assert close(summary["map"], expected[kind]["mAP"])
    assert close(summary["minp"], expected[kind]["mINP"])


def test_gait3d_per_probe(golden, kind):
    probe = golden["gait3d_is_probe"]
    scores = scores_of(golden, "gait3d", kind, probe, ~probe)
    found = scores[scores["mates"] > 0]
    curve = [rank_k(scores["rank"].to_numpy(), k=k) for k in range(1, 51)]

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


@pytest.mark.parametrize("far", [0.01, 0.1])
def test_verification_all_pairs(golden, results, kind, far):
    embeddings = golden["gait3d_embeddings"]
    ids = np.unique(golden["gait3d_labels"], return_inverse=True)[1]
    distances = get_distance(NAMES[kind])(embeddings, embeddings)
    once = np.triu(np.ones(distances.shape, bool), k=1)
    mates = (once & (ids[:, None] == ids)).sum(axis=1)

    share = tar_at_far(distances, ids, ids, once, far=far)

    expected = results["verification_all_pairs_i<j"][kind]
    pooled = np.nansum(share * mates) / mates.sum()
    assert close(pooled, 100 * expected[f"TAR@FAR={far:g} (largest tpr with fpr<=FAR)"])


def test_grew(golden, results, kind):
    types = golden["grew_types"]
    summary = summarise(scores_of(golden, "grew", kind, types == "02", types == "01"))

    logged = [float(value) for value in results["grew"][kind]["logged Rank-1/5/10/20"]]
    for k, expected in zip((1, 5, 10, 20), logged, strict=True):
        assert close(summary[f"rank_{k}"], expected)


CONDITIONS = {"NM": ["nm-05", "nm-06"], "BG": ["bg-01", "bg-02"], "CL": ["cl-01", "cl-02"]}


def casiab_matrix(golden, kind: str, condition: str, **options) -> pd.DataFrame:
    rows, embeddings = table(golden, "casiab"), golden["casiab_embeddings"]
    probe = rows["condition"].isin(CONDITIONS[condition])
    gallery = rows["condition"].isin(["nm-01", "nm-02", "nm-03", "nm-04"])
    return view_matrix(
        embeddings[probe],
        embeddings[gallery],
        rows[probe],
        rows[gallery],
        distance=NAMES[kind],
        **options,
    )


@pytest.mark.parametrize("condition", CONDITIONS)
def test_casiab_views(golden, results, kind, condition):
    """The reference rounds each cell to two decimals, so its means carry that rounding too."""
    cells = 100 * casiab_matrix(golden, kind, condition, exclude_same_view=False).to_numpy()
    np.testing.assert_allclose(
        cells.round(2), golden[f"casiab_acc_matrix_{condition}_{kind}"], rtol=0, atol=1e-9
    )
    matrix = 100 * casiab_matrix(golden, kind, condition)
    per_view = golden[f"casiab_per_view_{condition}_{kind}"]
    np.testing.assert_allclose(matrix.mean(axis=1), per_view, rtol=0, atol=0.005)
    np.testing.assert_allclose(matrix.round(2).mean(axis=1), per_view, rtol=0, atol=PERCENT)
    overall = results["casiab_single_view"][kind][f"{condition}@R1"]
    assert matrix.round(2).mean(axis=1).mean() == pytest.approx(overall, abs=PERCENT)
    assert matrix.mean(axis=1).mean() == pytest.approx(overall, abs=0.005)


@pytest.mark.parametrize("condition", CONDITIONS)
def test_casiab_cross_view(golden, results, kind, condition):
    """Gallery of all views, where only mates of the probe's own view are left out.

    `score_probes` has no such rule, so this uses the metrics themselves. The reference rounds the
    value of each view to two decimals.
    """
    rows, embeddings = table(golden, "casiab"), golden["casiab_embeddings"]
    ids = np.unique(rows["identity"], return_inverse=True)[1]
    view = rows["view"].to_numpy()
    probe = (rows["condition"] == f"{condition.lower()}-01").to_numpy()
    gallery = rows["condition"].isin(["nm-02", "bg-02", "cl-02"]).to_numpy()
    same_id = ids[probe][:, None] == ids[gallery]
    same_view = view[probe][:, None] == view[gallery]
    distances = get_distance(NAMES[kind])(embeddings[probe], embeddings[gallery])

    ranking = rank_mates(distances, ids[probe], ids[gallery], ~(same_id & same_view))

    expected = results["casiab_cross_view"][kind]
    for key, values in (("Rank@1", ranking.first_mate_rank == 1), ("mAP", ranking.ap)):
        per_view = [100 * values[view[probe] == v].mean() for v in np.unique(view)]
        reference = expected[f"{condition}-{key}"]
        assert np.mean(np.round(per_view, 2)) == pytest.approx(reference, abs=PERCENT)
        assert np.mean(per_view) == pytest.approx(reference, abs=0.005)
