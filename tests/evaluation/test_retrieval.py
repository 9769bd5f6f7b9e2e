import numpy as np
import pandas as pd
import pytest

from gaitbench.errors import ProtocolError, UnknownNameError
from gaitbench.evaluation import retrieval
from gaitbench.evaluation.distances import euclidean
from gaitbench.evaluation.metrics import tar_at_far
from gaitbench.evaluation.retrieval import pooled_tar, score_probes, summarise, view_matrix


def walks(identities: int, conditions: list[str], views: list[float]) -> pd.DataFrame:
    """Return a table in which every walk is seen from every view."""
    return pd.DataFrame(
        {
            "sequence": f"{i:03d}-{condition}-{view:03.0f}",
            "identity": f"{i:03d}",
            "condition": condition,
            "view": view,
            "recording": f"{i:03d}-{condition}",
        }
        for i in range(identities)
        for condition in conditions
        for view in views
    )


def embed(table: pd.DataFrame, *, noise: float, seed: int = 0, c: int = 8, p: int = 2):
    """Return embeddings around one centre per identity."""
    centres = np.random.default_rng(99).standard_normal((1000, c, p))
    rng = np.random.default_rng(seed)
    own = centres[table["identity"].astype(int)]
    return (own + noise * rng.standard_normal((len(table), c, p))).astype(np.float32)


PROBES = walks(8, ["bg", "nm"], [0.0, 36.0, 90.0])
GALLERY = walks(7, ["nm"], [0.0, 36.0, 90.0])


def scored(*, noise: float = 1.0, order=None, **options):
    gallery, embedded = GALLERY, embed(GALLERY, noise=noise, seed=1)
    if order is not None:
        gallery, embedded = gallery.iloc[order], embedded[order]
    options = {"exclude_same_view": True, **options}
    return score_probes(embed(PROBES, noise=noise), embedded, PROBES, gallery, **options)


def slow_rank(i: int, *, same_view: bool, same_recording: bool) -> int:
    distances = euclidean(embed(PROBES, noise=1.0), embed(GALLERY, noise=1.0, seed=1))
    probe = PROBES.iloc[i]
    ranked = sorted(
        (distances[i, j], entry["identity"] == probe["identity"])
        for j, entry in enumerate(GALLERY.to_dict("records"))
        if not (same_view and entry["view"] == probe["view"])
        and not (same_recording and entry["recording"] == probe["recording"])
    )
    return next((k for k, (_, mate) in enumerate(ranked, start=1) if mate), 0)


@pytest.mark.parametrize("same_view", [True, False])
@pytest.mark.parametrize("same_recording", [True, False])
def test_ranks_equal_the_loop(same_view, same_recording):
    scores = scored(exclude_same_view=same_view, exclude_same_recording=same_recording)

    expected = [
        slow_rank(i, same_view=same_view, same_recording=same_recording) for i in range(len(PROBES))
    ]
    assert scores["rank"].tolist() == expected


def test_columns_and_rows():
    scores = scored()

    assert scores.columns.tolist() == [
        "sequence", "identity", "condition", "view", "rank", "ap", "inp", "genuine", "impostor",
        "mates", "gallery", "tar_far_0.01", "tar_far_0.001",
    ]  # fmt: skip
    assert scores["sequence"].tolist() == PROBES["sequence"].tolist()
    bg, nm = scores[scores["condition"] == "bg"], scores[scores["condition"] == "nm"]
    assert set(bg["gallery"]) == {14}
    assert set(bg["mates"]) == {2, 0}
    assert set(nm["mates"]) == {0}, "a walk is no mate of itself"
    assert scores["rank"].dtype == scores["mates"].dtype == np.int64


@pytest.mark.parametrize("cells", [1, 50, 10**6])
def test_blocks_change_nothing(cells, monkeypatch):
    far = (0.3, 0.05, 0.0)
    whole = scored(far=far)

    monkeypatch.setattr(retrieval, "_CELLS_AT_ONCE", cells)

    pd.testing.assert_frame_equal(scored(far=far), whole)


