import csv
from dataclasses import replace

import pytest

from gaitbench.reports.common.convergence import convergence_sections
from gaitbench.reports.report import sections_of
from tests.made_up_losses import recorded
from tests.making import shown, write

TRAININGS = (
    recorded("extractor", "over", seeds=(0, 1, 2), hidden=0.0),
    recorded("RG-Gait", "falls", "over", (0, 1, 2), ("rg",)),
    recorded("MimicGait", "falls", "rises"),
    recorded("detector", "over", "nowhere"),
)


@pytest.fixture
def unfinished(full):
    """A run in which RG-Gait's training was cut off."""
    results = full((0,))
    results.cells["still_falls"] = results.cells["method"] == "rg-gait"
    return replace(results, trainings=TRAININGS)


def test_every_training_has_a_line_with_its_verdict(unfinished):
    (section,) = convergence_sections(unfinished)
    (table,) = section.tables
    rows = [[cell.text for cell in row.cells] for row in table.rows]
    assert [(row[0], row[2], row[3], row[6]) for row in rows] == [
        ("extractor", "0, 1, 2", "1800", "levelled off"),
        ("RG-Gait", "0, 1, 2", "1800", "training still falls"),
        ("MimicGait", "0", "1800", "validation rises since step 900"),
        ("detector", "0", "1800", "levelled off"),
    ]
    assert [row.cells[1].value for row in table.rows] == [0.0, 0.5, 0.5, 0.5]
    assert table.rows[1].cells[4].value == pytest.approx(-0.2 / 0.95)
    assert table.rows[3].cells[5].text == "–"


def test_the_opening_names_what_still_falls(unfinished, full):
    (section,) = convergence_sections(unfinished)
    assert section.summary == (
        "Loss still falling at the end of the training († in tables, never bold): RG-Gait.",
    )
    (calm,) = convergence_sections(replace(full((0,)), trainings=TRAININGS[:1]))
    assert calm.summary == ()


def test_trainings_that_differ_in_their_share_of_occluded_clips_are_told_apart(full):
    falling = [recorded("Baseline-2", "falls", hidden=share) for share in (0.5, 1.0)]
    trainings = (*falling, recorded("RG-Gait", "falls"))
    (section,) = convergence_sections(replace(full((0,)), trainings=trainings))
    (sentence,) = section.summary
    assert sentence.endswith(": Baseline-2 (50% occluded), Baseline-2 (100% occluded) and RG-Gait.")


def test_a_report_without_histories_has_no_section(full):
    assert convergence_sections(full((0,))) == []


def test_what_still_falls_is_marked_and_not_bold_in_every_table(unfinished):
    tables = [t for section in sections_of(unfinished) for t in section.tables]
    compared = [t for t in tables if "RG-Gait" in {row.cells[0].text for row in t.rows}]
    assert {"occluded", "occluded-by-part-rank-1", "own-shares", "retention", "ablation"} <= {
        table.name for table in compared
    }
    for table in compared:
        if table.name == "convergence":
            continue
        for row in table.rows:
            if row.cells[0].text == "RG-Gait":
                values = [cell for cell in row.cells if cell.value is not None]
                assert all(cell.still_falls and not cell.best for cell in values), table.name
        assert "section Convergence" in table.footer[-1], table.name


def test_nothing_is_marked_where_all_is_over(full):
    tables = [t for section in sections_of(full((0,))) for t in section.tables]
    assert not any(cell.still_falls for t in tables for row in t.rows for cell in row.cells)
    assert not any("section Convergence" in line for t in tables for line in t.footer)


def test_every_format_shows_it(unfinished, tmp_path):
    write(unfinished, tmp_path)
    assert "60.0†" in (tmp_path / "report.md").read_text()
    assert r"60.0\dag{}" in (tmp_path / "report.tex").read_text()
    assert '60.0<span class="still-falls">†</span>' in (tmp_path / "report.html").read_text()
    assert '"still_falls": true' in (tmp_path / "report.json").read_text()
    with (tmp_path / "tables" / "occluded.csv").open(newline="") as file:
        rows = list(csv.DictReader(file))
    mark = "Both occluded, all pairs: Rank-1 [still falls]"
    falling = {row["Method"]: row[mark] for row in rows}
    assert falling.pop("RG-Gait") == "yes"
    assert set(falling.values()) == {""}
    assert "training still falls" in (tmp_path / "tables" / "convergence.csv").read_text()
    assert "60.0†" in shown(unfinished)
