"""Several stores, several versions, and stores that others write to: what one table may hold."""

import dataclasses
import json
import shutil
import threading

import pytest

from gaitbench.core.errors import StoreError
from gaitbench.core.keys import key_of
from gaitbench.core.store import Store
from gaitbench.core.store_union import StoreUnion
from gaitbench.experiment.bench import Bench
from gaitbench.experiment.cells import Evaluation
from gaitbench.experiment.spec import Experiment
from gaitbench.protocols.expansion import expand
from gaitbench.reports.unchanged import digest_of
from gaitbench.results.collect import rules_of
from gaitbench.results.facts import command_of
from tests.making import collected, make_store, shown, snapshot_of

OLDER = Evaluation.version - 1
NEW_FIELDS = ("hidden", "tampering")
"""What evaluations of version 2 did not have."""


def bench(**changes):
    values = {
        "preset": "smoke",
        "protocol": "retention",
        "methods": ("baseline-2",),
        "sanity": False,
        "seeds": (0, 1),
    }
    return Bench.resolve(Experiment(**values | changes))


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    """Return two stores, each with one seed."""
    folder = tmp_path_factory.mktemp("merged")
    return [
        make_store(folder / name, bench(seeds=(seed,)))
        for seed, name in enumerate(("here", "there"))
    ]


@pytest.fixture
def copied(made, tmp_path):
    """Return copies of the two stores, to be changed."""
    return [Store(shutil.copytree(s.folder, tmp_path / s.folder.name)) for s in made]


def union(stores):
    return StoreUnion(stores, [s.folder.name for s in stores])


def rewrite(path, **changes):
    path.write_text(json.dumps(json.loads(path.read_text()) | changes))


def outdate(store, key, version=OLDER):
    """Make stored scores look as an earlier version would have left them."""
    spec = store.spec("scores", key)
    described = {k: v for k, v in spec.items() if k not in ("type", "version", *NEW_FIELDS)}
    old = key_of(["evaluation", version, described])
    store.path("scores", key).rename(store.path("scores", old))
    kept = {"type": "Evaluation", "version": version} | described
    (store.path("scores", old) / "spec.json").write_text(json.dumps(kept))
    return old


# Several stores


def test_seeds_of_two_machines_make_one_table(made):
    merged = collected(union(made), bench())
    assert set(merged.cells["status"]) == {"done"}
    assert set(merged.cells["seed"]) == {0, 1}
    for seed, store in enumerate(made):
        alone = collected(store, bench(seeds=(seed,))).cells.set_index("key")
        mine = merged.cells[merged.cells["seed"] == seed].set_index("key")
        numbers = ["rank_1", "rank_5", "map", "n_probes"]
        assert mine[numbers].equals(alone.loc[mine.index, numbers])
    assert merged.rules == rules_of(made[0], expand(bench()))


def test_facts_name_the_stores_and_what_made_them(made):
    facts = collected(union(made), bench()).facts
    assert facts["stores"] == "here, there"
    assert facts["command"].startswith("gaitbench report here there --protocol retention")
    assert facts["evaluations_made_with"].startswith("4 with gaitbench ")
    assert "device cpu" in facts["evaluations_made_with"]
    # Each seed has an extractor and Baseline-2's own network.
    assert facts["stages_made_with"].startswith("4 with gaitbench ")
    assert "careful" not in facts
    assert "stores" not in collected(made[0], bench()).facts


@pytest.mark.parametrize(
    ("kind", "change", "said"),
    [
        ("scores", {"machine": "sparc"}, "machine sparc and "),
        ("stages", {"packages": {"torch": "9.9", "numpy": "2"}}, "torch "),
        ("stages", {"device": "cuda"}, "device cpu and cuda"),
        ("scores", {"bfloat16": "unheard-of"}, "bfloat16 "),
    ],
)
def test_a_table_of_different_machines_says_so(copied, kind, change, said):
    for key in copied[1].keys(kind):
        rewrite(copied[1].path(kind, key) / "record.json", **change)
    facts = collected(union(copied), bench()).facts
    assert facts["careful"].startswith(f"the tables of retention mix {said}")
    assert "9.9" in facts["careful"] or kind == "scores" or "cuda" in facts["careful"]
    assert "; " in facts[{"scores": "evaluations", "stages": "stages"}[kind] + "_made_with"]
    alone = collected(copied[0], bench(seeds=(0,))).facts
    assert "careful" not in alone


def test_a_record_that_is_not_there_is_no_obstacle(copied):
    key = copied[0].keys("scores")[0]
    (copied[0].path("scores", key) / "record.json").unlink()
    facts = collected(union(copied), bench()).facts
    assert "1 with gaitbench not recorded" in facts["evaluations_made_with"]
    assert "torch" in facts["careful"]


