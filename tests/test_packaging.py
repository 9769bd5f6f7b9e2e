"""What is in the repository is what an installed wheel holds, and what it registers exists."""

import importlib
import subprocess
import sys
import tomllib

import pytest

from tests.places import ROOT

PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())
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
    assert f"version: {gaitbench.__version__}" in (ROOT / "CITATION.cff").read_text()


def test_the_pinned_torch_satisfies_the_project():
    pins = dict(
        line.split("==")
        for line in (ROOT / "constraints.txt").read_text().splitlines()
        if "==" in line
    )
    wanted = {d.split(">=")[0] for d in PROJECT["project"]["dependencies"]}
    assert wanted <= set(pins)
