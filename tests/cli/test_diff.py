"""gaitbench report with several stores, and gaitbench diff, as a user meets them."""

import json
import shlex
import shutil
import sys
from importlib import resources

import numpy as np
import pytest

from gaitbench.cli.main import main
from gaitbench.experiment.bench import Bench
from gaitbench.experiment.spec import Experiment
from tests.making import make_store

ASKED = ("--protocol", "retention", "--methods", "baseline-2", "--no-sanity")


def called(arguments, monkeypatch, capsys):
    """Run a command in this process; return its exit code and everything that it printed."""
    monkeypatch.setattr(sys, "argv", ["gaitbench", *map(str, arguments)])
    with pytest.raises(SystemExit) as stopped:
        main()
    printed = capsys.readouterr()
    return stopped.value.code or 0, " ".join((printed.out + printed.err).split())


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    """Return a folder with two stores, "here" with seed 0 and "there" with seed 1, and their preset."""
    folder = tmp_path_factory.mktemp("machines")
    smoke = (resources.files("gaitbench.experiment.presets") / "smoke.toml").read_text("utf-8")
    preset = folder / "dozen.toml"
    preset.write_text(smoke.replace("identities_test = 6", "identities_test = 12"))
    for seed, name in enumerate(("here", "there")):
        asked = {"protocol": "retention", "methods": ("baseline-2",), "sanity": False}
        experiment = Experiment(**asked, preset=str(preset), seeds=(seed,))
        make_store(folder / name, Bench.resolve(experiment))
    return folder


@pytest.fixture
def gaitbench(made, monkeypatch, capsys, tmp_path):
    """Run a command in a folder that holds copies of the two stores."""
    for name in ("here", "there"):
        shutil.copytree(made / name, tmp_path / name)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("COLUMNS", "200")
    monkeypatch.delenv("GAITBENCH_STORE", raising=False)
    return lambda *arguments: called(arguments, monkeypatch, capsys)


def change_experiment(store, **values):
    (path,) = (store / "experiments").glob("*/spec.json")
    path.write_text(json.dumps(json.loads(path.read_text()) | values))


def put_everybody_first(store):
    """Change the stored scores of whatever is there."""
    for path in (store / "scores").glob("*/probes.npz"):
        with np.load(path) as stored:
            columns = dict(stored)
        np.savez_compressed(path, **columns | {"rank": np.ones_like(columns["rank"])})


def test_seeds_of_two_stores_become_one_report(gaitbench, tmp_path):
    code, printed = gaitbench("report", "there", "here")
    assert code == 0
    assert "4 of 4 done, 0 missing" in printed
    facts = json.loads((tmp_path / "report" / "report.json").read_text())["facts"]
    assert facts["seeds"] == [0, 1]
    assert facts["stores"] == "there, here"
    assert str(tmp_path) not in facts["command"].replace("dozen.toml", "")


def test_the_command_of_the_report_makes_it_again(gaitbench, tmp_path):
    gaitbench("report", "here", "there")
    report = tmp_path / "report" / "report.json"
    before = report.read_text()
    program, *arguments = shlex.split(json.loads(before)["facts"]["command"])
    assert program == "gaitbench"
    assert gaitbench(*arguments, "--out", "again")[0] == 0
    assert (tmp_path / "again" / "report.json").read_text() == before


def test_methods_of_two_stores_are_united_too(gaitbench, tmp_path):
    change_experiment(tmp_path / "here", methods=["occ-aware"])
    code, printed = gaitbench("report", "here", "there")
    assert code == 0
    assert "4 of 6 done, 2 missing" in printed


@pytest.mark.parametrize(
    ("values", "said"),
    [
        ({"setting": "rg-gait"}, "setting: 'mimicgait' and 'rg-gait'"),
        (
            {"no_mate": "miss", "distance": "cosine"},
            "distance: 'euclidean' and 'cosine'; no_mate: ",
        ),
        ({"methods": []}, "methods: ['baseline-2'] and []"),
        ({"plugins": ["/a.py"]}, "plugins: [] and ['/a.py']"),
    ],
)
def test_experiments_that_differ_are_refused_with_both_values(gaitbench, tmp_path, values, said):
    change_experiment(tmp_path / "there", **values)
    code, printed = gaitbench("report", "here", "there")
    assert code == 2
    assert f"The last experiments of here and there differ in {said}" in printed
    assert "--protocol and the other options, or with a TOML file" in printed


