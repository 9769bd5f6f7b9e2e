"""A whole run on a data set whose rules have several searches, by view."""

import numpy as np
import pytest

from gaitbench.core.store import Store
from gaitbench.data.rules import Rules, Search
from gaitbench.data.silhouettes import SilhouettesWriter
from gaitbench.evaluation.scores import read_rules, read_scores
from gaitbench.experiment.bench import Bench
from gaitbench.experiment.spec import Experiment
from gaitbench.protocols.expansion import expand
from gaitbench.reports.common.searches import search_tables
from gaitbench.results.collect import rules_of
from gaitbench.results.places import where
from gaitbench.running.run import Runner
from tests.making import Silent, collected

RULES = Rules(
    name="casia-b",
    version=3,
    searches=tuple(
        Search(
            name=name, probes=(probes,), gallery=("nm-0[12]",), by_view=True, excluded="same-view"
        )
        for name, probes in (("NM", "nm-03"), ("BG", "bg-*"))
    ),
)
VIEWS = ("000", "090", "180")


@pytest.fixture(scope="module")
def results(tmp_path_factory):
    rng = np.random.default_rng(0)
    folder = tmp_path_factory.mktemp("casia")
    meta = {"rules": RULES.model_dump(mode="json")}
    with SilhouettesWriter(folder, name="casia-b", height=16, width=11, meta=meta) as writer:
        splits = {"train": [], "test.probe": [], "test.gallery": []}
        for i in range(9):
            for condition in ("nm-01", "nm-02", "nm-03", "bg-01"):
                for view in VIEWS:
                    index = writer.add(
                        (rng.random((4, 16, 11)) < 0.5).astype(np.uint8),
                        identity=f"{i:03d}",
                        condition=condition,
                        view=view,
                        recording=f"{i:03d}-{condition}",
                    )
                    side = "gallery" if condition in ("nm-01", "nm-02") else "probe"
                    splits["train" if i < 5 else f"test.{side}"].append(index)
        writer.splits = splits
    store = Store(tmp_path_factory.mktemp("store"))
    bench = Bench.resolve(Experiment(preset="smoke", methods=("baseline-1",), dataset=str(folder)))
    Runner(store, bench, jobs=1, device="cpu", display=Silent()).run()
    return store, bench, collected(store, bench)


def test_scores_hold_every_search_and_view(results):
    store, _, found = results
    key = where(found.cells, side="both", test="top+bottom")["key"].iloc[0]
    scores = read_scores(store, key)

    # Four people seen from three views, each searched for in the other two.
    for pairs in ("all", "same part"):
        sizes = where(scores, pairs=pairs).groupby("search").size()
        assert sizes.to_dict() == {"NM": 24, "BG": 24}
    assert (scores["view"] != scores["gallery_view"]).all()
    assert scores.groupby("probe")["hidden_share"].nunique().max() == 1
    assert (scores["hidden_share"] > 0).all()
    assert read_rules(store, key) == RULES


def test_the_headline_is_the_mean_over_searches_and_views(results):
    _, _, found = results
    assert found.rules == RULES
    for _, row in where(found.cells, pairs="all").iterrows():
        searches = found.searches[found.searches["key"] == row["key"]].set_index("search")
        views = found.views[found.views["key"] == row["key"]]
        assert list(searches.index) == ["NM", "BG"]
        assert row["rank_1"] == pytest.approx(searches["rank_1"].mean())
        assert row["map"] == pytest.approx(searches["map"].mean())
        means = views.groupby("search")["rank_1"].mean()
        assert means["NM"] == pytest.approx(searches["rank_1"]["NM"])
        assert (row["n_probes"], row["n_without_mate"], row["n_gallery"]) == (24, 0, 8)
        assert row["n_identities"] == 4
        assert row["chance_rank_1"] == pytest.approx(2 / 8)


def test_facts_and_tables_name_the_rules(results):
    _, _, found = results
    assert found.facts["rules"] == "casia-b, version 3"
    assert found.facts["never_compared"] == "pairs of one view, pairs of one recording"
    assert str(found.facts["one_number"]).startswith("mean over the searches NM, BG; each gallery")
    tables = search_tables(found)
    assert [t.name for t in tables] == [
        f"searches-mimicgait-{side}-casia-b-gaitbase{kind}"
        for side in ("probe", "both")
        for kind in ("", "-nm-by-view", "-bg-by-view")
    ]
    for by_view in (tables[1], tables[4]):
        assert [c.title for c in by_view.columns[2:]] == [*VIEWS, "mean"]


def test_a_store_without_its_data_still_knows_the_rules(results, tmp_path):
    store, bench, _ = results
    (bench.test.folder / "meta.json").rename(tmp_path / "meta.json")
    try:
        assert rules_of(store, expand(bench)) == RULES
    finally:
        (tmp_path / "meta.json").rename(bench.test.folder / "meta.json")
    assert rules_of(Store(tmp_path / "empty"), expand(bench)) == RULES
