import subprocess
import sys
from dataclasses import dataclass, replace

import pytest

from gaitbench.core.errors import ConfigurationError, PluginError, UnknownNameError
from gaitbench.core.plugins import load_plugin
from gaitbench.core.registry import register
from gaitbench.occlusion.mix import HOLISTIC, Mix
from gaitbench.occlusion.setting import Setting, get_setting, setting_names

PLUGIN = """
from dataclasses import dataclass
from gaitbench import Mix, Setting, make_occlusion, register

MIX = Mix((make_occlusion("left"),), 0.5)

@register("left-only")
@dataclass(frozen=True)
class LeftOnly(Setting):
    source: str = "a test"
    train: Mix = MIX
    test: Mix = MIX
"""


def test_one_draw_per_batch_is_said_and_concerns_training_alone():
    plain = get_setting("mimicgait")
    setting = plain.drawn_per("batch")
    assert setting.train == replace(plain.train, per="batch")
    assert setting.test == plain.test
    assert setting.name == "mimicgait"
    assert setting.train.describe().endswith("bottom 0.4–0.6, drawn once for all clips of a batch")
    assert "batch" not in plain.train.describe()
    assert plain.drawn_per("clip") == plain


def test_unknown_settings_are_answered_with_the_nearest():
    assert setting_names()[0] == "mimicgait"
    with pytest.raises(UnknownNameError, match="Did you mean 'mimicgait'"):
        get_setting("mimic-gait")


def test_a_plugin_adds_a_setting(tmp_path):
    path = tmp_path / "plugin_under_test.py"
    path.write_text(PLUGIN)
    load_plugin(path)
    assert setting_names()[-1] == "left-only"
    assert get_setting("left-only").test_name == "left"


@pytest.mark.parametrize("first", ["", "setting_names();", "get_setting('rg-gait');"])
def test_a_plugin_works_whatever_was_imported_before_it(tmp_path, first):
    path = tmp_path / "plugin_under_test.py"
    path.write_text(PLUGIN)
    code = f"{first} load_plugin(Path({str(path)!r})); print(*setting_names())"
    if first:
        code = f"from gaitbench.occlusion.setting import get_setting, setting_names; {code}"
    else:
        code = code.replace(
            "print(", "from gaitbench.occlusion.setting import setting_names; print("
        )
    code = f"from pathlib import Path; from gaitbench.core.plugins import load_plugin; {code}"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.stdout.split() == ["mimicgait", "occ-aware", "rg-gait", "rg-gait-0.3", "left-only"]


def test_a_setting_without_defaults_is_named():
    @register("test-setting")
    @dataclass(frozen=True)
    class Bare(Setting):
        """No defaults."""

    with pytest.raises(PluginError, match=r"Bare.__init__\(\) raised TypeError: .* 'source'"):
        get_setting("test-setting")


def test_a_setting_holds_mixes():
    @register("test-setting")
    @dataclass(frozen=True)
    class Odd(Setting):
        """A share where a mix belongs."""

        source: str = "a test"
        train: Mix = 0.5
        test: Mix = HOLISTIC

    with pytest.raises(ConfigurationError, match=r"Odd: train = 0\.5; it must be a Mix"):
        get_setting("test-setting")