def test_what_is_missing_is_made_in_the_store_that_has_most_of_its_seed(made):
    asked = bench(methods=("baseline-2", "occ-aware"), seeds=(0, 1, 2))
    cells = collected(union(made), asked).cells
    missing = cells[cells["status"] == "missing"]
    commands = dict(zip(missing["seed"], missing["command"], strict=True))
    assert set(missing["reason"]) == {"not evaluated yet"}
    for seed, store in ((0, made[0]), (1, made[1]), (2, made[0])):
        alone = asked.experiment.model_copy(update={"seeds": (seed,)})
        assert commands[seed] == command_of(alone, store)
        assert f"--store {store.folder}" in commands[seed]


# Several versions


def test_scores_of_two_versions_are_refused_with_both(copied):
    outdate(copied[0], collected(copied[0], bench(seeds=(0,))).cells["key"].iloc[0])
    with pytest.raises(
        StoreError,
        match=rf"^1 evaluations .* version {Evaluation.version}, .*1 only at version {OLDER}\..*"
        rf"gaitbench run --protocol retention .*--store {copied[0].folder}$",
    ):
        collected(copied[0], bench(seeds=(0,)))


def test_the_refusal_names_the_command_of_each_seed(copied):
    for seed, store in enumerate(copied):
        outdate(store, collected(store, bench(seeds=(seed,))).cells["key"].iloc[0], seed + 1)
    with pytest.raises(StoreError, match=r"1 only at version 1 and 1 only at version 2") as error:
        collected(union(copied), bench())
    for store in copied:
        assert f"--store {store.folder}" in str(error.value)


def test_scores_that_are_all_of_another_version_are_missing_for_that_reason(copied):
    for key in copied[0].keys("scores"):
        outdate(copied[0], key)
    cells = collected(copied[0], bench(seeds=(0,))).cells
    assert set(cells["status"]) == {"missing"}
    assert set(cells["reason"]) == {
        f"stored scores are of protocol version {OLDER}; this gaitbench computes version "
        f"{Evaluation.version}"
    }
    assert cells["rank_1"].isna().all()


def test_scores_of_another_version_and_of_stages_described_otherwise_are_named(copied):
    for key in copied[0].keys("scores"):
        old = outdate(copied[0], key)
        path = copied[0].path("scores", old) / "spec.json"
        rewrite(path, stage="of old frames")
    cells = collected(copied[0], bench(seeds=(0,))).cells
    n = len(copied[0].keys("scores"))
    assert set(cells["reason"]) == {
        f"not evaluated at protocol version {Evaluation.version}; the store holds evaluations of another "
        f"one ({n} of version {OLDER}), and numbers of two versions do not compare"
    }


def test_scores_of_both_versions_count_at_the_present_one(copied):
    key = copied[0].keys("scores")[0]
    kept = shutil.copytree(copied[0].path("scores", key), copied[0].folder / "kept")
    outdate(copied[0], key)
    kept.rename(copied[0].path("scores", key))
    assert set(collected(copied[0], bench(seeds=(0,))).cells["status"]) == {"done"}


def test_an_earlier_version_without_a_field_is_no_evaluation_that_uses_it(copied):
    whole = [c.evaluation for c in expand(bench(seeds=(0,))).cells]
    for one in whole:
        outdate(copied[0], one.key)
    found = snapshot_of(copied[0], bench(seeds=(0,), sanity=True))
    tampered = [c for c in found.cells if c.evaluation.tampering != "none"]
    assert tampered
    assert found.other_versions.keys() == {one.key for one in whole}
    blank = dataclasses.replace(whole[0], tampering="blank")
    assert blank.key not in found.other_versions


def test_a_damaged_artifact_that_nobody_asked_for_is_no_obstacle(copied):
    outdate(copied[0], copied[0].keys("scores")[0])
    outdate(copied[0], next(k for k in copied[0].keys("scores")), version=1)
    for key in copied[0].keys("scores"):
        (copied[0].path("scores", key) / "spec.json").write_text("{")
    cells = collected(copied[0], bench(seeds=(1,))).cells
    assert set(cells["reason"]) == {"not evaluated yet"}


# Several rules


def test_scores_of_two_versions_of_the_rules_are_refused_with_both(copied):
    key = copied[1].keys("scores")[0]
    rewrite(copied[1].path("scores", key) / "rules.json", version=3)
    with pytest.raises(StoreError, match=r"different rules: 'walkers' version 2 .* version 3 \(.*"):
        collected(union(copied), bench())


def test_rules_of_the_scores_are_those_of_the_report(copied):
    for store in copied:
        for key in store.keys("scores"):
            rewrite(store.path("scores", key) / "rules.json", version=7)
    results = collected(union(copied), bench())
    assert results.rules.version == 7
    assert results.facts["rules"] == "walkers, version 7"


