"""The experiment's options on the command line: help, plug-ins, and values that are not valid."""

import shlex
import subprocess
import sys

import pytest
import typer

from gaitbench.cli.main import app
from gaitbench.cli.options import given_options
from gaitbench.experiment.spec import Experiment

COMMANDS = (("run",), ("report",), ("diff",), ("submit", "grew"))
"""Commands that have the experiment's options."""

MISSPELT = [
    (("--protocol", "adaptabilty"), "--protocol: Unknown protocol 'adaptabilty'", "adaptability"),
    (("--preset", "latop"), "--preset: Unknown preset 'latop'", "laptop"),
    (("--dataset", "walker"), "--dataset: Unknown data set 'walker'", "walkers"),
    (("--test-dataset", "walker"), "--test-dataset: Unknown data set 'walker'", "walkers"),
    (("--setting", "mimicgiat"), "--setting: Unknown setting 'mimicgiat'", "mimicgait"),
    (("--side", "prob"), "--side: Unknown value 'prob'", "probe"),
    (("--methods", "mimicgait,rggait"), "--methods: Unknown method 'rggait'", "rg-gait"),
    (("--backbone", "gaitbas"), "--backbones: Unknown backbone 'gaitbas'", "gaitbase"),
    (("--distance", "euclid"), "--distance: Unknown distance 'euclid'", "euclidean"),
    (("--draws", "clips"), "--draws: Unknown value 'clips'", "clip"),
    (("--positives", "self"), "--positives: Unknown value 'self'", "self-too"),
    (("--no-mate", "mis"), "--no-mate: Unknown value 'mis'", "miss"),
    (("--adapt-to", "midle"), "--adapt-to: Unknown occlusion 'midle'", "middle"),
    (("--adapt-to", "rg-gait.pach"), "--adapt-to: Unknown occlusion", "rg-gait.patch"),
]

PLUGIN = """
from dataclasses import dataclass

from gaitbench import Mix, Setting, make_occlusion, register

MIX = Mix((make_occlusion("left", amount=(0.1, 0.2)),), 1.0)


@register("left-only")
@dataclass(frozen=True)
class LeftOnly(Setting):
    source: str = "a test"
    train: Mix = MIX
    test: Mix = MIX
"""


@pytest.fixture
def plugin(tmp_path):
    path = tmp_path / "my_setting.py"
    path.write_text(PLUGIN)
    return path


@pytest.mark.parametrize(("arguments", "message", "nearest"), MISSPELT)
@pytest.mark.parametrize("command", ["run", "report"])
def test_misspelt_names_are_answered_first(
    gaitbench, tmp_path, command, arguments, message, nearest
):
    code, printed = gaitbench(command, "--store", tmp_path / "store", *arguments)
    assert code == 2
    assert printed.startswith(f"error: {message}")
    assert f"Did you mean '{nearest}'" in printed
    assert "Traceback" not in printed
    assert not list(tmp_path.iterdir())


def test_a_misspelt_name_is_told_before_stores_are_read(gaitbench):
    code, printed = gaitbench("diff", "nowhere", "nowhere", "--setting", "mimicgiat")
    assert code == 2
    assert "Did you mean 'mimicgait'" in printed
    code, printed = gaitbench("submit", "grew", "--method", "rggait", "--out", "no/such/x.csv")
    assert code == 2
    assert "Did you mean 'rg-gait'" in printed


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("--protocol", "adaptability", "--adapt-to", "top"), "trains on 'top' already"),
        (("--dataset", "no/such/folder"), "there is no such folder"),
        (("--seeds", "0,x"), "--seeds = ['0', 'x']: 'x' is neither a seed"),
        (("--seeds", ""), "--seeds = []: there must be a seed"),
        (("--seeds", "-1"), "--seeds = ['-1']: '-1' is neither a seed"),
        (("--seeds=1-",), "--seeds = ['1-']: '1-' is neither a seed"),
        (("--seeds", "5-3"), "--seeds = ['5-3']: the range 5-3 runs backwards"),
        (("--seed", "0,0"), "--seeds = ['0', '0']: seed 0 comes twice"),
        (("--seeds", "0-999"), "--seeds = ['0-999']: more than 100 seeds"),
        (("--seeds", "9999999999"), "--seeds = ['9999999999']: 9999999999 is beyond the largest"),
        (("--test-draws", "0"), "--test-draws = '0': Input should be greater than or equal to 1"),
        (("--device", "tpu"), "Device 'tpu' is not available"),
        (("--plugin", "nothing.py"), "there is no such file"),
        (("--protcol", "all"), "No such option: --protcol"),
        (("missing.toml",), "there is no such file"),
        (("--preset", "missing.toml"), "there is no such file"),
    ],
)
def test_other_bad_input_is_answered_before_any_work(gaitbench, tmp_path, arguments, message):
    code, printed = gaitbench("run", "--store", tmp_path / "store", *arguments)
    assert code == 2
    assert message in printed
    assert "Traceback" not in printed
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ('protcol = "occluded"', "mine.toml: Unknown key 'protcol'. Did you mean 'protocol'"),
        ('side = "prob"', "mine.toml: side: Unknown value 'prob'. Did you mean 'probe'"),
        ('setting = "mimicgiat"', "mine.toml: setting: Unknown setting 'mimicgiat'"),
        ('methods = "rg-gait"', "mine.toml: methods = 'rg-gait': Input should be a valid tuple"),
        ("seeds = [0.5]", "mine.toml: seeds = [0.5]: '0.5' is neither a seed"),
        ('seeds = "5-3"', "mine.toml: seeds = '5-3': the range 5-3 runs backwards"),
        ('plugins = ["gone.py"]', "gone.py: there is no such file"),
    ],
)
def test_a_file_is_checked_as_options_are(gaitbench, tmp_path, text, message):
    (tmp_path / "mine.toml").write_text(text)
    code, printed = gaitbench("run", "mine.toml", "--dry-run")
    assert code == 2
    assert message in printed


