import csv
import io
import json
import re
import shutil
import subprocess
from dataclasses import replace

import pytest
from matplotlib.figure import Figure

from gaitbench.core.units import Better, Unit
from gaitbench.reports.formats.csv import table_csv
from gaitbench.reports.formats.json import table_dict, table_from_dict
from gaitbench.reports.formats.latex import document_latex, table_latex
from gaitbench.reports.formats.latex_text import code, escape
from gaitbench.reports.formats.markdown import table_markdown, table_plain
from gaitbench.reports.published.figures import published_tables
from gaitbench.results.section import Document, FigureLink, Section
from gaitbench.results.table import Column, Entry, Missing, Row, Table, mark_best
from tests.making import tables_of

ODD = 'a_b & 50% #1 ${x}$ ~^\\ <b>|"q" é ñ Š ł 李 — ✓ --opt `tick` *s* [l]'

COLUMNS = (
    Column("Method"),
    Column("On", unit=Unit.MARK),
    Column("Rank-1", "walkers, GaitBase", Unit.PERCENT, Better.HIGHER),
    Column("RP-1", "walkers, GaitBase", Unit.RATIO, Better.HIGHER),
)
SMALL = Table(
    "small",
    "Small: a_b",
    COLUMNS,
    mark_best(
        [
            Row((Entry("Bound"), Entry(), Entry(value=0.8), Entry()), contest=None),
            Row((Entry("A"), Entry("✓"), Entry(value=0.125, spread=0.02), Entry(value=0.5))),
            Row((Entry("B"), Entry("✗"), Entry(value=0.25), Entry(value=0.5)), rule_above=True),
            Row((Entry("C"), Entry(), *[Entry(missing=Missing("not run", ("make --c",)))] * 2)),
        ],
        COLUMNS,
    ),
    ("Mean ± spread, 5 %.",),
)


def odd_table():
    columns = (Column(ODD), Column(ODD, ODD, Unit.PERCENT))
    missing = Missing(ODD, (f"gaitbench run {ODD}",))
    rows = (
        Row((Entry(ODD), Entry(value=0.5, spread=0.1, text=ODD, best=True))),
        Row((Entry(ODD), Entry(missing=missing))),
    )
    return Table("odd", ODD, columns, rows, (ODD,))


def test_markdown_is_exactly_this():
    assert table_markdown(SMALL) == (
        "**Small: a\\_b (walkers, GaitBase)**\n"
        "\n"
        "| Method   |  On  |     Rank-1 |     RP-1 |\n"
        "|:---------|:----:|-----------:|---------:|\n"
        "| Bound    |      |       80.0 |          |\n"
        "| A        |  ✓   | 12.5 ± 2.0 | **0.50** |\n"
        "| B        |  ✗   |   **25.0** | **0.50** |\n"
        "| C        |      |         –¹ |       –¹ |\n"
        "\n"
        "- ¹ not run; to make it: `make --c`\n"
        "- Mean ± spread, 5 %.\n"
    )


def test_latex_is_exactly_this():
    body = table_latex(SMALL).split("{%\n")[1].split("\\end{tabular}")[0]
    assert body == (
        "\\begin{tabular}{lcrr}\n"
        "\\toprule\n"
        " &  & \\multicolumn{2}{c}{walkers, GaitBase} \\\\\n"
        "\\cmidrule(lr){3-4}\n"
        "Method & On & Rank-1 & RP-1 \\\\\n"
        "\\midrule\n"
        "Bound &  & 80.0 &  \\\\\n"
        "A & \\checkmark{} & 12.5 $\\pm$ 2.0 & \\textbf{0.50} \\\\\n"
        "\\midrule\n"
        "B & $\\times$ & \\textbf{25.0} & \\textbf{0.50} \\\\\n"
        "C &  & --\\textsuperscript{1} & --\\textsuperscript{1} \\\\\n"
        "\\bottomrule\n"
    )
    assert "\\texttt{make -{}-c}" in table_latex(SMALL)


def test_plain_text_marks_the_best_with_an_asterisk():
    text = table_plain(SMALL)
    assert re.search(r"B +✗ +\*25\.0 +\*0\.50", text)
    assert "¹ not run; to make it: make --c" in text


