"""Searching: against slow loops, and what a result must never depend on."""

from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gaitbench.core.errors import ProtocolError, UnknownNameError
from gaitbench.data.rules import Rules, Search
from gaitbench.evaluation.distances import base
from gaitbench.evaluation.distances.euclidean import Euclidean
from gaitbench.evaluation.gallery_influence import RANKED
from gaitbench.evaluation.pair_groups import EVERY_PAIR, PairGroup
from gaitbench.evaluation.retrieval import NEAREST, score_probes
from gaitbench.evaluation.verification import tar_at_far
from tests.summaries import pooled_tar, summarise


def walks(identities: int, conditions: list[str], views: list[str]) -> pd.DataFrame:
    """Return a table in which every walk is seen from every view."""
    return pd.DataFrame(
        {
            "sequence": f"{i:03d}-{condition}-{view}",
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


VIEWS = ["000", "036", "090"]
PROBES = walks(8, ["bg", "nm"], VIEWS)
GALLERY = walks(7, ["nm"], VIEWS)
PLAIN = Rules()
OTHER_VIEWS = Rules(searches=(Search(excluded="same-view"),))


def rules_of(excluded="nothing", *, same_recording: bool = True, **search) -> Rules:
    return Rules(
        searches=(Search(excluded=excluded, **search),), exclude_same_recording=same_recording
    )


def scored(rules: Rules = OTHER_VIEWS, *, noise: float = 1.0, order=None, **options):
    gallery, embedded = GALLERY, embed(GALLERY, noise=noise, seed=1)
    if order is not None:
        gallery, embedded = gallery.iloc[order], embedded[order]
    return score_probes(embed(PROBES, noise=noise), embedded, PROBES, gallery, rules, **options)


def slow_nearest(rules: Rules) -> list[list[int]]:
    """Return the rows of the five closest entries of every row of `scored`, one probe at a time."""
    distances = Euclidean()(embed(PROBES, noise=1.0), embed(GALLERY, noise=1.0, seed=1))
    rows = []
    for search in rules.searches:
        views = sorted(set(GALLERY["view"])) if search.by_view else [""]
        for view in views:
            for i, probe in enumerate(PROBES.to_dict("records")):
                if view == probe["view"] and search.excluded != "nothing":
                    continue
                ranked = sorted(
                    (distances[i, j], j)
                    for j, entry in enumerate(GALLERY.to_dict("records"))
                    if view in ("", entry["view"])
                    and entry["condition"] in (search.gallery or ("nm",))
                    and may_meet(search, rules, probe, entry)
                )
                closest = [j for _, j in ranked[:5]]
                rows.append(closest + [-1] * (5 - len(closest)))
    return rows


@pytest.mark.parametrize("cells", [50, 10**6])
@pytest.mark.parametrize("by_view", [True, False])
def test_near_columns_are_rows_of_the_gallery(by_view, cells, monkeypatch):
    monkeypatch.setattr(base, "CELLS_AT_ONCE", cells)
    rules = rules_of("same-view", by_view=by_view)
    found = scored(rules)
    near = found[list(NEAREST)]
    assert near.to_numpy().tolist() == slow_nearest(rules)
    assert (near.dtypes == np.int64).all()
    # The closest entry is the mate that Rank-1 counts, or the impostor that it does not.
    identity = GALLERY["identity"].to_numpy()[near["near_1"]]
    assert ((identity == found["identity"]) == (found["rank"] == 1)).all()


def test_near_columns_name_rows_of_the_whole_gallery_where_a_search_has_a_part_of_it():
    searches = (Search(name="some", gallery=("bg",)), Search(name="all"))
    gallery = walks(4, ["nm", "bg"], ["000", "090"])
    embedded = embed(gallery, noise=0.0)
    probes = gallery.assign(recording=gallery["recording"] + "-again")
    rules = Rules(searches=searches)
    found = score_probes(embed(probes, noise=0.0), embedded, probes, gallery, rules)
    some = found[found["search"] == "some"]
    for column in NEAREST:
        rows = some[column][some[column] >= 0]
        assert set(gallery["condition"].iloc[rows]) == {"bg"}


def test_a_small_gallery_leaves_near_columns_empty():
    gallery = walks(3, ["nm"], ["000"])
    probes = walks(3, ["bg"], ["090"])
    found = score_probes(
        embed(probes, noise=0.1), embed(gallery, noise=0.1, seed=1), probes, gallery, PLAIN
    )
    assert (found[["near_4", "near_5"]] == -1).all(axis=None)
    near = found[["near_1", "near_2", "near_3"]].to_numpy()
    assert np.sort(near, axis=1).tolist() == [[0, 1, 2]] * 3


def slow_scores(
    rules: Rules, probes=PROBES, gallery=GALLERY, *, seed: int = 0
) -> list[tuple[Any, ...]]:
    """Rank one probe at a time, straight from the words of the rules; every search by itself."""
    distances = Euclidean()(embed(probes, noise=1.0, seed=seed), embed(gallery, noise=1.0, seed=1))
    rows = []
    for search in rules.searches:
        views = sorted(set(gallery["view"])) if search.by_view else [""]
        for view in views:
            for i, probe in enumerate(probes.to_dict("records")):
                if view == probe["view"] and search.excluded != "nothing":
                    continue
                ranked = sorted(
                    (distances[i, j], entry["identity"] == probe["identity"])
                    for j, entry in enumerate(gallery.to_dict("records"))
                    if view in ("", entry["view"]) and may_meet(search, rules, probe, entry)
                )
                places = [k for k, (_, mate) in enumerate(ranked, start=1) if mate]
                ap = np.mean([n / k for n, k in enumerate(places, start=1)]) if places else np.nan
                rows.append((search.name, view, i, places[0] if places else 0, ap, len(ranked)))
    return rows


def may_meet(search: Search, rules: Rules, probe, entry) -> bool:
    same_view = probe["view"] == entry["view"]
    if rules.exclude_same_recording and probe["recording"] == entry["recording"]:
        return False
    if search.excluded == "same-view":
        return not same_view
    if search.excluded == "same-view-mates":
        return not (same_view and probe["identity"] == entry["identity"])
    return True


def check_against_the_loop(rules: Rules) -> None:
    columns = ["search", "gallery_view", "probe", "rank", "ap", "gallery"]
    expected = pd.DataFrame(slow_scores(rules), columns=columns)

    found = scored(rules)[columns]

    pd.testing.assert_frame_equal(found, expected, check_dtype=False)


@pytest.mark.parametrize("excluded", ["nothing", "same-view", "same-view-mates"])
@pytest.mark.parametrize("same_recording", [True, False])
@pytest.mark.parametrize("by_view", [True, False])
def test_searches_equal_the_loop(excluded, same_recording, by_view):
    check_against_the_loop(rules_of(excluded, same_recording=same_recording, by_view=by_view))


def test_columns_and_rows():
    scores = scored()

    assert scores.columns.tolist() == [
        "search", "gallery_view", "probe", "sequence", "identity", "condition", "view", "rank", "ap",
        "inp", "genuine", "impostor", "mates", "gallery", "near_1", "near_2", "near_3", "near_4",
        "near_5", "tar_far_0.01", "tar_far_0.001",
        *(
            f"{column}_{quantity}"
            for quantity in (*RANKED, "tar_far_0.01", "tar_far_0.001")
            for column in ("as_gallery", "in_pairs")
        ),
        "pairs",
    ]  # fmt: skip
    assert scores["sequence"].tolist() == PROBES["sequence"].tolist()
    assert scores["probe"].tolist() == list(range(len(PROBES)))
    bg, nm = scores[scores["condition"] == "bg"], scores[scores["condition"] == "nm"]
    assert set(bg["gallery"]) == {14}
    assert set(bg["mates"]) == {2, 0}
    assert set(nm["mates"]) == {0}, "a walk is no mate of itself"
    assert scores["rank"].dtype == scores["mates"].dtype == np.int64


@pytest.mark.parametrize("cells", [1, 50, 10**6])
@pytest.mark.parametrize("by_view", [True, False])
def test_blocks_change_nothing(cells, by_view, monkeypatch):
    far, rules = (0.3, 0.05, 0.0), rules_of("same-view", by_view=by_view)
    whole = scored(rules, far=far)

    monkeypatch.setattr(base, "CELLS_AT_ONCE", cells)

    pd.testing.assert_frame_equal(scored(rules, far=far), whole)


SHOWN = tuple(
    np.random.default_rng(7).integers(0, 3, (len(table), 2)) / 2 for table in (PROBES, GALLERY)
)


@pytest.mark.parametrize("cells", [1, 50])
@pytest.mark.parametrize("excluded", ["nothing", "same-view"])
def test_what_parts_show_weighs_them_in_blocks_as_in_one(cells, excluded, monkeypatch):
    rules = rules_of(excluded)
    whole = scored(rules, visibility=SHOWN)
    assert not whole["genuine"].equals(scored(rules)["genuine"])

    monkeypatch.setattr(base, "CELLS_AT_ONCE", cells)

    pd.testing.assert_frame_equal(scored(rules, visibility=SHOWN), whole)


def test_what_parts_show_is_that_of_each_gallery_entry():
    rules = Rules(searches=(Search(), Search(name="one", gallery=("nm",), headline=False)))
    scores = scored(rules, visibility=SHOWN)
    probe, gallery = embed(PROBES, noise=1.0), embed(GALLERY, noise=1.0, seed=1)
    visibility = Euclidean().pair_visibility(gallery, *SHOWN)
    distances = Euclidean()(probe, gallery, visibility)
    nearest = scores["near_1"].to_numpy()
    found = np.minimum(scores["genuine"].fillna(np.inf), scores["impostor"])
    np.testing.assert_allclose(found, distances[scores["probe"], nearest])


def test_verification_equals_the_whole_matrix():
    scores = scored(rules_of(same_recording=False), far=(0.1,))

    probe_ids = PROBES["identity"].astype(int).to_numpy()
    gallery_ids = GALLERY["identity"].astype(int).to_numpy()
    distances = Euclidean()(embed(PROBES, noise=1.0), embed(GALLERY, noise=1.0, seed=1))
    everything = np.ones(distances.shape, bool)
    expected = tar_at_far(distances, probe_ids, gallery_ids, everything, far=0.1)
    np.testing.assert_array_equal(scores["tar_far_0.1"], expected)
    accepted = np.nansum(expected * scores["mates"])
    assert pooled_tar(scores, far=0.1) == pytest.approx(accepted / scores["mates"].sum())


def check_order(order, rules: Rules = OTHER_VIEWS) -> None:
    """Check that another order of the gallery changes nothing but the names of its rows."""
    found = scored(rules, order=order)
    rows = np.append(order, -1)
    renamed = {column: rows[found[column]] for column in NEAREST}
    pd.testing.assert_frame_equal(found.assign(**renamed), scored(rules))


def test_gallery_order_is_irrelevant():
    check_order(np.arange(len(GALLERY))[::-1])


def test_a_threshold_by_view_is_one_for_all_views():
    """A view by view threshold would accept pairs of one view that are no closer than rejected ones."""
    rules = rules_of("same-view", same_recording=False)
    pooled, by_view = (
        scored(r, far=(0.1,))
        for r in (rules, rules_of("same-view", same_recording=False, by_view=True))
    )

    assert pooled_tar(by_view, far=0.1) == pytest.approx(pooled_tar(pooled, far=0.1))
    accepted = by_view["tar_far_0.1"] * by_view["mates"]
    per_probe = accepted.groupby(by_view["probe"]).sum()
    np.testing.assert_allclose(per_probe, (pooled["tar_far_0.1"] * pooled["mates"]).fillna(0))


@settings(deadline=None, max_examples=25)
@given(
    excluded=st.sampled_from(["nothing", "same-view", "same-view-mates"]),
    by_view=st.booleans(),
    random=st.randoms(use_true_random=False),
)
def test_gallery_order_is_irrelevant_to_every_rule(excluded, by_view, random):
    order = list(range(len(GALLERY)))
    random.shuffle(order)
    rules = rules_of(excluded, by_view=by_view)

    check_order(order, rules)


@settings(deadline=None, max_examples=25)
@given(
    excluded=st.sampled_from(["nothing", "same-view"]),
    views=st.permutations(VIEWS),
    seed=st.integers(0, 1000),
)
def test_by_view_over_one_view_is_the_pooled_search(excluded, views, seed):
    probes, gallery = walks(8, ["bg"], views[:1]), walks(7, ["nm"], views[1:2])
    embedded = embed(probes, noise=1.0, seed=seed), embed(gallery, noise=1.0, seed=seed + 1)
    pooled, by_view = (rules_of(excluded, by_view=b) for b in (False, True))

    a, b = (score_probes(*embedded, probes, gallery, rules) for rules in (pooled, by_view))

    assert set(b["gallery_view"]) == {views[1]}
    pd.testing.assert_frame_equal(a.drop(columns="gallery_view"), b.drop(columns="gallery_view"))
    assert summarise(a, pooled) == summarise(b, by_view)


def test_searches_choose_their_probes_and_gallery_by_condition():
    probes, gallery = (
        walks(6, ["bg-01", "bg-02", "cl-01"], VIEWS),
        walks(6, ["nm-01", "nm-02"], VIEWS),
    )
    rules = Rules(
        searches=(
            Search(name="BG", probes=("bg-*",), gallery=("nm-0[1]",), excluded="same-view"),
            Search(name="CL", probes=("cl-*",), by_view=True, excluded="same-view"),
        )
    )
    embedded = embed(probes, noise=1.0), embed(gallery, noise=1.0, seed=1)

    scores = score_probes(*embedded, probes, gallery, rules)

    bg, cl = scores[scores["search"] == "BG"], scores[scores["search"] == "CL"]
    assert set(bg["condition"]) == {"bg-01", "bg-02"}
    assert set(bg["gallery"]) == {12}, "one walk of six people from two other views"
    assert (len(bg), len(cl)) == (36, 36)
    assert set(cl["gallery"]) == {12}, "two walks of six people from one view"
    assert (cl["view"] != cl["gallery_view"]).all()
    alone = score_probes(
        embedded[0][probes["condition"] != "cl-01"],
        embedded[1][gallery["condition"] == "nm-01"],
        probes[probes["condition"] != "cl-01"],
        gallery[gallery["condition"] == "nm-01"],
        OTHER_VIEWS,
    )
    np.testing.assert_array_equal(bg["rank"], alone["rank"])
    np.testing.assert_array_equal(bg["tar_far_0.01"], alone["tar_far_0.01"])


def test_person_re_identification_as_ccpg_defines_it():
    """Gallery of all views; a probe's mates in its own view are taken out of its ranking."""
    probes, gallery = walks(6, ["U0_D0"], VIEWS), walks(6, ["U1_D1", "U0_D0_BG"], VIEWS)
    rules = Rules(searches=(Search(name="CL", gallery=("U1_D1",), excluded="same-view-mates"),))
    a, b = embed(probes, noise=1.0), embed(gallery, noise=1.0, seed=1)
    summary = summarise(score_probes(a, b, probes, gallery, rules), rules)

    hits, precisions = [], []
    for i, probe in enumerate(probes.to_dict("records")):
        ranked = []
        for j, entry in enumerate(gallery.to_dict("records")):
            mate = entry["identity"] == probe["identity"]
            if entry["condition"] == "U1_D1" and not (mate and entry["view"] == probe["view"]):
                ranked.append((np.linalg.norm(a[i] - b[j], axis=0).mean(), mate))
        mates = [mate for _, mate in sorted(ranked)]
        assert (len(mates), sum(mates)) == (17, 2)
        hits.append(mates[0])
        precisions.append(np.mean([sum(mates[: k + 1]) / (k + 1) for k in np.flatnonzero(mates)]))
    assert summary["rank_1"] == pytest.approx(np.mean(hits))
    assert summary["map"] == pytest.approx(np.mean(precisions))


def test_table_index_is_irrelevant():
    embedded = embed(PROBES, noise=1.0), embed(GALLERY, noise=1.0, seed=1)
    other = PROBES.set_index(np.arange(len(PROBES))[::-1]), GALLERY.set_index(GALLERY["view"])

    found = score_probes(*embedded, *other, OTHER_VIEWS)

    pd.testing.assert_frame_equal(found, scored())


@pytest.mark.parametrize("distance", ["euclidean", "cosine"])
def test_perfect_embeddings_give_one(distance):
    summary = summarise(scored(noise=1e-3, distance=distance), OTHER_VIEWS)

    for key in ("rank_1", "rank_5", "map", "minp", "tar_far_0.01", "tar_far_0.001"):
        assert summary[key] == 1, key


def test_random_embeddings_give_chance():
    probes, gallery = walks(60, ["bg"], VIEWS[:2]), walks(60, ["nm"], VIEWS[:2])
    rng = np.random.default_rng(5)
    runs = [
        summarise(
            score_probes(
                rng.standard_normal((len(probes), 4, 1)).astype(np.float32),
                rng.standard_normal((len(gallery), 4, 1)).astype(np.float32),
                probes,
                gallery,
                OTHER_VIEWS,
            ),
            OTHER_VIEWS,
        )
        for _ in range(30)
    ]
    for k in (1, 5):
        found = np.mean([run[f"rank_{k}"] for run in runs])
        assert found == pytest.approx(k / 60, rel=0.2)
        assert runs[0][f"chance_rank_{k}"] == pytest.approx(k / 60)


def test_scores_survive_a_file(tmp_path):
    scored().to_csv(tmp_path / "scores.csv", index=False)

    read = pd.read_csv(
        tmp_path / "scores.csv",
        dtype={"view": str},
        keep_default_na=False,
        na_values={
            "ap": [""],
            "inp": [""],
            "genuine": [""],
            "impostor": [""],
            "tar_far_0.01": [""],
            "tar_far_0.001": [""],
        },
    )
    assert summarise(read, OTHER_VIEWS) == summarise(scored(), OTHER_VIEWS)


def test_no_probe_has_a_mate():
    strangers = PROBES.assign(identity="x" + PROBES["identity"])
    embedded = embed(PROBES, noise=1.0), embed(GALLERY, noise=1.0)

    with pytest.raises(
        ProtocolError,
        match=r"'all': none of 48 probes .* 21 gallery .* share 0 identities, .* exclude pairs of one "
        "recording, ",
    ):
        score_probes(*embedded, strangers, GALLERY, PLAIN)
    one_view = GALLERY["view"] == "000"
    with pytest.raises(
        ProtocolError, match=r"share 7 .* pairs of one view, pairs of one recording, .* Relax"
    ):
        score_probes(
            embedded[0][PROBES["view"] == "000"],
            embedded[1][one_view],
            PROBES[PROBES["view"] == "000"],
            GALLERY[one_view],
            OTHER_VIEWS,
        )


def test_a_search_without_sequences_names_the_conditions_that_there_are():
    with pytest.raises(ProtocolError, match=r"'CL' has no probes: .* like cl-\*; .* are bg, nm\."):
        scored(rules_of(name="CL", probes=("cl-*",)))
    with pytest.raises(ProtocolError, match=r"'CL' has no gallery: none of 21 .* are nm\."):
        scored(rules_of(name="CL", gallery=("NM",)))


def test_no_impostor_leaves_verification_undefined():
    probes, gallery = walks(1, ["bg"], VIEWS[:1]), walks(1, ["nm"], VIEWS[:1])
    embedded = embed(probes, noise=1.0), embed(gallery, noise=1.0)

    summary = summarise(score_probes(*embedded, probes, gallery, PLAIN), PLAIN)

    assert summary["rank_1"] == summary["chance_rank_1"] == 1
    assert np.isnan(summary["tar_far_0.01"])


def test_embeddings_and_tables_must_fit():
    probe, gallery = embed(PROBES, noise=1.0), embed(GALLERY, noise=1.0)

    with pytest.raises(ProtocolError, match="47 probe embeddings for 48 rows"):
        score_probes(probe[1:], gallery, PROBES, GALLERY, OTHER_VIEWS)
    with pytest.raises(ProtocolError, match="gallery table lacks the columns recording"):
        score_probes(probe, gallery, PROBES, GALLERY.drop(columns="recording"), OTHER_VIEWS)
    with pytest.raises(UnknownNameError, match="Unknown distance"):
        score_probes(probe, gallery, PROBES, GALLERY, OTHER_VIEWS, distance="l1")


def test_not_finite_names_the_row_of_the_table(monkeypatch):
    monkeypatch.setattr(base, "CELLS_AT_ONCE", 50)
    probe = embed(PROBES, noise=1.0)
    probe[40] = np.nan

    with pytest.raises(ProtocolError, match=r"1 of 48 probe .* \(rows 40\)"):
        score_probes(probe, embed(GALLERY, noise=1.0), PROBES, GALLERY, OTHER_VIEWS)


@pytest.mark.parametrize("cells", [50, 10**6])
def test_a_group_of_pairs_is_ranked_as_if_there_were_no_others(cells, monkeypatch):
    """Probes 000… meet even gallery rows alone; those of other views are not searched for at all."""
    monkeypatch.setattr(base, "CELLS_AT_ONCE", cells)
    view = PROBES["view"].to_numpy()
    group = PairGroup(
        "even",
        lambda probes, entries: np.broadcast_to(entries % 2 == 0, (len(probes), len(entries))),
        lambda probes: view[probes] == "000",
    )
    found = scored(groups=(EVERY_PAIR, group))
    assert dict(found["pairs"].value_counts()) == {"all": len(PROBES), "even": len(PROBES) // 3}
    pd.testing.assert_frame_equal(found[found["pairs"] == "all"], scored())
    even = found[found["pairs"] == "even"].reset_index(drop=True)
    some, rows = GALLERY.iloc[::2], np.flatnonzero(view == "000")
    expected = score_probes(
        embed(PROBES, noise=1.0)[rows],
        embed(GALLERY, noise=1.0, seed=1)[::2],
        PROBES.iloc[rows],
        some,
        OTHER_VIEWS,
    )
    near = list(NEAREST)
    expected[near] = np.where(expected[near] >= 0, 2 * expected[near], -1)
    expected["probe"] = rows
    expected["pairs"] = "even"
    pd.testing.assert_frame_equal(even, expected, check_dtype=False)


def test_searches_beside_the_headline_have_all_pairs_alone():
    searches = (Search(excluded="same-view"), Search(name="beside", headline=False))
    group = PairGroup("none", lambda p, g: np.zeros((len(p), len(g)), bool), lambda p: p >= 0)
    found = scored(Rules(searches=searches), groups=(EVERY_PAIR, group))
    assert set(zip(found["search"], found["pairs"], strict=True)) == {
        ("all", "all"),
        ("all", "none"),
        ("beside", "all"),
    }
    empty = found[found["pairs"] == "none"]
    assert (empty["mates"] == 0).all()
    assert empty["ap"].isna().all()
