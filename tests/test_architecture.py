"""What imports what: descriptions need no torch, and arrows run down only."""

import ast
import subprocess
import sys
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest

from gaitbench.core.store import Store
from gaitbench.experiment.bench import Bench
from gaitbench.experiment.remembered import remember
from gaitbench.experiment.spec import Experiment
from tests.places import ROOT

SHELVES = ("baselines", "occlusions", "reports")

LAYERS = (
    "core",
    "data",
    "walkers",
    "mocap",
    "occlusion",
    "occlusions",
    "networks",
    "backbones",
    "training",
    "methods",
    "baselines",
    "checkpoints",
    "statistics",
    "evaluation",
    "experiment",
    "results",
    "protocols",
    "reports",
    "running",
    "cli",
)
"""Packages from the bottom up: a module imports, when it is itself imported, only from its own and lower
ones. What is imported within a function may come from anywhere."""

WITHOUT_TORCH = (
    "gaitbench",
    "gaitbench.api",
    "gaitbench.backbones",
    "gaitbench.baselines",
    "gaitbench.cli",
    "gaitbench.core",
    "gaitbench.experiment",
    "gaitbench.methods",
    "gaitbench.occlusions",
    "gaitbench.protocols",
    "gaitbench.reports",
    "gaitbench.results",
    "gaitbench.evaluation.metrics",
    "gaitbench.evaluation.distances",
    "gaitbench.evaluation.tampering",
    "gaitbench.running.status",
    "gaitbench.statistics",
)
"""Modules, and packages with all of theirs, that describe, list, keep or print but compute no tensor."""


@cache
def modules() -> dict[str, Path]:
    """Return the file of every module by its installed name."""
    places = {"gaitbench": ROOT / "gaitbench"} | {f"gaitbench.{s}": ROOT / s for s in SHELVES}
    files: dict[str, Path] = {}
    for package, folder in places.items():
        for path in sorted(folder.rglob("*.py")):
            parts = path.relative_to(folder).with_suffix("").parts
            # The shelves' links inside gaitbench show the same files again.
            if package != "gaitbench" or parts[0] not in SHELVES:
                files[".".join([package, *(p for p in parts if p != "__init__")])] = path
    return files


@cache
def imports(name: str) -> frozenset[str]:
    """Return the modules that a module imports when it is itself imported: gaitbench's own and torch."""
    found: set[str] = set()
    for node in at_import(ast.parse(modules()[name].read_text("utf-8")).body):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif node.module is not None:
            # What is imported from a package may be a module of it.
            whole = {f"{node.module}.{alias.name}" for alias in node.names} & modules().keys()
            found |= {node.module, *whole}
    return frozenset(name for name in found if name in modules() or is_torch(name))


def is_torch(name: str) -> bool:
    """Return whether a module is torch's, or another distribution's that imports torch."""
    return name == "torch" or name.startswith(("torch.", "safetensors.torch"))


def at_import(body: list[ast.stmt]) -> Iterator[ast.Import | ast.ImportFrom]:
    """Yield the import statements that are carried out when a module is imported."""
    for node in body:
        if isinstance(node, ast.Import | ast.ImportFrom):
            yield node
        elif isinstance(node, ast.If) and "TYPE_CHECKING" in ast.unparse(node.test):
            yield from at_import(node.orelse)
        elif not isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            for part in ("body", "orelse", "finalbody"):
                yield from at_import(getattr(node, part, []))
            for handler in getattr(node, "handlers", []):
                yield from at_import(handler.body)


def way_to_torch(name: str) -> tuple[str, ...]:
    """Return a shortest chain of imports from a module to torch; empty where there is none."""
    chains = [(name,)]
    seen = {name}
    for chain in chains:
        parts = chain[-1].split(".")
        packages = {".".join(parts[:i]) for i in range(1, len(parts))}
        for after in sorted(imports(chain[-1]) | packages):
            if after in seen:
                continue
            if is_torch(after):
                return (*chain, after)
            seen.add(after)
            chains.append((*chain, after))
    return ()


def layer(name: str) -> int:
    """Return the height of a module's package; gaitbench's own `__init__` is below all."""
    parts = name.split(".")
    return LAYERS.index(parts[1]) if len(parts) > 1 and parts[1] in LAYERS else -1


def described() -> list[str]:
    """Return the modules that do without torch."""
    return [
        name
        for name in modules()
        if name in WITHOUT_TORCH
        or any(name.startswith(f"{p}.") for p in WITHOUT_TORCH if p != "gaitbench")
    ]


@pytest.mark.parametrize("name", described())
def test_descriptions_do_without_torch(name):
    chain = way_to_torch(name)
    assert not chain, " -> ".join(chain)


def test_a_whole_experiment_is_described_without_torch():
    code = """
import sys
from gaitbench.backbones.base import backbones
from gaitbench.experiment.bench import Bench
from gaitbench.experiment.spec import Experiment
from gaitbench.methods.base import method_names
from gaitbench.protocols.expansion import expand
asked = Experiment(protocol="all", preset="smoke", backbones=tuple(backbones.names()))
cells = expand(Bench.resolve(asked.model_copy(update={"methods": tuple(method_names())}))).cells
assert len({cell.evaluation.key for cell in cells}) > 1000
assert "torch" not in sys.modules
"""
    subprocess.run([sys.executable, "-c", code], check=True)


def test_status_needs_no_pandas(tmp_path):
    """Its import takes longer than everything else that `status` does."""
    bench = Bench.resolve(Experiment(protocol="all", preset="smoke"))
    remember(Store(tmp_path), bench)
    code = f"""
import sys
from gaitbench.cli.main import main
sys.argv = ["gaitbench", "status", "--store", {str(tmp_path)!r}]
try:
    main()
except SystemExit as end:
    assert not end.code
assert "pandas" not in sys.modules
"""
    done = subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True)
    assert "smoke" in done.stdout


def test_every_package_has_a_layer():
    packages = {name.split(".")[1] for name in modules() if name.count(".") > 1}
    assert packages == set(LAYERS)


def test_imports_run_down():
    upward = {
        (name, imported)
        for name in modules()
        if layer(name) >= 0
        for imported in imports(name)
        if layer(imported) > layer(name)
    }
    assert not upward


def test_files_folders_and_functions_stay_small():
    folders: dict[Path, int] = {}
    long = []
    for path in modules().values():
        text = path.read_text("utf-8")
        folders[path.parent] = folders.get(path.parent, 0) + (path.name != "__init__.py")
        long += [f"{path}: {n} lines"] if (n := text.count("\n")) > 400 else []
        for node in ast.walk(ast.parse(text)):
            if isinstance(node, ast.FunctionDef):
                first = node.body[0]
                is_doc = isinstance(first, ast.Expr) and isinstance(first.value, ast.Constant)
                start = first.end_lineno if is_doc else node.body[0].lineno - 1
                n_lines = (node.end_lineno or 0) - (start or 0)
                long += [f"{path}: {node.name} has {n_lines} lines"] if n_lines > 60 else []
    long += [f"{folder}: {n} modules" for folder, n in folders.items() if n > 15]
    assert not long


def test_no_two_classes_share_a_name():
    places: dict[str, list[str]] = {}
    for name, path in modules().items():
        for node in ast.parse(path.read_text("utf-8")).body:
            if isinstance(node, ast.ClassDef) and not node.name.startswith("_"):
                places.setdefault(node.name, []).append(name)
    assert not {n: where for n, where in places.items() if len(where) > 1}
