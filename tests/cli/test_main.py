"""The command line as a user meets it, above all its messages."""

import re
import subprocess
import sys

import pytest


def test_a_file_and_options_combine_and_are_printed_as_toml(gaitbench, tmp_path):
    (tmp_path / "mine.toml").write_text('protocol = "ablation"\npreset = "smoke"\n')
    code, printed = gaitbench("run", "mine.toml", "--setting", "rg-gait", "--dry-run")
    assert code == 0
    assert 'protocol = "ablation"' in printed
    assert 'setting = "rg-gait"' in printed
    assert "artifacts would be made" in printed


def test_other_readings_are_options_and_printed_as_toml(gaitbench):
    options = ("--draws", "batch", "--positives", "self-too", "--methods", "rg-gait-visible-alpha")
    code, printed = gaitbench("run", "--preset", "smoke", *options, "--dry-run")
    assert code == 0
    assert 'draws = "batch"' in printed
    assert 'positives = "self-too"' in printed
    assert "RG-Gait, visible alpha under mimicgait, seed 0" in printed


def test_draws_and_panel_are_options_and_printed_as_toml(gaitbench):
    code, printed = gaitbench("run", "--preset", "smoke", "--dry-run")
    assert code == 0
    assert "test_draws = 3" in printed
    assert "sanity = true" in printed
    assert "(check blank)" in printed
    options = ("--no-sanity", "--test-draws", "1")
    code, printed = gaitbench("run", "--preset", "smoke", *options, "--dry-run")
    assert code == 0
    assert "test_draws = 1" in printed
    assert "sanity = false" in printed
    assert "(check blank)" not in printed
    assert "draw 1" not in printed


@pytest.mark.parametrize(
    ("shares", "networks"),
    [
        ("equal", ["under mimicgait", "under mimicgait (100% of its clips occluded)"]),
        ("papers", ["under mimicgait (100% of its clips occluded)"]),
    ],
)
def test_whose_share_of_clips_is_occluded_is_an_option(gaitbench, shares, networks):
    asked = ("--methods", "baseline-2", "--shares", shares, "--no-sanity", "--dry-run")
    code, printed = gaitbench("run", "--preset", "smoke", *asked)
    assert code == 0
    assert f'shares = "{shares}"' in printed
    found = re.findall(r"Baseline-2 (under mimicgait(?: \(.*?\))?), seed 0", printed)
    assert found == networks


def test_controls_are_refused_for_a_data_set_that_has_none(gaitbench, tmp_path):
    folder = tmp_path / "walks"
    assert gaitbench("data", "walkers", folder, "--preset", "smoke", "--jobs", "1")[0] == 0
    asked = ("--protocol", "controls", "--preset", "smoke", "--dry-run")
    code, printed = gaitbench("run", *asked, "--dataset", folder)
    assert code == 2
    assert "has no controls, so protocol 'controls' has nothing to test" in printed
    code, printed = gaitbench("run", *asked)
    assert code == 0
    assert "data set walkers-body" in printed


def test_released_occlusions_are_listed_last_and_drawn_where_they_are_asked_for(
    gaitbench, tmp_path
):
    code, printed = gaitbench("occlusions", "list")
    assert code == 0
    assert printed.index("rg-gait.patch") > printed.index(" top ")
    assert printed.count("asked for") == 15
    sheet = tmp_path / "sheet.png"
    assert gaitbench("occlusions", "preview", "rg-gait.patch", "--output", sheet)[0] == 0
    assert sheet.is_file()


@pytest.mark.parametrize(
    "name",
    [
        *("methods", "backbones", "datasets", "protocols", "settings", "presets", "occlusions"),
        *("readers", "executors", "callbacks"),
    ],
)
def test_every_list_lists(gaitbench, name):
    code, printed = gaitbench(name, "list")
    assert code == 0
    wanted = {
        "methods": ("rg-gait", "gei-lda", "oracle-window"),
        "datasets": ("walkers", "walkers-body", "walkers-gait"),
        "settings": ("occ-aware",),
        "protocols": ("occluded", "own-shares", "controls"),
    }
    assert all(word in printed for word in wanted.get(name, ()))