def test_verification_equals_the_whole_matrix():
    scores = scored(far=(0.1,), exclude_same_view=False, exclude_same_recording=False)

    probe_ids = PROBES["identity"].astype(int).to_numpy()
    gallery_ids = GALLERY["identity"].astype(int).to_numpy()
    distances = euclidean(embed(PROBES, noise=1.0), embed(GALLERY, noise=1.0, seed=1))
    everything = np.ones(distances.shape, bool)
    expected = tar_at_far(distances, probe_ids, gallery_ids, everything, far=0.1)
    np.testing.assert_array_equal(scores["tar_far_0.1"], expected)
    accepted = np.nansum(expected * scores["mates"])
    assert pooled_tar(scores, far=0.1) == pytest.approx(accepted / scores["mates"].sum())


def test_gallery_order_is_irrelevant():
    pd.testing.assert_frame_equal(scored(order=np.arange(len(GALLERY))[::-1]), scored())


def test_table_index_is_irrelevant():
    embedded = embed(PROBES, noise=1.0), embed(GALLERY, noise=1.0, seed=1)
    other = PROBES.set_index(np.arange(len(PROBES))[::-1]), GALLERY.set_index(GALLERY["view"])

    found = score_probes(*embedded, *other, exclude_same_view=True)

    pd.testing.assert_frame_equal(found, scored())
    pd.testing.assert_frame_equal(
        view_matrix(*embedded, *other), view_matrix(*embedded, PROBES, GALLERY)
    )


@pytest.mark.parametrize("distance", ["euclidean", "cosine"])
def test_perfect_embeddings_give_one(distance):
    summary = summarise(scored(noise=1e-3, distance=distance))

    for key in ("rank_1", "rank_5", "map", "minp", "tar_far_0.01", "tar_far_0.001"):
        assert summary[key] == 1, key


def test_random_embeddings_give_chance():
    probes, gallery = walks(60, ["bg"], [0.0, 90.0]), walks(60, ["nm"], [0.0, 90.0])
    rng = np.random.default_rng(5)
    runs = [
        summarise(
            score_probes(
                rng.standard_normal((len(probes), 4, 1)).astype(np.float32),
                rng.standard_normal((len(gallery), 4, 1)).astype(np.float32),
                probes,
                gallery,
                exclude_same_view=True,
            )
        )
        for _ in range(30)
    ]
    for k in (1, 5):
        found = np.mean([run[f"rank_{k}"] for run in runs])
        assert found == pytest.approx(k / 60, rel=0.2)
        assert runs[0][f"chance_rank_{k}"] == pytest.approx(k / 60)


def test_summary():
    scores = scored()
    summary = summarise(scores)
    found = scores[scores["mates"] > 0]

    assert list(summary) == [
        "rank_1", "rank_5", "rank_10", "rank_20", "map", "minp", "tar_far_0.01", "tar_far_0.001",
        "chance_rank_1", "chance_rank_5", "n_probes", "n_without_mate", "n_gallery",
    ]  # fmt: skip
    assert all(type(value) is float for value in summary.values())
    assert summary["rank_5"] == pytest.approx((found["rank"] <= 5).mean())
    assert summary["map"] == pytest.approx(found["ap"].mean())
    assert summary["chance_rank_1"] == pytest.approx(2 / 14)
    assert summary["n_probes"] == 48
    assert summary["n_without_mate"] == 48 - len(found)
    assert summary["n_gallery"] == pytest.approx(scores["gallery"].mean())


def test_summary_counts_probes_without_a_mate_as_misses():
    scores = scored()
    share = (scores["mates"] > 0).mean()

    dropped, missed = summarise(scores), summarise(scores, no_mate="miss")

    for key in ("rank_1", "map", "minp", "tar_far_0.01", "chance_rank_5"):
        assert missed[key] == pytest.approx(share * dropped[key])
    assert missed["n_without_mate"] == dropped["n_without_mate"]


def test_scores_survive_a_file(tmp_path):
    scored().to_csv(tmp_path / "scores.csv", index=False)

    assert summarise(pd.read_csv(tmp_path / "scores.csv")) == summarise(scored())


