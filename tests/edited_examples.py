"""The example plug-ins with one thing changed, and commands that use them and must refuse them."""

import ast
import shutil

import pytest

from tests.places import ROOT

EXAMPLES = ROOT / "examples" / "plugins"


RAISES = 'raise ValueError("no luck")'

SMALL = ("--preset", "smoke", "--methods", "baseline-1", "--test-draws", "1", "--no-sanity")
PLAN = ("run", "--dry-run", *SMALL)
RUN = ("run", "--jobs", "1", *SMALL)
SERIAL = ("--executor", "serial", "--plugin", EXAMPLES / "serial.py")
LENGTHS = ("--protocol", "clip-length")
COMMANDS = {
    "blinds": ("occlusions", "preview", "blinds"),
    "doorway": (*PLAN, "--setting", "doorway"),
    "mirrored": (*PLAN, "--methods", "mirrored"),
    "MirroredStage.adapted": (*PLAN, "--methods", "mirrored", "--protocol", "adaptability"),
    "MirroredStage.resume": (*PLAN, "--methods", "mirrored", "--protocol", "adaptability"),
    "gei_net": (*PLAN, "--backbone", "gei-net"),
    "corridor": (*RUN, *SERIAL, "--dataset", "corridor"),
    "png_folders": ("data", "import-png-folders", "images", "target", "--jobs", "1"),
    "clip_length": (*PLAN, *LENGTHS),
    "ClipLength.sections": ("report", *SMALL, *LENGTHS, "--format", "markdown"),
    "_curves": ("report", *SMALL, *LENGTHS, "--format", "markdown"),
    "equal_error_rate": PLAN,
    "median_part": (*PLAN, "--distance", "median-part"),
    "frozen_walk": (*PLAN, "--sanity"),
    "text_format": ("report", *SMALL, "--format", "markdown,text"),
    "view_heat_map": ("report", *SMALL, "--format", "markdown"),
    "serial": (*RUN, "--executor", "serial"),
    "csv_logger": (*RUN, *SERIAL, "--callback", "csv-logger"),
}
"""What uses each example, or one of its methods."""


def source(example: str) -> str:
    """Return an example, by the name of its file, as it is."""
    return (EXAMPLES / f"{example}.py").read_text(encoding="utf-8")


def registered(tree: ast.Module) -> ast.ClassDef:
    """Return the class that an example registers."""
    classes = [node for node in tree.body if isinstance(node, ast.ClassDef)]
    return next(c for c in classes if any("register" in ast.unparse(d) for d in c.decorator_list))


def with_method(example: str, method: str, body: str) -> str:
    """Return an example in which a method, or a function, does something else.

    Args:
        example: By the name of its file.
        method: "Class.method", or "function".
        body: One statement or more; the method was called with `args` and `named`.
    """
    tree = ast.parse(source(example))
    owner, _, name = method.rpartition(".")
    holder: ast.Module | ast.ClassDef = tree
    if owner:
        holder = next(n for n in tree.body if isinstance(n, ast.ClassDef) and n.name == owner)
    holder.body = [node for node in holder.body if name not in _names(node)]
    holder.body += ast.parse(f"def {name}(*args, **named):\n    {body}").body
    return ast.unparse(tree)


def with_line(example: str, line: str) -> str:
    """Return an example whose class ends with one more line."""
    tree = ast.parse(source(example))
    registered(tree).body += ast.parse(line).body
    return ast.unparse(tree)


def without(example: str, name: str) -> str:
    """Return an example whose class lacks a method or a fact, or a decorator."""
    tree = ast.parse(source(example))
    kind = registered(tree)
    kind.decorator_list = [d for d in kind.decorator_list if name not in ast.unparse(d)]
    kind.body = [node for node in kind.body if name not in _names(node)]
    return ast.unparse(tree)


def _names(node: ast.stmt) -> list[str]:
    """Return what a statement of a body defines."""
    if isinstance(node, ast.FunctionDef):
        return [node.name]
    targets = getattr(node, "targets", None) or [getattr(node, "target", None)]
    names = (n for target in targets if target for n in ast.walk(target))
    return [n.id for n in names if isinstance(n, ast.Name)]


@pytest.fixture(scope="session")
def full_store(run_cli, tmp_path_factory):
    """Return a store with everything that the commands above need, but for what an example adds."""
    folder = tmp_path_factory.mktemp("bad") / "store"
    plugins = (*SERIAL, "--plugin", EXAMPLES / "clip_length.py", "--store", folder)
    for protocol in ("occluded", "clip-length"):
        code, printed = run_cli(*RUN, *plugins, "--protocol", protocol, "--out", folder / "report")
        assert code == 0, printed
    return folder


@pytest.fixture
def data_store(full_store, tmp_path):
    """Return a store that holds the data set and nothing else."""
    shutil.copytree(full_store / "datasets", tmp_path / "store" / "datasets")
    shutil.copy(full_store / "store.json", tmp_path / "store")
    return tmp_path / "store"


@pytest.fixture
def refused(run_cli, full_store, data_store, tmp_path, monkeypatch):
    """Run a command with a plug-in of some source, which must end in one message; return it."""
    monkeypatch.chdir(tmp_path)

    def call(text, command):
        plugin = tmp_path / "bad.py"
        plugin.write_text(text)
        places = {"run": data_store, "report": full_store}
        where = ("--store", places[command[0]]) if command[0] in places else ()
        out = ("--out", tmp_path / "out") if command[0] in places else ()
        code, printed = run_cli(*command, "--plugin", plugin, *where, *out)
        assert code == 2, printed
        assert "Traceback" not in printed
        _, *messages = f" {printed}".split(" error: ")
        assert len(messages) == 1, printed
        assert f"Plug-in {plugin}" in messages[0]
        return messages[0]

    return call