def test_run_then_report_then_status(gaitbench, tmp_path):
    common = ("--store", tmp_path / "store")
    code, printed = gaitbench(
        *("run", "--preset", "smoke", "--methods", "baseline-1", "--jobs", "1", "--device", "cpu"),
        *common,
    )
    assert code == 0
    assert "Baseline-1" in printed
    assert (tmp_path / "report" / "report.md").is_file()
    code, printed = gaitbench("report", "--out", tmp_path / "again", *common)
    assert code == 0
    first, again = ((tmp_path / folder / "report.md").read_text() for folder in ("report", "again"))
    assert first == again
    code, printed = gaitbench("status", *common)
    assert code == 0
    # Data, a network, three draws of each side, whole clips, and six checks.
    assert "15/15" in printed


def test_a_report_that_lies_there_is_not_written_again(gaitbench, tmp_path):
    common = ("--store", tmp_path / "store")
    arguments = ("run", "--preset", "smoke", "--methods", "baseline-1", "--device", "cpu")
    first = gaitbench(*arguments, *common)[1]
    report = tmp_path / "report" / "report.md"
    written = report.stat().st_mtime_ns
    again = gaitbench(*arguments, *common)[1]
    assert report.stat().st_mtime_ns == written
    assert again.split("Report:")[0] == first.split("Report:")[0]
    text = report.read_text()
    report.write_text("scribbled over")
    gaitbench(*arguments, *common)
    assert report.read_text() == text
    code, _ = gaitbench("report", *common, "--seeds", "0,1", "--preset", "smoke")
    assert code == 0
    assert report.read_text() != text


WITHOUT_TORCH = """
import sys
from gaitbench.cli.main import main
try:
    main()
except SystemExit as end:
    assert not end.code
assert "torch" not in sys.modules
"""


def test_a_finished_run_and_its_status_do_without_torch(gaitbench, tmp_path):
    store, out = str(tmp_path / "store"), str(tmp_path / "report")
    run = ("run", "--preset", "smoke", "--methods", "baseline-1", "--store", store, "--out", out)
    assert gaitbench(*run)[0] == 0
    for arguments in (
        run,
        ("report", "--store", store, "--out", out),
        ("status", "--store", store),
    ):
        subprocess.run([sys.executable, "-c", WITHOUT_TORCH, *arguments], check=True)


def test_a_report_of_what_was_not_run_says_how_to_make_it(gaitbench, tmp_path):
    code, _ = gaitbench("report", "--preset", "smoke", "--store", tmp_path / "store")
    assert code == 0
    text = (tmp_path / "report" / "report.md").read_text()
    assert "gaitbench run --protocol occluded --preset smoke" in text


def test_reporting_from_nothing_says_what_to_do(gaitbench, tmp_path):
    code, printed = gaitbench("report", "--store", tmp_path / "store")
    assert code == 2
    assert "gaitbench run --protocol occluded" in printed


def test_stale_artifacts_are_named_with_the_reason(gaitbench, tmp_path, monkeypatch):
    common = ("--store", tmp_path / "store")
    gaitbench(
        *("run", "--preset", "smoke", "--methods", "baseline-1", "--jobs", "1", "--device", "cpu"),
        *common,
    )
    from gaitbench.methods.extractor import ExtractorStage

    monkeypatch.setattr(ExtractorStage, "version", 2)
    code, printed = gaitbench("status", *common)
    assert code == 0
    assert "made by version 1 of ExtractorStage, now 2" in printed


def test_data_commands(gaitbench, tmp_path):
    folder = tmp_path / "walkers"
    code, printed = gaitbench("data", "walkers", folder, "--preset", "smoke", "--jobs", "1")
    assert code == 0
    assert "identities" in printed
    assert gaitbench("data", "info", folder)[0] == 0
    assert gaitbench("data", "sheet", folder, "--output", tmp_path / "sheet.png")[0] == 0
    assert (tmp_path / "sheet.png").stat().st_size > 1000
    code, printed = gaitbench("data", "walkers", folder, "--preset", "smoke")
    assert code == 2
    assert "not empty" in printed
    frames = folder / "frames.npy"
    frames.write_bytes(frames.read_bytes()[:-100])
    code, printed = gaitbench("data", "info", folder)
    assert code == 2
    assert "Import it again" in printed


def test_help_is_quick_and_complete():
    done = subprocess.run(
        [sys.executable, "-m", "gaitbench", "run", "--help"],
        capture_output=True,
        text=True,
        check=True,
    )
    for option in ("--protocol", "--test-dataset", "--plugin", "--jobs", "--dry-run"):
        assert option in done.stdout
