"""A made-up tree for every test that wants one."""

import pytest

from tests.data.made_up_trees import make_tree


@pytest.fixture
def tree(tmp_path):
    return make_tree("oumvlp", tmp_path)