def test_groups_that_differ_stand_above_their_columns(full):
    table, *_ = tables_of("occluded", full((0,)))
    text = table_markdown(table)
    for group, title in (("Whole gallery, occluded probes", "Rank-5"), ("Whole clips", "HPR-1")):
        assert f"{group}<br>{title}" in text
        assert f"({group})" not in text


def test_markdown_escapes_names_and_keeps_its_columns():
    lines = table_markdown(odd_table()).splitlines()
    rows = [line for line in lines if line.startswith("|")]
    assert {len(re.findall(r"(?<!\\)\|", line)) for line in rows} == {3}
    assert "\\*s\\*" in rows[2]
    assert "`` gaitbench run" in "\n".join(lines)


def balanced(source):
    depth = 0
    for token in re.findall(r"\\.|[{}]", source, flags=re.DOTALL):
        depth += {"{": 1, "}": -1}.get(token, 0)
        assert depth >= 0
    begun = re.findall(r"\\begin\{(\w+)\}", source)
    ended = re.findall(r"\\end\{(\w+)\}", source)
    return depth == 0 and sorted(begun) == sorted(ended)


@pytest.mark.parametrize("text", [ODD, code(ODD), "", "\n\t", "{{{", "\\"])
def test_escaped_latex_is_balanced_ascii(text):
    escaped = escape(text)
    assert balanced(escaped)
    assert escaped.isascii()
    assert not re.search(r"(?<!\\)[&%#_]", escaped)


def test_dashes_and_option_hyphens_print_as_written():
    assert escape("0.4–0.6") == r"0.4\textendash{}0.6"
    assert code("0–1") == r"\texttt{0[U+2013]1}"
    assert escape("--seed") == "-{}-seed"
    assert code('a="b"') == r"\texttt{a=\allowbreak{}{\char34}b{\char34}}"


def test_a_small_p_value_is_escaped():
    columns = (Column("p", "", Unit.P_VALUE),)
    source = table_latex(Table("tests", "Tests", columns, (Row((Entry(value=0.0001),)),)))
    # The default font encoding prints another character for "<".
    assert r"\textless{}0.001" in source
    assert "<" not in source


def test_latex_tables_are_balanced(full):
    tables = [
        SMALL,
        odd_table(),
        *tables_of("occluded", full((0, 1))),
        *published_tables("occluded"),
    ]
    for table in tables:
        assert balanced(table_latex(table))


def test_long_tables_are_continued_and_lose_no_row():
    rows = tuple(Row((Entry(f"row{i}"),), rule_above=i % 5 == 0) for i in range(100))
    source = table_latex(Table("long", "Long", (Column("x"),), rows, ("the footer",)))
    assert re.findall(r"row\d+", source) == [f"row{i}" for i in range(100)]
    assert source.count("(continued)") == source.count(r"\begin{table}") - 1 == 3
    assert source.count("the footer") == 1


@pytest.mark.skipif(shutil.which("pdflatex") is None, reason="pdflatex is not installed")
def test_latex_compiles_without_overflow(full, without, tmp_path):
    results = without(full((0,)), lambda c: c.method == "mimicgait")
    tables = (SMALL, odd_table(), *tables_of("occluded", results), *tables_of("sweep", results))
    section = Section(
        ODD,
        paragraphs=(ODD,),
        facts=(("name", ODD),),
        listings=(("listing", f"{ODD}\n\n{ODD}"),),
        tables=tables,
    )
    source = document_latex(Document(ODD, (ODD,), (section,)))
    assert "Missing character" not in compiled(source, tmp_path)
    # What is copied from the page goes into somebody's own document, with the same packages.
    copied = "\n".join(map(table_latex, tables))
    source = source.replace(r"\end{document}", copied + r"\end{document}")
    assert "Missing character" not in compiled(source, tmp_path)


def compiled(source, folder):
    """Write a PDF into a folder and return what pdflatex says of it."""
    (folder / "report.tex").write_text(source, encoding="utf-8")
    command = ["pdflatex", "-interaction=nonstopmode", "-halt-on-error", "report.tex"]
    done = subprocess.run(command, cwd=folder, capture_output=True, timeout=120, check=False)
    log = done.stdout.decode(errors="replace")
    assert done.returncode == 0, log[-2000:]
    return log