def test_a_file_or_options_say_what_is_reported(gaitbench, made, tmp_path):
    change_experiment(tmp_path / "there", setting="rg-gait")
    asked = (*ASKED, "--preset", made / "dozen.toml")
    code, printed = gaitbench("report", "here", "there", *asked, "--seeds", "0,1")
    assert code == 0
    assert "4 of 4 done" in printed
    (tmp_path / "mine.toml").write_text(
        f'protocol = "retention"\nmethods = ["baseline-2"]\npreset = "{made / "dozen.toml"}"\n'
        "sanity = false\nseeds = [1]\n"
    )
    code, printed = gaitbench("report", "here", "mine.toml", "there")
    assert code == 0
    assert "2 of 2 done" in printed


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("here", "nowhere"), "nowhere: there is no such file or folder"),
        (("here", "."), ". is no store: it has no store.json"),
        (("a.toml", "b.toml", "here"), "a.toml and b.toml are two experiments"),
        (
            ("here", "there", "--store", "other"),
            "--store other stands beside the stores here, there",
        ),
    ],
)
def test_what_cannot_be_reported_is_named(gaitbench, arguments, said):
    code, printed = gaitbench("report", *arguments)
    assert code == 2
    assert said in printed


def test_a_store_of_the_environment_is_only_a_default(gaitbench, monkeypatch, tmp_path):
    monkeypatch.setenv("GAITBENCH_STORE", str(tmp_path / "there"))
    gaitbench("report", "here", "--out", "by-argument")
    gaitbench("report", "--out", "by-default")
    seeds = [
        json.loads((tmp_path / folder / "report.json").read_text())["facts"]["seeds"]
        for folder in ("by-argument", "by-default")
    ]
    assert seeds == [[0], [1]]


def test_a_store_does_not_differ_from_itself(gaitbench):
    code, printed = gaitbench("diff", "here", "here", "--fail-on-change")
    assert code == 0
    assert "Nothing changed beyond noise. 2 cells are the same to the last digit" in printed


def test_a_change_is_printed_and_fails_if_that_is_asked_for(gaitbench, tmp_path):
    shutil.copytree(tmp_path / "here", tmp_path / "changed")
    put_everybody_first(tmp_path / "changed")
    code, printed = gaitbench("diff", "here", "changed")
    assert code == 0
    assert "Changed beyond noise" in printed
    assert printed.index("Baseline-2") < printed.index("2 cells changed beyond noise.")
    assert "A: here. B: changed." in printed
    assert gaitbench("diff", "here", "changed", "--fail-on-change")[0] == 1
    code, printed = gaitbench("diff", "here", "changed", "--metric", "map", "--fail-on-change")
    assert code == 0
    assert "2 differ within noise (by 0.0 points of mAP at most)" in printed


def test_stores_of_other_seeds_have_nothing_in_common(gaitbench):
    code, printed = gaitbench("diff", "here", "there")
    assert code == 0
    assert "The experiments differ in seeds: [0] and [1]" in printed
    assert "2 cells have no seed and draw in common." in printed


def test_options_say_what_is_compared(gaitbench, made):
    asked = (*ASKED, "--preset", made / "dozen.toml", "--seeds", "0,1")
    code, printed = gaitbench("diff", "here", "there", *asked)
    assert code == 0
    assert "The experiments differ" not in printed
    assert "2 cells have no seed and draw in common." in printed


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("here", "nowhere"), "nowhere is no store"),
        (("here", "here", "--metric", "rank-1"), "Unknown metric 'rank-1'. Did you mean 'rank_1'"),
    ],
)
def test_what_cannot_be_compared_is_named(gaitbench, arguments, said):
    code, printed = gaitbench("diff", *arguments)
    assert code == 2
    assert said in printed
