from importlib.metadata import EntryPoint

import pytest

from gaitbench.core.errors import ConfigurationError, UnknownNameError
from gaitbench.core.plugins import load_plugin, only_plugins
from gaitbench.occlusion.base import Occlusion, occlusions

PLUGIN = '''
from dataclasses import dataclass
import numpy as np
from gaitbench.core.registry import register
from gaitbench.occlusion.base import Occlusion, Step

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
    def writer(text, name="plugin_under_test.py"):
        path = tmp_path / name
        path.write_text(text)
        return path

    return writer


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
        ConfigurationError, match=r"'middle' is taken by Middle of gaitbench\.occlusions\.middle"
    ):
        load_plugin(path)


def test_a_plugin_that_does_not_import_is_named_with_its_error(write):
    path = write("import no_such_module_at_all")
    with pytest.raises(ConfigurationError, match=r"plugin_under_test.*ModuleNotFoundError"):
        load_plugin(path)


def test_a_missing_plugin_is_named(tmp_path):
    with pytest.raises(ConfigurationError, match="there is no such file"):
        load_plugin(tmp_path / "nothing.py")


def test_an_installed_plugin_that_does_not_import_is_named(monkeypatch):
    from gaitbench.core import registry

    broken = EntryPoint("gone", "no_such_module_at_all", registry.GROUP)
    monkeypatch.setattr(registry, "entry_points", lambda group: [broken])
    registry.load_installed.cache_clear()
    try:
        with pytest.raises(ConfigurationError, match="no_such_module_at_all of the installed"):
            registry.load_installed()
    finally:
        registry.load_installed.cache_clear()


@pytest.mark.parametrize(
    ("body", "said"),
    [
        ("pass", r"Plug-in .*plugin_under_test\.py: class Thing, .* lacks steps\(\)"),
        ("strength: float = 1.0\n    def steps(self, *_): ...", "decorate it with @dataclass"),
    ],
)
def test_what_is_missing_is_said_when_a_class_registers(write, body, said):
    text = (
        "from gaitbench import Occlusion, register\n@register('thing')\nclass Thing(Occlusion):\n"
    )
    text += f"    {body}\n"
    with pytest.raises(ConfigurationError, match=said):
        load_plugin(write(text))


def test_facts_that_a_kind_asks_for_are_named(write):
    text = "from gaitbench.methods.base import Method\nfrom gaitbench import register\n"
    text += "@register('thing')\nclass Thing(Method):\n    title = 'T'\n    def stage(self, plan): ...\n"
    with pytest.raises(ConfigurationError, match="must say its source, its about"):
        load_plugin(write(text))


def test_what_is_no_kind_of_thing_is_refused(write):
    with pytest.raises(ConfigurationError, match="derives from none of the classes"):
        load_plugin(write("from gaitbench import register\n@register('x')\nclass X: ...\n"))


def test_plugins_of_a_block_are_gone_after_it(write):
    path = write(PLUGIN.format(name="test-blinds", shape="(t, h, w)"))
    with only_plugins([path]):
        assert "test-blinds" in occlusions.names()
    assert "test-blinds" not in occlusions.names()
    assert "middle" in occlusions.names()
