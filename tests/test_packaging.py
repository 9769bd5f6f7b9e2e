"""What is in the repository is what an installed wheel holds, and what it registers exists."""

import ast
import importlib
import importlib.metadata
import re
import subprocess
import sys
import tomllib

import pytest

from tests.places import ROOT

PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
NEEDED, TOOLS = (
    {re.split(r"[^\w-]", requirement)[0] for requirement in requirements}
    for requirements in (
        PROJECT["project"]["dependencies"],
        PROJECT["project"]["optional-dependencies"]["dev"],
    )
)
SHELVES = ("baselines", "occlusions", "reports")


def packages_in_folders():
    found = {"gaitbench"}
    for init in (ROOT / "gaitbench").rglob("__init__.py"):
        found.add(".".join(init.parent.relative_to(ROOT).parts))
    for shelf in SHELVES:
        for init in (ROOT / shelf).rglob("__init__.py"):
            found.add(".".join(["gaitbench", *init.parent.relative_to(ROOT).parts]))
    return found


def modules():
    places = {"gaitbench": ROOT / "gaitbench"} | {f"gaitbench.{s}": ROOT / s for s in SHELVES}
    for package, folder in places.items():
        for path in sorted(folder.rglob("*.py")):
            parts = path.relative_to(folder).with_suffix("").parts
            if parts[0] in SHELVES or parts[-1] == "__main__":
                continue
            yield ".".join([package, *(p for p in parts if p != "__init__")])


def test_every_package_is_listed():
    assert set(PROJECT["tool"]["setuptools"]["packages"]) == packages_in_folders()


@pytest.mark.parametrize("shelf", SHELVES)
def test_a_shelf_has_a_link_among_the_packages(shelf):
    # Tools that resolve modules by path follow it. A checkout without symbolic links (Windows, by default)
    # has a text file in its place, which Python passes over: an editable install finds the shelf by its
    # entry in package-dir. A source distribution has neither.
    link = ROOT / "gaitbench" / shelf
    if link.is_file():
        assert link.read_text(encoding="utf-8") == f"../{shelf}"
    elif link.exists():
        assert link.resolve() == ROOT / shelf
    assert PROJECT["tool"]["setuptools"]["package-dir"][f"gaitbench.{shelf}"] == shelf


def imported_distributions(*folders):
    """Return the distributions that are imported anywhere in these folders, each with a file that does."""
    owners, places = importlib.metadata.packages_distributions(), {}
    for path in (path for folder in folders for path in sorted((ROOT / folder).rglob("*.py"))):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            for module in imported_modules(node):
                top = module.split(".")[0]
                if top not in {*sys.stdlib_module_names, "gaitbench", "tests"}:
                    owner = owners.get(top, [top])[0].lower()
                    places[owner] = path.relative_to(ROOT).as_posix()
    return places


def imported_modules(node):
    if isinstance(node, ast.Import):
        return [alias.name for alias in node.names]
    if isinstance(node, ast.ImportFrom):
        return [node.module] if node.module and not node.level else []
    if isinstance(node, ast.Call) and ast.unparse(node.func) == "pytest.importorskip":
        return [ast.literal_eval(node.args[0])]
    return []


def test_what_the_product_imports_is_what_it_depends_on():
    imported = imported_distributions("gaitbench", *SHELVES)
    assert not {d: place for d, place in imported.items() if d not in NEEDED}, "not declared"
    assert not NEEDED - set(imported), "declared, but imported nowhere"


def test_what_tests_and_benchmarks_import_is_installed_with_dev():
    imported = imported_distributions("tests", "benchmarks")
    assert not {d: place for d, place in imported.items() if d not in NEEDED | TOOLS}


@pytest.mark.parametrize("name", sorted(set(modules())))
def test_every_module_imports_by_its_installed_name_and_its_examples_run(name):
    import doctest

    module = importlib.import_module(name)
    result = doctest.testmod(module)
    assert result.failed == 0


@pytest.mark.parametrize("shelf", SHELVES)
def test_a_shelf_refuses_its_bare_name(shelf):
    code = f"import sys; sys.path.insert(0, {str(ROOT)!r}); import {shelf}"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert f"gaitbench.{shelf}" in done.stderr
    assert "ImportError" in done.stderr


def test_help_does_not_import_torch():
    code = (
        "import sys; sys.argv = ['gaitbench', '--help']\n"
        "from gaitbench.cli.main import main\n"
        "try: main()\n"
        "except SystemExit: pass\n"
        "heavy = {'torch', 'pandas', 'matplotlib', 'scipy'} & set(sys.modules)\n"
        "assert not heavy, heavy"
    )
    subprocess.run([sys.executable, "-c", code], check=True, capture_output=True)


def test_versions_agree():
    import gaitbench

    assert gaitbench.__version__ == PROJECT["project"]["version"]
    assert f"version: {gaitbench.__version__}" in (ROOT / "CITATION.cff").read_text(
        encoding="utf-8"
    )


def test_every_dependency_is_pinned():
    lines = (ROOT / "constraints.txt").read_text(encoding="utf-8").splitlines()
    assert {line.split("==")[0] for line in lines if "==" in line} >= NEEDED
