"""From a store with a part of an experiment to `Results`: nothing invented, nothing hidden."""

import math
import shlex
import tomllib

import pytest
import typer

from gaitbench import __version__
from gaitbench.cli.main import app
from gaitbench.cli.options import given_options
from gaitbench.core.registry import register
from gaitbench.core.store import DEFAULT_FOLDER, Store
from gaitbench.evaluation.metrics.base import metrics
from gaitbench.evaluation.metrics.rank import RankK
from gaitbench.evaluation.scores import read_rules, read_scores
from gaitbench.experiment.bench import Bench
from gaitbench.experiment.cells import Evaluation
from gaitbench.experiment.spec import Experiment
from gaitbench.protocols.expansion import expand
from gaitbench.results.facts import command_of
from gaitbench.results.frame import number_columns
from gaitbench.results.snapshot import StoredScores
from gaitbench.running.run import Runner
from gaitbench.walkers.dataset import RULES
from tests.making import Silent, collected
from tests.summaries import summarise


def bench(**changes):
    values = {"preset": "smoke", "protocol": "occluded", "methods": ("baseline-1",)} | changes
    return Bench.resolve(Experiment(**values))


def parsed(command):
    """Return the experiment and the store that a command line asks for, as the program reads it."""
    program, run, *arguments = shlex.split(command)
    assert (program, run) == ("gaitbench", "run")
    context = typer.main.get_command(app).commands["run"].make_context("run", arguments)
    return Experiment.of(given_options(context), "options"), context.params["store"]


@pytest.fixture(scope="module")
def store(small_store):
    # The data set, the network, whole clips, three draws of occluded probes and three of both sides, and
    # six checks that nothing else asks for.
    assert [len(small_store.keys(kind)) for kind in ("datasets", "stages", "scores")] == [1, 1, 13]
    return small_store


@pytest.fixture(scope="module")
def partial(store):
    """Return the results of a larger experiment than the one that was run."""
    return collected(store, bench(methods=("baseline-1", "rg-gait"), no_mate="miss"))


def test_a_finished_experiment_has_no_gap(store):
    cells = collected(store, bench()).cells
    assert set(cells["status"]) == {"done"}
    assert set(cells["reason"]) == {""}
    compared = [("probe", "all"), ("both", "all"), ("both", "same part")]
    halves = [("both", f"{p} × {g}") for p in ("top", "bottom") for g in ("top", "bottom")]
    split = [
        compared[0],
        ("probe", "top × none"),
        ("probe", "bottom × none"),
        *compared[1:],
        *halves,
    ]
    wanted = []
    for protocol, groups in (("occluded", split), ("own-shares", compared)):
        wanted += [(protocol, "top+bottom", *group, d, "") for group in groups for d in range(3)]
        wanted.append((protocol, "holistic", "both", "all", 0, ""))
    checks = (
        "as tested",
        "whole clips",
        "blank",
        "outline",
        "tied-outline",
        "one-draw",
        "shuffled",
        "masked",
    )
    wanted += [
        ("sanity", "holistic" if check == "whole clips" else "top+bottom", "both", "all", 0, check)
        for check in checks
    ]
    columns = ["protocol", "test", "side", "pairs", "draw", "check"]
    assert list(cells[columns].itertuples(index=False, name=None)) == wanted
    assert list(cells["key"]) == [c.evaluation.key for c in expand(bench()).cells]
    assert list(cells["stage"]) == [c.evaluation.stage.key for c in expand(bench()).cells]
    assert cells["key"].nunique() == 13
    assert set(cells["trained"]) == {""}
    assert cells[["severity", "hidden_wanted"]].isna().all(axis=None)


