"""Fixtures that several folders share."""

import contextlib
import io
import os
import sys

# Several processes of tests would otherwise fight for the same cores with many threads each.
os.environ.setdefault("OMP_NUM_THREADS", "1")

import pytest

from gaitbench.cli import options
from gaitbench.core.plugin_errors import PLUGIN_PREFIX
from gaitbench.core.plugins import only_plugins
from gaitbench.core.registry import OWN, REGISTRIES

pytest_plugins = ["tests.edited_examples", "tests.made_up_results", "tests.stores"]


@pytest.fixture(scope="session")
def run_cli():
    """Run a command in this process; return its exit code and everything that it printed."""
    from gaitbench.cli.main import main

    def call(*arguments):
        output = io.StringIO()
        consoles = [options.out, options.err]
        files = [console._file for console in consoles]
        argv, sys.argv = sys.argv, ["gaitbench", *map(str, arguments)]
        try:
            for console in consoles:
                console.file, console._width = output, 200
            # A process of its own would know no other plug-ins.
            with (
                only_plugins(()),
                contextlib.redirect_stdout(output),
                contextlib.redirect_stderr(output),
            ):
                main()
            code = 0
        except SystemExit as stopped:
            code = int(stopped.code or 0)
        finally:
            sys.argv = argv
            for console, file in zip(consoles, files, strict=True):
                console._file, console._width = file, None
        return code, " ".join(output.getvalue().split())

    return call


def pytest_collection_modifyitems(config, items):
    """Leave out what takes minutes at laptop size, unless it is asked for by its mark."""
    if "bench" not in config.option.markexpr:
        left_out = [item for item in items if item.get_closest_marker("bench")]
        config.hook.pytest_deselected(items=left_out)
        items[:] = [item for item in items if item not in left_out]


def _foreign(thing):
    return not thing.__module__.startswith(OWN)


@pytest.fixture(autouse=True)
def _registries_as_before():
    """Take back what a test registers, and the plug-in files that it loads."""
    before = [(registry, registry.forget(_foreign)) for registry in REGISTRIES]
    for registry, things in before:
        registry.restore(things)
    yield
    for registry in REGISTRIES:
        registry.forget(_foreign)
    for registry, things in before:
        registry.restore(things)
    for name in [n for n in sys.modules if n.startswith(PLUGIN_PREFIX)]:
        del sys.modules[name]
