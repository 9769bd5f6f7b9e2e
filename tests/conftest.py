"""Fixtures that several folders share."""

import sys

import pytest

from gaitbench.core.plugin_errors import PLUGIN_PREFIX
from gaitbench.core.registry import OWN, REGISTRIES

pytest_plugins = ["tests.made_up_results", "tests.stores"]


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
