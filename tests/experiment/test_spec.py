import tomllib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gaitbench.core.errors import ConfigurationError, UnknownNameError
from gaitbench.experiment.spec import Experiment


@given(
    st.lists(st.integers(0, 2**31), min_size=1, max_size=100, unique=True),
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
    with pytest.raises(ConfigurationError, match=r"options: side: Unknown value 'left'.*probe"):
        Experiment.of({"side": "left"}, "options")


def test_every_field_is_an_option_with_a_sentence_of_help():
    options = Experiment.options()
    assert list(options) == list(Experiment.model_fields)
    for option in options.values():
        assert option.option.help.endswith((".", "again."))
        assert option.default is None or option.default == getattr(Experiment(), option.name)
    flags = [flag for option in options.values() for flag in option.flags]
    assert len(set(flags)) == len(flags)


@pytest.mark.parametrize("name", Experiment.model_fields)
def test_the_defaults_are_among_the_choices(name):
    option = Experiment.options()[name]
    option.check(option.default)
    assert bool(option.names()) == bool(option.option.choices or option.words)


def test_keys_are_what_they_were():
    # Stores name experiments by these: they depend on the fields' names, order and defaults.
    assert Experiment().key == "46ba957bd5c53194d4dd"
    asked = {"extractor": "/x.pt", "plugins": ("/a.py",), "test_dataset": "x", "seeds": (0, 1, 2)}
    assert Experiment(protocol="all", **asked).key == "10801d9f96dffe0f0f26"


def test_a_file_and_options_are_one_experiment(tmp_path):
    (tmp_path / "one.py").touch()
    (tmp_path / "two.py").touch()
    file = tmp_path / "mine.toml"
    file.write_text('setting = "rg-gait"\nseeds = [1]\nplugins = ["one.py"]\n')
    options = {"seeds": ["2", "3"], "plugins": [str(tmp_path / "two.py")]}
    made = Experiment.read(file, options)
    assert (made.setting, made.seeds) == ("rg-gait", (2, 3))
    assert made.plugins == (str(tmp_path / "one.py"), str(tmp_path / "two.py"))
    assert Experiment.read(None) == Experiment()


def test_an_experiment_made_in_python_is_checked_too():
    with pytest.raises(UnknownNameError, match=r"Unknown method 'rggait'\. Did you mean 'rg-gait'"):
        Experiment(methods=("rggait",)).check()


def test_no_seed_is_refused():
    with pytest.raises(ConfigurationError, match="seeds"):
        Experiment.of({"seeds": []}, "options")


def test_a_missing_or_broken_file_is_named(tmp_path):
    with pytest.raises(ConfigurationError, match="no such file"):
        Experiment.read(tmp_path / "nothing.toml")
    (tmp_path / "broken.toml").write_text("a = = b")
    with pytest.raises(ConfigurationError, match=r"broken\.toml cannot be read"):
        Experiment.read(tmp_path / "broken.toml")