@pytest.mark.parametrize("no_mate", ["drop", "miss", "miss-ranks"])
def test_done_cells_are_averages_of_the_stored_scores(store, no_mate):
    for _, row in collected(store, bench(no_mate=no_mate)).cells.iterrows():
        every = read_scores(store, row["key"])
        scores = every[every["pairs"] == row["pairs"]]
        rules = read_rules(store, row["key"])
        assert rules == RULES
        is_part = " × " in row["pairs"]
        for name, value in summarise(scores, rules, no_mate=no_mate).items():
            # Of the parts of all pairs nothing but metrics is kept.
            is_kept = not is_part or name in metrics.names()
            assert row[name] == value if is_kept else math.isnan(row[name]), name
        scores = scores[scores["search"] == "all"]
        if not is_part:
            assert row["n_probes"] == len(scores) == 54
            assert row["n_identities"] == scores["identity"].nunique() == 6
            assert row["hidden_share"] == scores["hidden_share"].mean()
        found = scores[scores["mates"] > 0]
        assert row["rank_1"] == pytest.approx(
            (found["rank"] == 1).sum() / (len(found) if no_mate == "drop" else len(scores))
        )


def test_a_group_of_pairs_in_which_nobody_has_a_mate_is_missing_and_says_so(store, monkeypatch):
    rows = StoredScores.rows

    def lonely(stored):
        scores = rows(stored)
        return scores.assign(mates=scores["mates"].where(scores["pairs"] != "top × bottom", 0))

    monkeypatch.setattr(StoredScores, "rows", lonely)
    cells = collected(store, bench()).cells
    missing = cells[cells["status"] == "missing"]
    assert list(zip(missing["pairs"], missing["draw"], strict=True)) == [
        ("top × bottom", draw) for draw in range(3)
    ]
    assert set(missing["reason"]) == {"no probe has a mate among the pairs of this kind"}
    # No command makes it.
    assert set(missing["command"]) == {""}
    assert missing[list(number_columns())].isna().all(axis=None)


def test_hidden_share_belongs_to_the_test(partial):
    done = partial.cells[partial.cells["status"] == "done"]
    asked = done[done["check"] == ""]
    assert (asked.loc[asked["test"] == "holistic", "hidden_share"] == 0).all()
    occluded = asked[(asked["test"] == "top+bottom") & asked["pairs"].isin(["all", "same part"])]
    assert occluded["hidden_share"].between(0.2, 0.8).all()
    # Every draw hides something else, and the same of the probes whatever becomes of the gallery.
    assert (occluded.groupby("draw")["hidden_share"].nunique() == 1).all()
    assert occluded["hidden_share"].nunique() == occluded["draw"].nunique() == 3


def test_hidden_share_is_that_of_the_occluded_side(store):
    asked = bench(protocol="audit", side="gallery", test_draws=1, sanity=False)
    # Three settings; whole clips are there already.
    assert Runner(store, asked, jobs=1, device="cpu", display=Silent()).run() == 3
    cells = collected(store, asked).cells
    assert set(cells["side"]) == {"gallery"}
    shares = cells.set_index(["setting", "test"])["hidden_share"]
    assert shares["mimicgait", "holistic"] == 0
    assert 0.2 < shares["mimicgait", "top+bottom"] < 0.8


def test_a_method_without_a_detector_has_no_detector_quality(partial):
    done = partial.cells[partial.cells["status"] == "done"]
    assert done[["detector_accuracy", "detector_error"]].isna().all(axis=None)
    assert done[metrics.names()].notna().all(axis=None)


def test_missing_cells_say_why_and_hold_no_number(partial):
    missing = partial.cells[partial.cells["status"] == "missing"]
    # Three draws of nine groups of pairs, and of three with its own share; whole clips in both; and ten
    # checks, two of them of the detector.
    assert list(missing["method"]) == ["rg-gait"] * (3 * 9 + 1 + 3 * 3 + 1 + 10)
    assert list(missing["protocol"].value_counts()[["occluded", "own-shares", "sanity"]]) == [
        *(28, 10, 10)
    ]
    assert list(missing["check"])[-2:] == ["true-amount", "stray-detector"]
    for _, row in missing.iterrows():
        assert row["reason"] == "not evaluated yet"
        assert all(math.isnan(row[name]) for name in number_columns())
        assert row["steps_occluded"] == 4
        assert row["trained"] == "mimicgait"