def test_no_probe_has_a_mate():
    strangers = PROBES.assign(identity="x" + PROBES["identity"])
    embedded = embed(PROBES, noise=1.0), embed(GALLERY, noise=1.0)

    with pytest.raises(
        ProtocolError, match=r"None of 48 probes .* 21 gallery .* share 0 identities"
    ):
        score_probes(*embedded, strangers, GALLERY, exclude_same_view=False)
    one_view = GALLERY["view"] == 0
    with pytest.raises(
        ProtocolError, match=r"share 7 .* same view and of the same recording .* Relax"
    ):
        score_probes(
            embedded[0][PROBES["view"] == 0],
            embedded[1][one_view],
            PROBES[PROBES["view"] == 0],
            GALLERY[one_view],
            exclude_same_view=True,
        )


def test_no_impostor_leaves_verification_undefined():
    probes, gallery = walks(1, ["bg"], [0.0]), walks(1, ["nm"], [0.0])
    embedded = embed(probes, noise=1.0), embed(gallery, noise=1.0)

    summary = summarise(score_probes(*embedded, probes, gallery, exclude_same_view=False))

    assert summary["rank_1"] == summary["chance_rank_1"] == 1
    assert np.isnan(summary["tar_far_0.01"])


def test_embeddings_and_tables_must_fit():
    probe, gallery = embed(PROBES, noise=1.0), embed(GALLERY, noise=1.0)

    with pytest.raises(ProtocolError, match="47 probe embeddings for 48 rows"):
        score_probes(probe[1:], gallery, PROBES, GALLERY, exclude_same_view=True)
    with pytest.raises(ProtocolError, match="gallery table lacks the columns recording"):
        score_probes(
            probe, gallery, PROBES, GALLERY.drop(columns="recording"), exclude_same_view=True
        )
    with pytest.raises(UnknownNameError, match="Unknown distance"):
        score_probes(probe, gallery, PROBES, GALLERY, distance="l1", exclude_same_view=True)


def test_not_finite_names_the_row_of_the_table(monkeypatch):
    monkeypatch.setattr(retrieval, "_CELLS_AT_ONCE", 50)
    probe = embed(PROBES, noise=1.0)
    probe[40] = np.nan

    with pytest.raises(ProtocolError, match=r"1 of 48 probe .* \(rows 40\)"):
        score_probes(probe, embed(GALLERY, noise=1.0), PROBES, GALLERY, exclude_same_view=True)


def test_view_matrix_equals_one_search_per_pair():
    probes = PROBES[PROBES["condition"] == "bg"].reset_index(drop=True)
    probe, gallery = embed(probes, noise=1.0), embed(GALLERY, noise=1.0, seed=1)

    matrix = view_matrix(probe, gallery, probes, GALLERY, exclude_same_view=False)

    for axis in (matrix.index, matrix.columns):
        np.testing.assert_array_equal(axis, [0.0, 36.0, 90.0])
    for own in matrix.index:
        for other in matrix.columns:
            p, g = probes["view"] == own, GALLERY["view"] == other
            scores = score_probes(
                probe[p], gallery[g], probes[p], GALLERY[g], exclude_same_view=False
            )
            assert matrix.loc[own, other] == pytest.approx(summarise(scores)["rank_1"])


def test_view_matrix_leaves_out_the_diagonal_and_what_cannot_be_compared():
    embedded = embed(PROBES, noise=1.0), embed(GALLERY, noise=1.0, seed=1)

    matrix = view_matrix(*embedded, PROBES, GALLERY)

    np.testing.assert_array_equal(matrix.isna(), np.eye(3, dtype=bool))
    same_walks = PROBES["condition"] == "nm"
    alone = view_matrix(embedded[0][same_walks], embedded[1], PROBES[same_walks], GALLERY)
    assert alone.isna().all(axis=None)
    assert alone.shape == (3, 3)


def test_view_matrix_counts_ties_against_the_probe():
    same = np.ones((48, 8, 2), np.float32), np.ones((21, 8, 2), np.float32)

    matrix = view_matrix(*same, PROBES, GALLERY, exclude_same_recording=False)

    assert (matrix.fillna(0) == 0).all(axis=None)
    assert matrix.notna().to_numpy().sum() == 6