# A store that is written to


def test_what_vanishes_after_the_snapshot_is_missing_and_says_so(copied):
    asked = bench(seeds=(0,))
    snapshot = snapshot_of(copied[0], asked)
    gone = next(iter(snapshot.folders))
    shutil.rmtree(snapshot.folders[gone])
    results = collected(copied[0], asked, snapshot)
    cells = results.cells.set_index("key")
    assert cells.loc[gone, "status"] == "missing"
    assert cells.loc[gone, "reason"] == "its scores vanished from the store while they were read"
    assert results.finished == snapshot.folders.keys() - {gone}


@pytest.mark.parametrize("name", ["probes.npz", "rules.json"])
def test_what_is_half_copied_is_missing(copied, name):
    asked = bench(seeds=(0,))
    key = copied[0].keys("scores")[0]
    (copied[0].path("scores", key) / name).unlink()
    assert "vanished" in collected(copied[0], asked).cells.set_index("key").loc[key, "reason"]


def test_what_is_damaged_is_named(copied):
    key = copied[0].keys("scores")[0]
    path = copied[0].path("scores", key) / "probes.npz"
    path.write_bytes(path.read_bytes()[:200])
    with pytest.raises(StoreError, match=rf"{path} cannot be read.*Remove its folder"):
        collected(copied[0], bench(seeds=(0,)))


def test_scores_outlive_their_store_until_the_report_is_written(copied):
    results = collected(copied[0], bench(seeds=(0,)))
    before = {key: results.probes(key) for key in results.finished}
    shutil.rmtree(copied[0].folder)
    assert len(before) == 2
    for key, scores in before.items():
        assert results.probes(key).equals(scores)
    assert "2 of 2 done" in shown(results)


def test_what_appears_after_the_snapshot_is_in_neither_digest_nor_report(copied, tmp_path):
    asked = bench(seeds=(0,))
    key = copied[0].keys("scores")[0]
    kept = copied[0].path("scores", key).rename(tmp_path / "kept")
    snapshot = snapshot_of(copied[0], asked)
    before = digest_of(copied[0], expand(asked), snapshot, ("csv",))
    kept.rename(copied[0].path("scores", key))
    assert digest_of(copied[0], expand(asked), snapshot, ("csv",)) == before
    assert collected(copied[0], asked, snapshot).finished == snapshot.folders.keys() != {key}
    now = snapshot_of(copied[0], asked)
    assert digest_of(copied[0], expand(asked), now, ("csv",)) != before
    assert (
        collected(copied[0], asked, now).finished
        == now.folders.keys()
        == snapshot.folders.keys() | {key}
    )


def test_collecting_while_others_write_and_remove_gives_whole_cells(copied, tmp_path):
    store, asked = copied[0], bench(seeds=(0,))
    complete = collected(store, asked).cells.set_index("key")
    key = store.keys("scores")[0]
    folder, away = store.path("scores", key), tmp_path / "away"
    stop = threading.Event()

    def write_and_remove():
        while not stop.is_set():
            shutil.copytree(folder, away)
            shutil.rmtree(folder)
            with store.write("scores", key, json.loads((away / "spec.json").read_text())) as made:
                for name in ("probes.npz", "rules.json", "record.json"):
                    shutil.copy(away / name, made)
            shutil.rmtree(away)

    writer = threading.Thread(target=write_and_remove)
    writer.start()
    try:
        seen = [collected(store, asked).cells.set_index("key") for _ in range(25)]
    finally:
        stop.set()
        writer.join()
    for cells in seen:
        done = cells[cells["status"] == "done"]
        assert set(cells.index) - set(done.index) <= {key}
        assert done["rank_1"].equals(complete.loc[done.index, "rank_1"])
        for reason in cells[cells["status"] == "missing"]["reason"]:
            assert reason == "not evaluated yet" or "vanished" in reason


def test_the_report_says_how_many_evaluations_are_being_made(copied):
    asked = bench(seeds=(0,), methods=("baseline-2", "occ-aware"))
    assert "being_made" not in collected(copied[0], asked).facts
    before = digest_of(copied[0], expand(asked), snapshot_of(copied[0], asked), ())
    absent = [c.evaluation.key for c in expand(asked).cells if c.method == "occ-aware"]
    # Progress that a killed run left of something that is there says nothing.
    for key in (*absent, copied[0].keys("scores")[0]):
        copied[0].write_progress(key, {"step": 1, "of": 2})
    results = collected(copied[0], asked)
    assert results.facts["being_made"] == len(absent) == 1
    assert "1 missing, of which 1 were being made or interrupted" in shown(results)
    assert digest_of(copied[0], expand(asked), snapshot_of(copied[0], asked), ()) != before