def test_the_command_of_a_missing_cell_makes_it(partial, store):
    asked = bench(methods=("baseline-1", "rg-gait"), no_mate="miss")
    is_done = partial.cells["status"] == "done"
    assert set(partial.cells.loc[is_done, "command"]) == {""}
    for command in partial.cells.loc[~is_done, "command"]:
        experiment, folder = parsed(command)
        assert experiment == asked.experiment
        assert folder == store.folder
        again = Bench.resolve(experiment)
        assert {c.evaluation.key for c in expand(again).cells} == set(partial.cells["key"])


@pytest.mark.parametrize(
    "values",
    [
        {},
        {"protocol": "all", "preset": "paper", "seeds": (0, 1, 2)},
        {"seeds": (7,), "backbones": ("gaitbase", "another"), "distance": "cosine"},
        {"dataset": "my walks/indoor", "test_dataset": "it's outdoors", "no_mate": "miss"},
        {"methods": ("mimicgait", "baseline-1"), "side": "gallery", "setting": "occ-aware"},
        {"adapt_to": (), "extractor": "/check points/one.pt"},
        {"adapt_to": ("crowd", "pole"), "setting": "rg-gait", "side": "probe"},
        {"adapt_to": ("rg-gait.patch",), "draws": "batch", "positives": "self-too"},
        {"sanity": False, "test_draws": 7},
    ],
)
def test_a_command_gives_the_same_experiment_back(tmp_path, values):
    experiment = Experiment(**values)
    store = Store(tmp_path / "kept here")
    assert parsed(command_of(experiment, store)) == (experiment, store.folder)


