import sys

import pytest

from gaitbench.errors import ConfigurationError, UnknownNameError
from gaitbench.occlusion import Occlusion, occlusions
from gaitbench.registry import Registry, load_plugin

PLUGIN = '''
from dataclasses import dataclass
import numpy as np
from gaitbench.occlusion import Occlusion, Step, register

@register("{name}")
@dataclass(frozen=True)
class Blinds(Occlusion):
    """Blinds."""
    amount: tuple[float, float] = (0.2, 0.6)

    def steps(self, rng, amount, t, h, w):
        return Step(mask=np.zeros({shape}, bool))
'''


@pytest.fixture
def write(tmp_path):
    made = []

    def writer(text, name="plugin_under_test.py"):
        path = tmp_path / name
        path.write_text(text)
        made.append(path)
        return path

    yield writer
    for name in [n for n in sys.modules if n.startswith("gaitbench_plugin_")]:
        del sys.modules[name]
    for name in [n for n in occlusions._things if n.startswith("test-")]:
        del occlusions._things[name], occlusions._sources[name]


def test_an_unknown_name_is_answered_with_the_nearest():
    with pytest.raises(
        UnknownNameError, match=r"Unknown occlusion 'midle'\. Did you mean 'middle'"
    ):
        occlusions.get("midle")


def test_a_plugin_registers_and_loading_it_again_does_nothing(write):
    path = write(PLUGIN.format(name="test-blinds", shape="(t, h, w)"))
    load_plugin(path)
    load_plugin(path)
    assert issubclass(occlusions.get("test-blinds"), Occlusion)
    assert occlusions.get("test-blinds").name == "test-blinds"
    assert "test-blinds" in occlusions.names()


def test_a_taken_name_is_refused_with_its_owner(write):
    path = write(PLUGIN.format(name="middle", shape="(t, h, w)"))
    with pytest.raises(
        ConfigurationError, match=r"'middle' is taken by gaitbench\.occlusions\.middle"
    ):
        load_plugin(path)


def test_a_plugin_that_does_not_import_is_named_with_its_error(write):
    path = write("import no_such_module_at_all")
    with pytest.raises(ConfigurationError, match=r"plugin_under_test.*ModuleNotFoundError"):
        load_plugin(path)


def test_a_missing_plugin_is_named(tmp_path):
    with pytest.raises(ConfigurationError, match="there is no such file"):
        load_plugin(tmp_path / "nothing.py")


def test_an_entry_point_that_does_not_import_is_named(monkeypatch):
    from importlib.metadata import EntryPoint

    broken = Registry[Occlusion]("occlusion", "gaitbench.nothing")
    broken._entries = {"gone": EntryPoint("gone", "gaitbench.no_such:Thing", "gaitbench.nothing")}
    with pytest.raises(ConfigurationError, match=r"'gone' \(gaitbench\.no_such:Thing\)"):
        broken.get("gone")
