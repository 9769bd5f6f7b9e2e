import pytest

from gaitbench.core.errors import ConfigurationError, UnknownNameError
from gaitbench.experiment.preset import Preset, preset_names
from gaitbench.experiment.spec import Experiment


@pytest.mark.parametrize("name", preset_names())
def test_every_preset_loads_and_says_what_it_is(name):
    preset = Preset.load(name)
    assert preset.about
    assert all(0 < share <= 1 for share in preset.severities)
    assert list(preset.severities) == sorted(set(preset.severities))


@pytest.mark.parametrize("name", ["laptop", "paper"])
def test_severities_are_five_equal_steps(name):
    assert Preset.load(name).severities == (0.08, 0.16, 0.24, 0.32, 0.4)


def test_laptop_is_the_default_preset():
    assert preset_names()[0] == Experiment().preset == "laptop"


def test_an_unknown_preset_is_answered_with_the_nearest():
    with pytest.raises(UnknownNameError, match="Did you mean 'laptop'"):
        Preset.load("labtop")


def test_a_preset_can_be_a_file(tmp_path):
    from importlib import resources

    text = (resources.files("gaitbench.experiment.presets") / "smoke.toml").read_text()
    path = tmp_path / "mine.toml"
    path.write_text(text.replace("steps = 4\n", "steps = 5\n", 1))
    assert Preset.load(str(path)).extractor.steps == 5
    path.write_text(text.replace("height = 16", "hight = 16"))
    with pytest.raises(ConfigurationError, match=r"mine\.toml: Unknown key 'hight'.*'height'"):
        Preset.load(str(path))
    path.write_text(text.replace("severities = [0.2, 0.4]", "severities = [20, 40]"))
    with pytest.raises(ConfigurationError, match=r"mine\.toml: severities.* = 20"):
        Preset.load(str(path))
    with pytest.raises(ConfigurationError, match="no such file"):
        Preset.load(str(tmp_path / "gone.toml"))
