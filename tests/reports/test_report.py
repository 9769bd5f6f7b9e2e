import json
import re

import pytest

from gaitbench.core.atomic import replacing, write_text
from gaitbench.core.errors import UnknownNameError
from gaitbench.reports.report import FORMATS
from tests.making import shown, write


@pytest.fixture
def partial(full, without):
    return without(full((0, 1)), lambda c: (c.method == "mimicgait") & (c.seed == 1))


def test_everything_is_written_and_linked(partial, tmp_path):
    written = write(partial, tmp_path / "out")
    assert written[0] == tmp_path / "out" / "report.html"
    assert len(set(written)) == len(written)
    on_disk = {p for p in (tmp_path / "out").rglob("*") if p.is_file()}
    assert on_disk == set(written)
    text = (tmp_path / "out" / "report.md").read_text(encoding="utf-8")
    links = re.findall(r"!\[[^\]]*\]\(([^)]*)\)", text)
    assert len(links) == 5
    assert all((tmp_path / "out" / link).is_file() for link in links)
    for link in re.findall(
        r"includegraphics\[.*?\]\{(.*?)\}", (tmp_path / "out/report.tex").read_text()
    ):
        assert (tmp_path / "out" / link).is_file()
    for heading in ("Occluded recognition", "Holistic retention", "Conditions"):
        assert f"## {heading}" in text
    assert "wall time s: 93.25" in text
    assert "Left out" not in text


def test_json_is_strict_and_complete(make_cell, make_results, without, tmp_path):
    rows = [make_cell("occluded", "rg-gait", "RG-Gait", 0.5, seed) for seed in (0, 1)]
    partial = without(make_results(rows), lambda c: c.seed == 1)
    write(partial, tmp_path, ("json",))
    stored = json.loads(
        (tmp_path / "report.json").read_text(), parse_constant=lambda name: pytest.fail(name)
    )
    assert len(stored["cells"]) == len(partial.cells)
    assert stored["facts"]["seeds"] == [0, 1, 2]
    missing = [cell for cell in stored["cells"] if cell["status"] == "missing"]
    assert missing
    assert all(cell["rank_1"] is None for cell in missing)
    assert stored["tables"][0]["name"] == "occluded"


@pytest.mark.parametrize("name", FORMATS)
def test_only_the_formats_asked_for(name, make_cell, make_results, tmp_path):
    results = make_results([make_cell("occluded", "rg-gait", "RG-Gait", 0.5, 0)])
    written = write(results, tmp_path, (name,))
    endings = {path.suffix for path in written if path.parent.name != "figures"}
    assert endings == {{"markdown": ".md", "latex": ".tex"}.get(name, f".{name}")}


def test_sections_without_cells_are_named(make_cell, make_results, tmp_path):
    rows = [make_cell("occluded", "rg-gait", "RG-Gait", 0.5, 0)]
    facts = {"experiment": 'preset = "laptop"\nseeds = [0]\n', "wall times": {"train": 1.5}}
    written(make_results(rows, **facts), tmp_path, ("markdown",))
    text = (tmp_path / "report.md").read_text()
    said = "cells were asked for: New occlusion types, Holistic retention, Setting audit, "
    assert f"{said}Adaptation as a curve, Ablation, Severity sweep, Sanity panel, " in text
    assert "## Ablation" not in text
    assert '    preset = "laptop"\n    seeds = [0]\n' in text
    assert "wall times: train 1.5" in text


def test_unknown_format(full, tmp_path):
    with pytest.raises(UnknownNameError, match="Did you mean 'markdown'"):
        write(full((0,)), tmp_path, ("markdwn",))
    assert list(tmp_path.iterdir()) == []


def test_terminal_text(partial, make_cell, make_results):
    text = shown(partial)
    assert "RG-Gait" in text
    assert re.search(r"\d+ of \d+ done, \d+ missing", text)
    assert "No cells" in shown(make_results([make_cell("other", "m", "M", 0.5, 0)]))


def test_a_failed_write_keeps_the_old_file(tmp_path):
    path = write_text(tmp_path / "a.txt", "old\n")

    def fail():
        with replacing(path) as temporary:
            temporary.write_text("half")
            raise RuntimeError("stop")

    with pytest.raises(RuntimeError, match="stop"):
        fail()
    assert path.read_text() == "old\n"
    assert [p.name for p in tmp_path.iterdir()] == ["a.txt"]