def test_a_command_says_no_more_than_it_must(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("GAITBENCH_STORE", raising=False)
    command = command_of(Experiment(), Store(DEFAULT_FOLDER))
    assert command == "gaitbench run --protocol occluded"
    assert parsed(command) == (Experiment(), None)


def test_rows_of_two_protocols_share_key_and_numbers(store):
    cells = collected(store, bench(protocol="all")).cells
    whole = cells[(cells["method"] == "baseline-1") & (cells["test"] == "holistic")]
    whole = whole[whole["severity"].isna()]
    whole = whole[whole["test_dataset"] == "walkers"]
    assert set(whole["protocol"]) == {
        *("occluded", "own-shares", "generalizability", "adaptability", "controls"),
        *("retention", "ablation", "audit", "sanity"),
    }
    assert whole["key"].nunique() == 1
    assert whole["rank_1"].nunique() == 1
    swept = cells[cells["protocol"] == "sweep"]
    assert set(swept["status"]) == {"missing"}
    steps = swept[swept["severity"] > 0][["severity", "hidden_wanted"]].drop_duplicates()
    assert list(steps.itertuples(index=False, name=None)) == [(1, 0.2), (2, 0.4)]
    others = cells[cells["protocol"] != "sweep"]
    assert others[["severity", "hidden_wanted"]].isna().all(axis=None)
    assert set(cells.loc[cells["protocol"] != "sanity", "check"]) == {""}


def test_cells_of_other_settings_and_budgets_say_so(store):
    methods = ("baseline-1", "baseline-2")
    cells = collected(store, bench(protocol="audit", methods=methods, sanity=False)).cells
    trained = cells[cells["method"] == "baseline-2"]
    assert set(trained["trained"]) == {"mimicgait", "rg-gait", "occ-aware"}
    assert trained["stage"].nunique() == 3
    assert (trained.groupby("trained")["stage"].nunique() == 1).all()
    occluded = trained[trained["test"] != "holistic"]
    assert set(occluded["setting"]) == {"mimicgait", "rg-gait", "occ-aware"}
    cells = collected(store, bench(protocol="adaptation-curve", methods=methods)).cells
    curve = cells[cells["check"] == ""]
    assert set(curve["adapted_to"]) == {"middle", "dynamic"}
    assert sorted(set(curve["adapted_steps"])) == [0, 1, 2]


def test_steps_are_those_of_the_stages(partial):
    for method, steps in (("baseline-1", (0, 4)), ("rg-gait", (4, 12))):
        cells = partial.cells[partial.cells["method"] == method]
        found = cells[["steps_occluded", "steps_total"]].drop_duplicates()
        assert list(found.itertuples(index=False, name=None)) == [steps]


def test_per_probe_scores_are_read_when_asked_for(store):
    results = collected(store, bench())
    for key in results.cells["key"]:
        assert results.probes(key).equals(read_scores(store, key))


def test_a_metric_that_is_undefined_is_not_known_and_hides_no_other(store, monkeypatch):
    """Without impostor pairs there is no false accept rate."""
    before, rows = collected(store, bench()).cells, StoredScores.rows
    undefined = {"tar_far_0.01": math.nan}
    monkeypatch.setattr(StoredScores, "rows", lambda stored: rows(stored).assign(**undefined))
    cells = collected(store, bench()).cells
    assert set(cells["status"]) == {"done"}
    assert cells["tar_far_0.01"].isna().all()
    assert cells["tar_far_0.001"].equals(before["tar_far_0.001"])


def test_a_plugins_metric_is_computed_from_stored_scores(store):
    @register("rank_2")
    class Rank2(RankK):
        title, k = "Rank-2", 2

    for _, row in collected(store, bench()).cells.iterrows():
        scores = read_scores(store, row["key"])
        scores = scores[(scores["pairs"] == row["pairs"]) & (scores["search"] == "all")]
        found = scores[scores["mates"] > 0]
        assert row["rank_2"] == pytest.approx((found["rank"] <= 2).mean())
        if " × " not in row["pairs"]:
            assert row["chance_rank_1"] < row["chance_rank_2"] < row["chance_rank_5"]


def test_facts_say_what_the_numbers_depend_on(partial, store):
    facts = partial.facts
    assert facts["preset"] == "smoke"
    assert facts["distance"] == "euclidean"
    assert facts["no_mate"] == "miss"
    assert facts["side"] == "both"
    assert facts["seeds"] == [0]
    assert facts["gaitbench_version"] == __version__
    assert facts["protocol_version"] == Evaluation.version
    assert facts["rules"] == "walkers, version 2"
    assert facts["never_compared"] == (
        "pairs of one view, pairs of one recording (all, nm, bg, cl); "
        "pairs of one recording (in the wild: nothing excluded)"
    )
    assert facts["one_number"] == "search all"
    assert facts["test_frames"] == 4
    assert facts["adaptation_steps"] == 2
    assert facts["setting"] == (
        # Which share of the training clips is occluded is a method's own, and stands in the footers.
        "mimicgait: trained on top 0.4–0.6, bottom 0.4–0.6; tested on 100% of the clips: top 0.4–0.6, "
        "bottom 0.4–0.6 (MimicGait (WACV 2025), section 4)"
    )
    asked = bench(methods=("baseline-1", "rg-gait"), no_mate="miss").experiment
    assert parsed(facts["command"]) == (asked, store.folder)
    assert Experiment.of(tomllib.loads(facts["experiment"]), "facts") == asked


def test_other_readings_of_training_are_among_the_facts(store):
    plain = collected(store, bench()).facts
    facts = collected(store, bench(draws="batch", positives="self-too")).facts
    assert "triplet_loss" not in plain
    assert facts["triplet_loss"] == "each anchor is its own positive too"
    assert "batch" not in str(plain["setting"])
    assert "drawn once for all clips of a batch; tested on" in str(facts["setting"])


def test_an_empty_store_gives_the_same_cells_without_numbers(store, tmp_path):
    empty = Store(tmp_path / "nothing")
    cells = collected(empty, bench()).cells
    assert list(cells["key"]) == list(collected(store, bench()).cells["key"])
    assert set(cells["status"]) == {"missing"}
    assert cells[list(number_columns())].isna().all(axis=None)
    assert not empty.folder.exists()
