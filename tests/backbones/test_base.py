"""A backbone in one plug-in file, and what is said of one that does not fit."""

import inspect
import json
import re
import textwrap
from importlib import resources

import pytest
import torch

from gaitbench.backbones.base import Backbone, BackboneSpec
from gaitbench.core.errors import ConfigurationError, PluginError
from gaitbench.core.plugins import load_plugin
from gaitbench.experiment.bench import Bench
from gaitbench.experiment.spec import Experiment
from gaitbench.protocols.expansion import expand
from gaitbench.running.rehearsal import check_networks

IMPORTS = """
from dataclasses import dataclass
from torch import nn
from gaitbench import register
from gaitbench.backbones.base import Backbone
from gaitbench.networks.base import BackboneNetwork
from gaitbench.networks.backbones.blocks import frames_of
from gaitbench.networks.parts import PartLinear, pool_parts

"""


def example():
    """Return the plug-in in the documentation of `Backbone`."""
    text = inspect.getdoc(Backbone)
    return IMPORTS + textwrap.dedent(re.search(r"( +class .*?)\n\ngaitbench", text, re.DOTALL)[1])


@pytest.fixture
def plugin(tmp_path):
    def write(text):
        path = tmp_path / "plain.py"
        path.write_text(text)
        load_plugin(path)
        return path

    return write


def test_the_example_trains_every_method(plugin):
    plugin(example())
    spec = BackboneSpec.of("plain", {"width": 6})
    assert spec.build()(torch.ones(2, 3, 16, 11)).shape == (2, 6, 4)
    assert spec.description()["width"] == 6
    bench = Bench.resolve(Experiment(preset="smoke", backbones=("plain",)))
    cells = expand(bench).cells
    assert {c.backbone for c in cells} == {"plain"}
    check_networks(cells)


def test_the_options_of_the_example_are_checked(plugin):
    plugin(example())
    with pytest.raises(ConfigurationError, match="backbone 'plain': width = 'wide'"):
        BackboneSpec.of("plain", {"width": "wide"})
    with pytest.raises(ConfigurationError, match=r"Unknown option 'widht'\. Did you mean 'width'"):
        BackboneSpec.of("plain", {"widht": 4})


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("return PlainNetwork(self.width)", "return nn.ReLU()", r"Plain\.build\(\) returned ReLU"),
        (
            "return PlainNetwork(self.width)",
            "raise KeyError('x')",
            r"Plain\.build\(\) raised KeyErr",
        ),
        ("def project(", "def projekt(", r"Plain\.build\(\) raised TypeError.*project"),
        ("self.channels = 4, width, width", "self.width = 4, width, width", "must set channels to"),
    ],
)
def test_a_network_that_does_not_fit_is_named_with_its_file(plugin, old, new, message):
    text = example()
    assert old in text
    # What else names the channels is not reached.
    path = plugin(text.replace(old, new))
    with pytest.raises(PluginError, match=rf"Plug-in {re.escape(str(path))}: .*{message}"):
        BackboneSpec.of("plain", {}).build()


def test_fields_without_a_dataclass_are_refused(plugin):
    with pytest.raises(ConfigurationError, match="has the fields width: decorate it with @datacl"):
        plugin(example().replace("@dataclass(frozen=True)\n", ""))


def test_a_misspelt_option_in_a_preset_is_refused_before_any_work(tmp_path):
    smoke = (resources.files("gaitbench.experiment.presets") / "smoke.toml").read_text()
    preset = tmp_path / "own.toml"
    preset.write_text(smoke.replace("parts = 4\nembedding = 8", "part = 4\nembedding = 8", 1))
    message = r"own.toml': backbones.gaitbase: Unknown option 'part'\. Did you mean 'parts'"
    with pytest.raises(ConfigurationError, match=message):
        expand(Bench.resolve(Experiment(preset=str(preset))))


@pytest.mark.parametrize("name", ["gaitbase", "gaitgl"])
def test_a_spec_outlives_json(name):
    spec = BackboneSpec.of(name, {"parts": 8})
    again = BackboneSpec.of(name, json.loads(json.dumps(dict(spec.options))))
    assert again == spec
