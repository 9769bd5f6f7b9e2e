"""A reader in a plug-in file is a command of its own, and what it writes is checked."""

import sys
from dataclasses import fields

import pytest

from gaitbench.cli.main import main
from gaitbench.core.errors import ConfigurationError
from gaitbench.core.plugins import load_plugin
from gaitbench.data.readers.base import readers

READER = '''
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from gaitbench import register
from gaitbench.data.readers.base import Reader, option
from gaitbench.data.silhouettes import SilhouettesWriter


class Report:
    def text(self):
        return "one text file, one walk"


@register("text")
@dataclass(frozen=True)
class Text(Reader):
    """Walks that are written down as words."""

    title = "Text"
    about = "Turn text files into walks."
    reads = "Folder of text files."

    view: str = option("Seen from where.", "090")
    frames: int = option("How many frames.", 3, least=2)
    notes: Path | None = option("Ignored.", None)

    def read(self, source, target, *, jobs, progress):
        if WRITES:
            with SilhouettesWriter(target, name="text", height=16, width=11) as writer:
                frames = np.ones((self.frames, 16, 11), np.uint8)
                writer.add(
                    frames, identity="a", condition="nm", view=self.view, recording="a-1"
                )
                writer.splits["test.gallery"] = [0]
        progress(1, 1)
        return RETURNS
'''


@pytest.fixture
def gaitbench(monkeypatch, capsys, tmp_path):
    """Run a command in this process; return its exit code and everything that it printed."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("COLUMNS", "200")

    def call(*arguments):
        monkeypatch.setattr(sys, "argv", ["gaitbench", *map(str, arguments)])
        with pytest.raises(SystemExit) as stopped:
            main()
        printed = capsys.readouterr()
        return stopped.value.code or 0, " ".join((printed.out + printed.err).split())

    return call


@pytest.fixture
def plugin(tmp_path):
    def write(writes="True", returns="Report()", more=""):
        path = tmp_path / "text_reader.py"
        text = READER.replace("WRITES", writes).replace("RETURNS", returns)
        path.write_text(text.replace("    notes:", f"    {more}\n    notes:"))
        return path

    return write


def test_a_plugin_is_a_command_with_its_fields_as_options(gaitbench, plugin, tmp_path):
    path = plugin()
    code, printed = gaitbench("data", "import-text", "--help", f"--plugin={path}")
    assert code == 0
    for said in ("Turn text files into walks.", "Folder of text files.", "Seen from where."):
        assert said in printed
    assert "[default: 090]" in printed
    command = ("data", "import-text", tmp_path, tmp_path / "out", "--frames", 5, "--plugin", path)
    code, printed = gaitbench(*command)
    assert code == 0, printed
    assert "one text file, one walk" in printed
    assert "test.gallery 1 1 1 5" in printed
    code, printed = gaitbench(*command)
    assert code == 2
    assert "Choose a new folder" in printed


def test_readers_are_listed_with_those_of_plugins(gaitbench, plugin):
    code, printed = gaitbench("readers", "list", "--plugin", plugin())
    assert code == 0
    assert {"opengait", "bvh", "text"} <= set(printed.split())
    code, printed = gaitbench("data", "--help")
    assert code == 0
    assert "import-bvh" in printed
    assert "import-opengait" in printed


def test_options_are_checked_by_the_fields(gaitbench, plugin, tmp_path):
    command = ("data", "import-text", tmp_path, tmp_path / "out", "--plugin", plugin())
    code, printed = gaitbench(*command, "--frames", 1)
    assert code == 2
    assert "--frames" in printed
    code, printed = gaitbench("data", "import-opengait", tmp_path, tmp_path / "out")
    assert code == 2
    assert "--dataset" in printed


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"writes": "False"}, "Text.read() wrote no data set"),
        ({"returns": "None"}, "Text.read() returned None; it must return a report with a method"),
        ({"writes": "1 / 0"}, "raised ZeroDivisionError: division by zero"),
    ],
)
def test_a_reader_that_goes_wrong_is_named(gaitbench, plugin, tmp_path, change, said):
    path = plugin(**change)
    code, printed = gaitbench(
        "data", "import-text", tmp_path, tmp_path / "out", "--plugin", path, "--jobs", 1
    )
    assert code == 2
    assert f"Plug-in {path}: Text.read()" in printed
    assert said in printed


@pytest.mark.parametrize("more", ["jobs: int = 1", "views: tuple = ()", "size: int | str = 1"])
def test_fields_that_cannot_be_options_are_named(gaitbench, plugin, tmp_path, more):
    path = plugin(more=more)
    code, printed = gaitbench("data", "import-text", "--help", "--plugin", path)
    assert code == 2
    assert f"Text.{more.split(':')[0]} cannot be an option" in printed


def test_a_reader_without_its_facts_is_refused(plugin):
    path = plugin()
    path.write_text(path.read_text().replace("    about", "    told"))
    with pytest.raises(ConfigurationError, match="must say its about"):
        load_plugin(path)


@pytest.mark.parametrize("name", readers.names())
def test_every_option_of_every_reader_has_a_help_text(gaitbench, name):
    kind = readers.get(name)
    assert all(field.metadata["help"] for field in fields(kind))
    code, printed = gaitbench("data", f"import-{name}", "--help")
    assert code == 0
    assert kind.reads in printed
