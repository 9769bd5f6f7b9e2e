"""Every example plug-in, from its file to lists, runs, reports, status and differences."""

import csv

import numpy as np
import pandas as pd
import pytest
from PIL import Image

from tests.places import ROOT

FOLDER = ROOT / "examples" / "plugins"
FILES = sorted(FOLDER.glob("*.py"))
PLUGINS = [argument for file in FILES for argument in ("--plugin", file)]
LISTS = {
    "occlusions": "blinds",
    "settings": "doorway",
    "methods": "mirrored",
    "backbones": "gei-net",
    "datasets": "corridor",
    "readers": "png-folders",
    "protocols": "clip-length",
    "metrics": "eer",
    "distances": "median-part",
    "tamperings": "frozen-walk",
    "formats": "text",
    "figures": "view-heat-map",
    "executors": "serial",
    "callbacks": "csv-logger",
}
"""The kinds of things that can be added, each with the example of it."""

ASKED = (
    *("--preset", "smoke", "--dataset", "corridor", "--setting", "doorway"),
    *("--methods", "mirrored", "--backbones", "gei-net", "--distance", "median-part"),
)
RUN = (*ASKED, "--executor", "serial", "--callback", "csv-logger", *PLUGINS)


@pytest.fixture(scope="module")
def store(run_cli, tmp_path_factory):
    """Return the folder of a run with every plug-in, and of its report."""
    folder = tmp_path_factory.mktemp("examples")
    code, printed = run_cli(
        *("run", "--protocol", "clip-length", *RUN),
        *("--store", folder / "store", "--out", folder / "report"),
    )
    assert code == 0, printed
    return folder


def test_there_is_one_example_of_each_kind():
    assert len(FILES) == len(LISTS)


@pytest.mark.parametrize("kind", LISTS)
def test_it_is_in_the_lists(kind, run_cli):
    code, printed = run_cli(kind, "list", *PLUGINS)
    assert code == 0
    assert LISTS[kind] in printed


def test_it_is_among_the_choices_of_help(run_cli):
    code, printed = run_cli("run", *PLUGINS, "--help")
    assert code == 0
    for kind in ("protocols", "settings", "methods", "backbones", "datasets", "distances"):
        assert LISTS[kind] in printed
    assert "text" in run_cli("report", *PLUGINS, "--help")[1]
    assert "eer" in run_cli("diff", *PLUGINS, "--help")[1]


def test_a_plan_names_what_it_would_make(run_cli, tmp_path):
    arguments = ("--protocol", "clip-length", *RUN, "--store", tmp_path / "store", "--dry-run")
    code, printed = run_cli("run", *arguments)
    assert code == 0
    assert "data set corridor" in printed
    assert "Baseline-2, mirrored on left+right+pole of doorway (frames 4)" in printed
    assert not (tmp_path / "store").exists()


def test_protocol_table_and_figure_are_in_every_format(store):
    table = pd.read_csv(store / "report/tables/clip-length.csv")
    assert list(table["Method"]) == ["Baseline-1", "Baseline-2, mirrored"]
    for name in ("report.html", "report.md", "report.tex", "report.txt"):
        assert "How many frames are needed" in (store / "report" / name).read_text()
    assert (store / "report/figures/clip-length.png").stat().st_size > 10_000
    assert "Rank-1 against the number of frames" in (store / "report/report.html").read_text()


def test_coordinate_metric_and_tampering_are_columns_and_rows(store):
    cells = pd.read_csv(store / "report/tables/all-evaluations.csv")
    swept = cells[cells["protocol"] == "clip-length"]
    assert sorted(swept["frames"].unique()) == [1, 2, 4, 8]
    assert cells["eer"].between(0, 1).all()
    assert "Frozen walk" in set(pd.read_csv(store / "report/tables/sanity.csv")["Check"])


def test_the_callback_has_written_the_losses_of_each_training(store):
    logs = list((store / "store/logs").glob("*/losses.csv"))
    assert len(logs) == 2
    with logs[0].open() as file:
        rows = list(csv.DictReader(file))
    assert {row["term"] for row in rows} == {"triplet", "cross-entropy"}
    assert rows[-1]["step"] == "4"


def test_status_knows_the_experiment_and_a_second_run_makes_nothing(store, run_cli):
    code, printed = run_cli("status", "--store", store / "store")
    assert code == 0
    assert "clip-length" in printed
    assert "stale" not in printed
    again = ("run", "--protocol", "clip-length", *RUN, "--store", store / "store")
    code, printed = run_cli(*again, "--out", store / "report")
    assert "0 artifacts made" in printed


def test_the_metric_and_the_coordinate_are_known_to_diff(store, run_cli):
    code, printed = run_cli(
        "diff", store / "store", store / "store", "--metric", "eer", *PLUGINS,
        "--protocol", "clip-length", *ASKED,
    )  # fmt: skip
    assert code == 0
    assert "Nothing changed beyond noise" in printed


def test_a_registered_figure_stands_beside_its_section(store, run_cli):
    folder = store / "occluded"
    arguments = ("--protocol", "occluded", *RUN, "--no-sanity", "--store", store / "store")
    code, printed = run_cli("run", *arguments, "--out", folder)
    assert code == 0, printed
    text = (folder / "report.md").read_text()
    assert text.index("## Occluded recognition") < text.index("figures/view-heat-map.png")
    assert (folder / "figures/view-heat-map.pdf").is_file()


def test_the_reader_is_a_command(run_cli, tmp_path):
    for who in ("anna", "bo"):
        for walk in ("1", "2"):
            folder = tmp_path / "images" / who / walk
            folder.mkdir(parents=True)
            for t in range(3):
                frame = np.zeros((16, 11), np.uint8)
                frame[2:14, 3 : 6 + t] = 255
                Image.fromarray(frame).save(folder / f"{t:03}.png")
    plugin = ("--plugin", FOLDER / "png_folders.py")
    code, printed = run_cli(
        "data", "import-png-folders", tmp_path / "images", tmp_path / "out", *plugin
    )
    assert code == 0, printed
    assert "4 clips read" in printed
    code, printed = run_cli("data", "info", tmp_path / "out")
    assert "test.probe" in printed


def test_the_occlusion_is_drawn(run_cli, tmp_path):
    sheet = tmp_path / "blinds.png"
    code, printed = run_cli("occlusions", "preview", "blinds", *PLUGINS, "--output", sheet)
    assert code == 0, printed
    assert np.asarray(Image.open(sheet)).std() > 10
