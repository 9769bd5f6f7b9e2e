"""Every made-up data set, from the command that imports it to the report of a run."""

import re
import subprocess
import sys

import pytest

from gaitbench.cli.main import main
from gaitbench.core.plugins import load_plugin
from gaitbench.data.readers.opengait.records import RECORDS
from gaitbench.data.silhouettes import Silhouettes
from tests.data.made_up_trees import NAMES, make_tree
from tests.places import ROOT


@pytest.fixture(scope="module")
def store(tmp_path_factory):
    """One store for all data sets: the network that they are tested with is trained once."""
    return tmp_path_factory.mktemp("store")


@pytest.fixture
def gaitbench(monkeypatch, capsys, tmp_path):
    """Run a command in this process; return its exit code and everything that it printed."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("COLUMNS", "200")
    # A worker process takes longer to start than to run.
    load_plugin(ROOT / "tests" / "serial_executor.py")

    def call(*arguments):
        monkeypatch.setattr(sys, "argv", ["gaitbench", *map(str, arguments)])
        with pytest.raises(SystemExit) as stopped:
            main()
        printed = capsys.readouterr()
        return stopped.value.code or 0, " ".join((printed.out + printed.err).split())

    return call


def import_command(tree, dataset, out):
    options = [part for name, path in tree.options.items() for part in (f"--{name}", path)]
    command = ("data", "import-opengait", tree.root, out, "--dataset", dataset, *options)
    return (*command, "--jobs", 1)


def run_command(store, *options):
    common = ("--preset", "smoke", "--methods", "baseline-1", "--device", "cpu")
    return ("run", "--store", store, "--executor", "serial", *common, *options)


@pytest.mark.parametrize("dataset", NAMES)
def test_imported_and_tested_on_by_its_own_rules(dataset, gaitbench, store, tmp_path):
    rules = RECORDS[dataset].rules
    code, printed = gaitbench(*import_command(make_tree(dataset, tmp_path), dataset, "out"))
    assert code == 0
    assert f"rules {rules.name}, version {rules.version}" in printed
    for search in rules.searches:
        assert f"{search.name}: " in printed
    # Draws and tampering know nothing of rules: one data set with many searches has both.
    plain = () if dataset == "casia-b" else ("--test-draws", 1, "--no-sanity")
    code, printed = gaitbench(*run_command(store, "--test-dataset", "out", *plain))
    assert code == 0
    assert f"Rules of the test data: {rules.name}, version {rules.version}" in printed
    assert re.search(r"\b(\d+) of \1 done, 0 missing", printed)


def test_trained_and_tested_on(gaitbench, tmp_path):
    gaitbench(*import_command(make_tree("gait3d", tmp_path), "gait3d", "out"), "--validation", 0)
    code, printed = gaitbench(*run_command("store", "--dataset", "out"))
    assert code == 0
    assert "Gait3D: 3 identities, 3 probes, 6 gallery sequences per probe" in printed


def test_an_unsuitable_command_is_answered_before_any_work(gaitbench, tmp_path):
    tree = make_tree("oumvlp", tmp_path)
    code, printed = gaitbench(*import_command(tree, "oumvpl", "out"))
    assert code == 2
    assert "Unknown OpenGait data set 'oumvpl'. Did you mean 'oumvlp'?" in printed
    (tmp_path / "full").mkdir()
    (tmp_path / "full" / "file").touch()
    code, printed = gaitbench(*import_command(tree, "oumvlp", "full"))
    assert code == 2
    assert "Choose a new folder" in printed


def test_a_process_that_is_killed_loses_only_its_last_chunk(gaitbench, tmp_path):
    tree = make_tree("oumvlp", tmp_path)
    script = f"""
import os
from pathlib import Path
from gaitbench.data.readers.opengait import chunks
from gaitbench.data.readers.opengait.importer import import_opengait
from gaitbench.data.readers.opengait.reader import OpenGaitReader
chunks.CLIPS_PER_CHUNK = 5
def dies(done, of):
    if done >= 10:
        os._exit(9)
import_opengait(Path({str(tree.root)!r}), Path("out"),
    OpenGaitReader("oumvlp", partition=Path({str(tree.options["partition"])!r})), progress=dies)
"""
    done = subprocess.run([sys.executable, "-c", script], cwd=tmp_path, check=False)
    assert done.returncode == 9
    assert not (tmp_path / "out").exists()
    assert len(list((tmp_path / ".out.importing").glob("*.npz"))) >= 2
    assert gaitbench(*import_command(tree, "oumvlp", "out"))[0] == 0
    assert gaitbench(*import_command(tree, "oumvlp", "again"))[0] == 0
    killed, whole = (Silhouettes.open(tmp_path / name) for name in ("out", "again"))
    assert killed.fingerprint == whole.fingerprint
