"""A misspelt word in a preset's file is refused with the nearest one before anything is made."""

import re
from importlib import resources

import pytest

SMOKE = (resources.files("gaitbench.experiment.presets") / "smoke.toml").read_text("utf-8")


@pytest.mark.parametrize(
    ("old", "new", "words"),
    [
        ("parts = 4\n", "part = 4\n", r"Unknown option 'part'\. Did you mean 'parts'"),
        (
            "[backbones.gaitset]",
            "[backbones.gaitst]",
            r"Unknown backbone 'gaitst'\. Did you mean 'gaitset",
        ),
        ("bins = [", "bin = [", r"backbones\.gaitset: Unknown option 'bin'\. Did you mean 'bins'"),
        ("test_frames", "test_frame", r"Unknown key 'test_frame'\. Did you mean 'test_frames'"),
        ("[occluded]", "[ocluded]", r"Unknown key 'ocluded'\. Did you mean 'occluded'"),
        (
            "learning_rate",
            "learning_rat",
            r"Unknown key 'learning_rat'\. Did you mean 'learning_rate'",
        ),
        (
            "views = ",
            "view = ",
            r"data set 'walkers': Unknown option 'view'\. Did you mean 'views'",
        ),
        ("height = 16", "height = 'tall'", r"height = 'tall': Input should be a valid integer"),
    ],
)
def test_a_misspelt_word_in_a_preset_is_refused_with_the_nearest(
    old, new, words, run_cli, tmp_path
):
    preset = tmp_path / "own.toml"
    assert old in SMOKE
    preset.write_text(SMOKE.replace(old, new, 1))
    code, printed = run_cli("run", "--dry-run", "--preset", preset, "--store", tmp_path / "store")
    assert code == 2
    assert re.search(rf"error: .*own\.toml.*{words}", printed), printed
    assert "Traceback" not in printed
    assert not (tmp_path / "store").exists()