def pages_of(folder):
    """Return the text of every page of the PDF in a folder."""
    command = ["pdftotext", "report.pdf", "-"]
    text = subprocess.run(command, cwd=folder, capture_output=True, timeout=60, check=True).stdout
    return text.decode().split("\f")


needs_pdftotext = pytest.mark.skipif(
    shutil.which("pdflatex") is None or shutil.which("pdftotext") is None,
    reason="pdflatex or pdftotext is not installed",
)


@needs_pdftotext
@pytest.mark.parametrize(("n_lines", "page"), [(5, 0), (24, 1), (25, 1), (28, 1)])
def test_a_heading_is_never_without_what_stands_below_it(n_lines, page, tmp_path):
    figure = Figure(figsize=(4, 3))
    figure.savefig(tmp_path / "dots.pdf")
    below = {
        "Caption of the table": {"tables": (replace(SMALL, title="Caption of the table"),)},
        "Caption of the figure": {"figures": (FigureLink("dots", "Caption of the figure"),)},
    }
    opening = tuple(f"Line {i}." for i in range(n_lines))
    for caption, content in below.items():
        document = Document("Report", opening, (Section("The heading", **content),))
        compiled(document_latex(document), tmp_path)
        pages = pages_of(tmp_path)
        found = [[i for i, p in enumerate(pages) if w in p] for w in ("The heading", caption)]
        assert found[0] == found[1]
        # A table fits under a short opening; a figure takes most of a page.
        assert found[0] == [page if "tables" in content else 1]


@needs_pdftotext
def test_notes_that_hardly_fit_a_page_run_on_and_the_heading_stays(tmp_path):
    notes = tuple(f"Note {i}." for i in range(80))
    table = replace(SMALL, title="The caption", footer=notes)
    section = Section("The heading", tables=(table,))
    log = compiled(document_latex(Document("Report", ("Opening.",), (section,))), tmp_path)
    assert "Overfull" not in log
    first, second, *_ = pages_of(tmp_path)
    assert "The heading" in first
    assert "The caption" in first
    assert "Note 0." in first
    assert "Note 79." in second
    for note in notes:
        assert (note in first) != (note in second)


def test_only_a_copied_table_floats(full):
    tables = tuple(tables_of("occluded", full((0,))))
    source = document_latex(Document("Report", (), (Section("Heading", tables=tables),)))
    assert r"\begin{table}" not in source
    assert source.count(r"\begin{together}{table}") == sum(
        table_latex(table).count(r"\begin{table}") for table in tables
    )
    assert balanced(source)


def some_tables(full, without):
    results = without(full((0, 1)), lambda c: (c.method == "mimicgait") & (c.seed == 1))
    return [SMALL, odd_table(), *tables_of("occluded", results), *published_tables("occluded")]


def test_json_gives_the_table_back(full, without):
    for table in some_tables(full, without):
        stored = json.loads(json.dumps(table_dict(table), allow_nan=False))
        assert table_from_dict(stored) == table


def test_csv_holds_the_same_cells_unrounded(full, without):
    for table in some_tables(full, without):
        header, *lines = csv.reader(io.StringIO(table_csv(table)))
        assert len(lines) == len(table.rows)
        # Below each header once: a reader by column name finds every column.
        assert len(set(header)) == len(header) or table.name == "odd"
        for j, column in enumerate(table.columns):
            title = f"{column.group}: {column.title}" if column.group else column.title
            unit = {Unit.PERCENT: " [share]", Unit.RATIO: " [ratio]"}.get(column.unit, "")
            at = header.index(title + unit)
            for line, row in zip(lines, table.rows, strict=True):
                cell = row.cells[j]
                expected = cell.text if not unit else "" if cell.value is None else repr(cell.value)
                assert line[at] == expected
                if cell.missing:
                    assert line[header.index(f"{title} [missing]")].startswith(cell.missing.reason)
                if cell.spread is not None:
                    assert line[header.index(f"{title} [sd]")] == repr(cell.spread)
