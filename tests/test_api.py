"""gaitbench from Python: the same as on the command line, and nothing heavy before it is needed."""

import ast
import re
import subprocess
import sys
from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file, save_file

import gaitbench
from gaitbench.checkpoints.contents import Content
from gaitbench.core.errors import ConfigurationError, GaitbenchError
from gaitbench.experiment.bench import Bench
from tests.places import ROOT
from tests.test_readme import example

API = ROOT / "docs" / "api.md"

ASKED = gaitbench.Experiment(preset="smoke", methods=("baseline-1",), sanity=False)


@pytest.fixture(scope="module")
def store(tmp_path_factory):
    """Return the folder of a store in which one experiment was run."""
    folder = tmp_path_factory.mktemp("api") / "store"
    gaitbench.run(ASKED, store=folder, jobs=1, device="cpu")
    return folder


def test_what_was_run_is_read_again(store):
    ran = gaitbench.run(ASKED, store=store, jobs=1, device="cpu")
    assert set(ran.cells["status"]) == {"done"}
    for read in (gaitbench.read_results(store=store), gaitbench.read_results(ASKED, store=store)):
        assert read.cells.equals(ran.cells)


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        ({"device": "cudaa"}, r"Device 'cudaa' is not available anywhere; known: auto, cpu"),
        ({"executor": "locl"}, r"executor 'locl'\. Did you mean 'local'"),
        ({"callbacks": ["progres"]}, r"callback 'progres'\. Did you mean 'progress'"),
    ],
)
def test_misspelt_words_are_refused_although_nothing_is_left_to_make(store, wrong, message):
    with pytest.raises(GaitbenchError, match=message):
        gaitbench.run(ASKED, store=store, **wrong)


def test_a_report_is_the_command_lines_own(store, tmp_path, monkeypatch):
    from gaitbench.cli.main import main

    written = gaitbench.report(gaitbench.read_results(store=store), tmp_path / "a", ["markdown"])
    assert written[0] == tmp_path / "a" / "report.md"
    arguments = ["report", "--store", str(store), "--out", str(tmp_path / "b")]
    monkeypatch.setattr(sys, "argv", ["gaitbench", *arguments, "--format", "markdown"])
    with pytest.raises(SystemExit):
        main()
    assert written[0].read_text() == (tmp_path / "b" / "report.md").read_text()


def test_a_data_set_and_a_network_are_loaded(store, tmp_path):
    (folder,) = (store / "datasets").glob("[!.]*")
    assert len(gaitbench.load(str(folder)).table) > 0
    (weights,) = map(load_file, (store / "stages").glob("*/weights.safetensors"))
    spec = Bench.resolve(ASKED).backbone("gaitbase")
    notes = Content("backbone", (), spec, weights["neck.weight"].shape[-1]).notes()
    save_file(weights, tmp_path / "network.safetensors", notes)
    network = gaitbench.load_network(tmp_path / "network.safetensors", "gaitbase")
    assert network.embed(torch.ones(2, 4, 16, 11)).shape[0] == 2


def test_the_example_of_the_documentation_runs(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "my_occlusion.py").write_text(example())
    (code,) = re.findall(r"```python\n(.*?)```", API.read_text(encoding="utf-8"), re.DOTALL)
    exec(code, {})
    assert (tmp_path / "report" / "report.html").is_file()


def test_nothing_to_read_says_what_to_do(tmp_path):
    with pytest.raises(ConfigurationError, match="holds no experiment yet"):
        gaitbench.read_results(store=tmp_path / "store")


def test_names_are_checked_before_anything_is_written(tmp_path):
    asked = gaitbench.Experiment(setting="mimicgiat")
    with pytest.raises(gaitbench.GaitbenchError, match="Did you mean 'mimicgait'"):
        gaitbench.run(asked, store=tmp_path / "store")
    assert not list(tmp_path.iterdir())


def test_every_public_name_is_there_and_documented():
    assert set(gaitbench.__all__) == {"__version__", *gaitbench._PUBLIC}
    assert dir(gaitbench) == sorted(gaitbench.__all__)
    text = API.read_text(encoding="utf-8")
    for name in gaitbench._PUBLIC:
        assert getattr(gaitbench, name).__doc__
        assert f"`{name}`" in text


def test_type_checkers_see_the_same_names():
    tree = ast.parse(Path(gaitbench.__file__).read_text(encoding="utf-8"))
    (block,) = (node for node in tree.body if isinstance(node, ast.If))
    assert ast.unparse(block.test) == "TYPE_CHECKING"
    seen = {
        alias.asname or alias.name: f"{line.module.removeprefix('gaitbench.')}:{alias.name}"
        for line in block.body
        if isinstance(line, ast.ImportFrom) and line.module is not None
        for alias in line.names
    }
    assert seen == gaitbench._PUBLIC


def test_importing_gaitbench_imports_nothing_heavy():
    heavy = {"torch", "numpy", "pandas", "pydantic", "typer", "matplotlib"}
    code = f"import gaitbench, sys; print(*({heavy} & set(sys.modules)))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.split() == []
