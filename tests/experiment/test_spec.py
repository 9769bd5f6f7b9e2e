import tomllib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gaitbench.core.errors import ConfigurationError, UnknownNameError
from gaitbench.experiment.spec import Experiment, Preset, preset_names


@given(
    st.lists(st.integers(0, 2**31), min_size=1, unique=True),
    st.text(min_size=1).filter(lambda s: s.isprintable()),
    st.sampled_from(["both", "probe", "gallery"]),
    st.booleans(),
    st.integers(1, 9),
)
def test_an_experiment_survives_toml(seeds, name, side, sanity, draws):
    made = Experiment(
        seeds=tuple(seeds),
        dataset=name,
        side=side,
        methods=("rg-gait",),
        sanity=sanity,
        test_draws=draws,
    )
    assert Experiment.of(tomllib.loads(made.toml()), "test") == made


def test_an_unknown_key_names_the_closest():
    with pytest.raises(ConfigurationError, match=r"my\.toml: Unknown key 'seed'.*'seeds'"):
        Experiment.of({"seed": 1}, "my.toml")


def test_a_wrong_value_is_named_with_its_place():
    with pytest.raises(ConfigurationError, match=r"options: side = 'left'"):
        Experiment.of({"side": "left"}, "options")


def test_no_seed_is_refused():
    with pytest.raises(ConfigurationError, match="seeds"):
        Experiment.of({"seeds": []}, "options")


def test_a_missing_or_broken_file_is_named(tmp_path):
    with pytest.raises(ConfigurationError, match="no such file"):
        Experiment.read(tmp_path / "nothing.toml")
    (tmp_path / "broken.toml").write_text("a = = b")
    with pytest.raises(ConfigurationError, match=r"broken\.toml cannot be read"):
        Experiment.read(tmp_path / "broken.toml")


@pytest.mark.parametrize("name", preset_names())
def test_every_preset_loads_and_says_what_it_is(name):
    preset = Preset.load(name)
    assert preset.about
    assert all(0 < share <= 1 for share in preset.severities)
    assert list(preset.severities) == sorted(set(preset.severities))


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