def test_formats_are_checked_before_stores_are_read(gaitbench):
    code, printed = gaitbench("report", "--format", "html,markdwn")
    assert code == 2
    assert "--format: Unknown report format 'markdwn'. Did you mean 'markdown'" in printed


@pytest.mark.parametrize("command", COMMANDS)
def test_help_shows_defaults_and_choices(gaitbench, command):
    code, printed = gaitbench(*command, "--help")
    assert code == 0
    text = " ".join(printed.replace("│", " ").split())
    for default in ("laptop", "mimicgait", "both", "euclidean", "0", "(the protocol's choice)"):
        assert f"[default: {default}]" in text
    for choice in ("rg-gait-0.3", "both|probe|gallery", "occ-aware", "deepgaitv2", "smoke"):
        assert choice in text


def test_help_and_checks_know_what_plugins_register(gaitbench, plugin):
    for arguments in (("--help", "--plugin", plugin), (f"--plugin={plugin}", "--help")):
        assert "left-only" in gaitbench("run", *arguments)[1]
    options = ("--plugin", plugin, "--setting", "left-only", "--preset", "smoke", "--dry-run")
    code, printed = gaitbench("run", *options)
    assert code == 0, printed
    assert "under left-only" in printed
    assert gaitbench("settings", "list", "--plugin", plugin)[1].count("left-only") == 1


def test_a_plugin_that_does_not_import_is_named_instead_of_help(gaitbench, plugin):
    plugin.write_text("from gaitbench import Settin")
    code, printed = gaitbench("run", "--help", "--plugin", plugin)
    assert code == 2
    assert printed.startswith(f"error: Plug-in {plugin} does not import: ImportError")


def test_a_name_may_be_of_a_plugin_that_only_the_file_names(gaitbench, plugin, tmp_path):
    folder = tmp_path / "elsewhere"
    folder.mkdir()
    plugin.rename(folder / plugin.name)
    (folder / "mine.toml").write_text(f'plugins = ["{plugin.name}"]\npreset = "smoke"\n')
    code, printed = gaitbench("run", "elsewhere/mine.toml", "--setting", "left-only", "--dry-run")
    assert code == 0, printed


def test_paths_start_where_they_were_written(gaitbench, tmp_path):
    smoke = Experiment.options()["preset"]
    assert smoke.located("mine.toml", tmp_path) == str(tmp_path / "mine.toml")
    (tmp_path / "smoke").mkdir()
    assert smoke.located("smoke", tmp_path) == "smoke"
    dataset = Experiment.options()["dataset"]
    assert dataset.located("smoke", tmp_path) == str(tmp_path / "smoke")
    assert dataset.located("walkers", tmp_path) == "walkers"


def test_names_are_not_looked_up_before_they_are_needed():
    code = (
        "import sys, typer\n"
        "from gaitbench.cli.main import app\n"
        "from gaitbench.cli.options import given_options\n"
        "run = typer.main.get_command(app).commands['run']\n"
        "print(given_options(run.make_context('run', ['--setting', 'x', '--methods', 'y,z'])))\n"
        "print({'torch', 'numpy', 'gaitbench.methods.base'} & set(sys.modules))\n"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.splitlines() == ["{'setting': 'x', 'methods': ['y', 'z']}", "set()"]


def test_what_was_not_given_is_not_among_the_options():
    assert given_options(app_context("run")) == {}
    asked = app_context("run --no-sanity --seeds 1,2 --test-draws 3 --adapt-to=")
    given = {"sanity": False, "seeds": ["1", "2"], "test_draws": "3", "adapt_to": []}
    assert given_options(asked) == given


@pytest.mark.parametrize("name", ["one.py", "with a space.py"])
def test_plugins_come_back_from_the_command_that_names_them(tmp_path, name):
    for folder in (tmp_path / "a", tmp_path / "b, c"):
        folder.mkdir()
        (folder / name).touch()
    files = (str(tmp_path / "a" / name), str(tmp_path / "b, c" / name))
    experiment = Experiment(plugins=files, seeds=(0, 1), backbones=("gaitset",), sanity=False)
    command = shlex.join(["run", *experiment.command_options()])
    assert Experiment.of(given_options(app_context(command)), "options") == experiment


def app_context(command):
    """Return what a command line asks for, parsed and not run."""
    name, *arguments = shlex.split(command)
    return typer.main.get_command(app).commands[name].make_context(name, arguments)
