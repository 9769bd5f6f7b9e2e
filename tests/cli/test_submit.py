"""`gaitbench submit grew`, on a tiny data set in GREW's form and with untrained networks in the store."""

import csv
import sys

import numpy as np
import pytest
from safetensors.torch import save_file

from gaitbench.cli.main import main
from gaitbench.core.store import Store
from gaitbench.data.silhouettes import SilhouettesWriter
from gaitbench.experiment.bench import Bench
from gaitbench.experiment.spec import Experiment
from gaitbench.training.trainer import new_network

TRAINED, GALLERY, PROBES = 4, 22, 3


@pytest.fixture
def gaitbench(monkeypatch, capsys, tmp_path):
    """Run `gaitbench submit grew` in this process; return its exit code and what it printed."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("COLUMNS", "200")

    def call(*arguments):
        command = ["gaitbench", "submit", "grew", "--preset", "smoke", "--device", "cpu"]
        monkeypatch.setattr(sys, "argv", [*command, *map(str, arguments)])
        with pytest.raises(SystemExit) as stopped:
            main()
        printed = capsys.readouterr()
        return stopped.value.code or 0, " ".join((printed.out + printed.err).split())

    return call


@pytest.fixture
def grew(tmp_path):
    """Write a data set with official test sequences."""
    rng = np.random.default_rng(0)
    folder = tmp_path / "grew"
    with SilhouettesWriter(folder, name="grew", height=16, width=11) as writer:

        def add(identity, condition, view):
            frames = (rng.random((4, 16, 11)) < 0.5).astype(np.uint8)
            return writer.add(
                frames, identity=identity, condition=condition, view=view, recording=view
            )

        writer.splits["train"] = [add(f"{i:05d}train", "01", f"t{i}") for i in range(TRAINED)]
        writer.splits["submission.gallery"] = [
            add(f"{i:05d}test", "01", f"g{i}") for i in range(GALLERY)
        ]
        writer.splits["submission.probe"] = [add("", "03", f"00v{i}") for i in range(PROBES)]
    return folder


def fill(folder, data, method="rg-gait"):
    """Put the stages of a method into a store, untrained."""
    bench = Bench.resolve(Experiment(preset="smoke", dataset=str(data), methods=(method,)))
    store = Store(folder)
    store.prepare()
    for stage in bench.stage(method, "gaitbase", 0).all_stages():
        with store.write("stages", stage.key, stage.described()) as made:
            weights = new_network(stage, TRAINED).state_dict()
            save_file({k: v.contiguous() for k, v in weights.items()}, made / "weights.safetensors")


def test_a_submission_has_a_row_per_probe(gaitbench, grew, tmp_path):
    fill(tmp_path / "store", grew)
    common = ("--method", "rg-gait", "--dataset", grew, "--store", tmp_path / "store")

    code, printed = gaitbench(*common, "--out", "out/mine.csv")

    assert code == 0, printed
    text = (tmp_path / "out" / "mine.csv").read_text(encoding="utf-8")
    header, *rows = csv.reader(text.splitlines())
    assert header == ["videoId", *(f"rank{k}" for k in range(1, 21))]
    assert [row[0] for row in rows] == ["00v0", "00v1", "00v2"]
    for row in rows:
        assert len(set(map(int, row[1:]))) == 20
        assert set(map(int, row[1:])) <= set(range(GALLERY))
    first = (tmp_path / "out" / "mine.csv").read_bytes()
    assert gaitbench(*common, "--out", "again.csv")[0] == 0
    assert (tmp_path / "again.csv").read_bytes() == first
    assert gaitbench(*common, "--occluded", "--out", "occluded.csv")[0] == 0
    assert (tmp_path / "occluded.csv").read_bytes() != first


def test_what_is_not_trained_is_named_with_the_command_that_trains_it(gaitbench, grew, tmp_path):
    code, printed = gaitbench(
        "--method", "rg-gait", "--dataset", grew, "--store", tmp_path / "store"
    )

    assert code == 2
    assert "does not hold what is to be submitted: extractor (" in printed
    assert "gaitbench run --protocol occluded --preset smoke --dataset" in printed
    assert "--methods rg-gait" in printed
    assert not (tmp_path / "submission.csv").exists()


def test_a_data_set_without_official_test_sequences_is_refused(gaitbench, grew, tmp_path):
    (grew / "splits.json").write_text('{"train": [0, 1, 2, 3]}')
    fill(tmp_path / "store", grew, "baseline-1")

    code, printed = gaitbench(
        "--method", "baseline-1", "--dataset", grew, "--store", tmp_path / "store"
    )

    assert code == 2
    assert "'grew' has no split 'submission.probe' and no split 'submission.gallery'" in printed


def test_a_submission_is_of_one_run(gaitbench, grew):
    code, printed = gaitbench("--method", "baseline-1", "--dataset", grew, "--seeds", "0,1")

    assert code == 2
    assert "baseline-1; gaitbase with seed 0, gaitbase with seed 1" in printed
    code, printed = gaitbench("--dataset", grew)
    assert code == 2
    assert "no method; gaitbase with seed 0. Give one --method" in printed


def test_an_unknown_method_is_named(gaitbench, grew):
    code, printed = gaitbench("--method", "rggait", "--dataset", grew)

    assert code == 2
    assert "Did you mean 'rg-gait'" in printed


def test_targets_that_cannot_be_written_are_refused_first(gaitbench, grew, tmp_path):
    (tmp_path / "file").touch()
    common = ("--method", "rg-gait", "--dataset", grew, "--store", tmp_path / "store")
    for target, said in ((tmp_path, "is a folder"), (tmp_path / "file" / "x", "cannot be written")):
        code, printed = gaitbench(*common, "--out", target)
        assert code == 2
        assert said in printed
