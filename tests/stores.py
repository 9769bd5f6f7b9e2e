"""Stores that several folders read; each is made once per session, in the worker that needs it."""

import pytest

from tests.making import collected, make_store
from tests.protocols.experiments import bench


@pytest.fixture(scope="session")
def small_store(tmp_path_factory):
    """A store with Baseline-1, and nothing else, under the main table's protocol."""
    folder = tmp_path_factory.mktemp("small") / "a store"
    return make_store(folder, bench(methods=("baseline-1",)))


@pytest.fixture(scope="session")
def pictured(small_store):
    """Results of a small run, whose data set is there to take pictures from."""
    return collected(small_store, bench(methods=("baseline-1",)))


@pytest.fixture(scope="session")
def everything(tmp_path_factory):
    """Results of every protocol for two methods."""
    asked = bench(protocol="all", methods=("rg-gait",))
    return collected(make_store(tmp_path_factory.mktemp("everything") / "store", asked), asked)
