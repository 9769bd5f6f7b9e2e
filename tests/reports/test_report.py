"""A whole report: which sections and files there are, and that nothing is lost on the way to them."""

import json
import re
from dataclasses import replace

import pytest
from matplotlib.figure import Figure

from gaitbench.core.atomic import replacing, write_text
from gaitbench.core.errors import PluginError, UnknownNameError
from gaitbench.core.registry import register
from gaitbench.protocols.base import protocols
from gaitbench.reports.figures.base import ReportFigure
from gaitbench.reports.formats.base import Format, formats
from gaitbench.reports.report import sections_of, write_report
from gaitbench.results.section import Drawing
from tests.making import shown, write


@pytest.fixture
def partial(full, without):
    return without(full((0, 1)), lambda c: (c.method == "mimicgait") & (c.seed == 1))


@pytest.fixture
def one_cell(make_cell, make_results):
    """Results of one evaluation."""
    return make_results([make_cell("occluded", "rg-gait", "RG-Gait", 0.5, 0)])


@pytest.fixture
def documents():
    """Register a format that keeps the documents that it is given."""
    kept = []

    @register("kept")
    class Kept(Format):
        about = "for tests"

        def write(self, document, results, folder):
            kept.append(document)
            file = folder / "kept.txt"
            file.write_text(document.title)
            return [file]

    return kept


def test_every_protocol_has_its_numbers_after_a_whole_run(everything, documents, tmp_path):
    assert set(everything.cells["status"]) == {"done"}
    assert set(everything.cells["protocol"]) == set(protocols.names())
    write(everything, tmp_path, ["kept"])
    (document,) = documents
    tables = {t.name: t for s in document.sections for t in s.tables if t.is_measured}
    assert {
        *("occluded", "occluded-by-part-rank-1", "own-shares", "controls-walkers-gaitbase"),
        *("retention", "new-types", "audit", "ablation", "sweep"),
    } <= tables.keys()
    gaps = {m.reason for table in tables.values() for m in table.footnotes}
    # What one seed cannot say, and what six people in clips of 16 rows never have hidden.
    assert all(g.startswith(("hides at most", "one seed cannot", "one draw cannot")) for g in gaps)


def test_everything_is_written_and_linked(partial, tmp_path):
    written = write(partial, tmp_path / "out")
    assert written[0] == tmp_path / "out" / "report.html"
    assert len(set(written)) == len(written)
    on_disk = {p for p in (tmp_path / "out").rglob("*") if p.is_file()}
    assert on_disk == set(written)
    text = (tmp_path / "out" / "report.md").read_text(encoding="utf-8")
    links = re.findall(r"!\[[^\]]*\]\(([^)]*)\)", text)
    assert len(links) == 6
    assert all((tmp_path / "out" / link).is_file() for link in links)
    for link in re.findall(
        r"includegraphics\[.*?\]\{(.*?)\}", (tmp_path / "out/report.tex").read_text()
    ):
        assert (tmp_path / "out" / link).is_file()
    for heading in ("Occluded recognition", "Holistic retention", "Conditions"):
        assert f"## {heading}" in text


def test_lines_that_all_tables_share_are_said_once_and_no_line_is_lost(full, documents, tmp_path):
    results = full((0,))
    # The audit's second table has a footer of its own, and so shares nothing.
    results = replace(results, cells=results.cells[results.cells["protocol"] != "audit"])
    write(results, tmp_path, ["kept"])
    (document,) = documents
    before = [t for s in sections_of(results) for t in s.tables]
    after = [t for s in document.sections for t in s.tables]
    opening = " ".join(document.paragraphs)
    said_once = 0
    for whole, printed in zip(before, after, strict=True):
        assert printed == replace(whole, footer=printed.footer)
        gone = [line for line in whole.footer if line not in printed.footer]
        assert all(line in opening for line in gone)
        said_once += len(gone)
        assert set(printed.footer) <= set(whole.footer)
    assert said_once


def test_facts_stand_under_conditions(one_cell, documents, tmp_path):
    facts = {"wall times": {"train": 1.5}, "experiment": "a = 1\nb = 2\n"}
    write(replace(one_cell, facts=facts), tmp_path, ["kept"])
    *_, conditions = documents[0].sections
    assert conditions.facts == (("wall times", "train 1.5"),)
    assert conditions.listings == (("experiment", "a = 1\nb = 2\n"),)


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


@pytest.mark.parametrize("name", formats.names())
def test_only_the_formats_asked_for(name, one_cell, tmp_path):
    written = write(one_cell, tmp_path, (name,))
    endings = {path.suffix for path in written if path.parent.name != "figures"}
    assert endings == {{"markdown": ".md", "latex": ".tex"}.get(name, f".{name}")}


def test_unknown_format(one_cell, tmp_path):
    with pytest.raises(UnknownNameError, match="Did you mean 'markdown'"):
        write(one_cell, tmp_path, ("markdwn",))
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("beside", ["occluded", "", "no such section"])
def test_a_plugins_figure_stands_beside_its_section_or_in_one_of_its_own(
    one_cell, tmp_path, beside
):
    @register("dots")
    class Dots(ReportFigure):
        title, section = "Dots", beside

        def drawings(self, results):
            yield Drawing("dots", "One dot.", Figure)

    assert one_cell.of("occluded").shape[0] == 1
    sections = {s.title: s for s in sections_of(one_cell)}
    holder = sections["Occluded recognition" if beside == "occluded" else "Dots"]
    assert [drawing.name for drawing in holder.drawings] == ["dots"]
    written = write(one_cell, tmp_path, ("markdown",))
    assert {"dots.png", "dots.pdf"} <= {path.name for path in written}
    assert "(figures/dots.png)" in (tmp_path / "report.md").read_text()


def test_what_a_plugin_breaks_is_named(one_cell, tmp_path):
    @register("broken")
    class BrokenFigure(ReportFigure):
        title = "Broken"

        def drawings(self, results):
            return ["no drawing"]

    with pytest.raises(PluginError, match=r"BrokenFigure\.drawings\(\) returned 'no drawing'"):
        sections_of(one_cell)

    @register("torn")
    class Torn(Format):
        about = "for tests"

        def write(self, document, results, folder):
            raise OSError("no room")

    with pytest.raises(PluginError, match=r"Torn\.write\(\) raised OSError: no room"):
        write_report(one_cell, [], tmp_path, ("torn",))


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
