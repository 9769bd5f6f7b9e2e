"""Numbers in the documents are those of the files in docs/results."""

import csv
import re
from pathlib import Path

import pytest

from gaitbench.core.units import Unit
from gaitbench.results.table import printed
from tests.places import ROOT

DOCUMENTS = [ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md"))]
TABLE = re.compile(r"<!-- (docs/results/[\w./-]+\.csv) -->\n+((?:\|.*\n)+)")
NUMBER = re.compile(r"-?\d+\.\d+|<0\.001")
IS_VALUE = re.compile(rf"\**(?:{NUMBER.pattern})")
IS_MISSING = re.compile(r"–[¹²³⁴-⁹]+$")
UNITS = {"share": Unit.PERCENT, "ratio": Unit.RATIO, "p": Unit.P_VALUE}
BESIDE = ("sd", "low", "high")


def tables():
    """Return (document, file, lines of the table) of every table that names its file."""
    return [
        pytest.param(document, ROOT / name, lines.splitlines(), id=f"{document.stem}-{name}-{i}")
        for document in DOCUMENTS
        for i, (name, lines) in enumerate(TABLE.findall(document.read_text("utf-8")))
    ]


def expected_rows(path: Path) -> list[tuple[str, list[str]]]:
    """Return the labels of each row of a file, and its numbers as tables print them, in order."""
    rows = []
    with path.open(encoding="utf-8", newline="") as file:
        for row in csv.DictReader(file):
            labels, numbers, unit, has_spread = [], [], Unit.TEXT, False
            for header, text in row.items():
                kind = re.search(r" \[([\w ]+)\]$", header)
                if kind is None:
                    labels.append(text)
                    continue
                unit = UNITS.get(kind[1], unit)
                if kind[1] == "low" and text and has_spread:
                    # An interval is printed in place of the spread.
                    numbers.pop()
                has_spread = kind[1] == "sd" and bool(text)
                if text and (kind[1] in UNITS or kind[1] in BESIDE):
                    numbers.append(printed(float(text), unit))
            rows.append((" ".join(filter(None, labels)), numbers))
    return rows


@pytest.mark.parametrize(("document", "path", "lines"), tables())
def test_printed_tables_are_their_files(document, path, lines):
    rows = expected_rows(path)
    assert len(lines) - 2 == len(rows), f"{document.name} prints other rows than {path.name}"
    for line, (labels, numbers) in zip(lines[2:], rows, strict=True):
        cells = [cell.strip() for cell in line.strip("|").split("|")]
        values = [cell for cell in cells if IS_VALUE.match(cell)]
        texts = [c for c in cells if c and c not in values and not IS_MISSING.match(c)]
        assert " ".join(texts) == labels
        assert NUMBER.findall(" ".join(values)) == numbers


def test_every_file_is_printed_somewhere():
    named = {name for d in DOCUMENTS for name, _ in TABLE.findall(d.read_text("utf-8"))}
    files = sorted((ROOT / "docs" / "results").glob("*.csv"))
    assert files
    assert {f"docs/results/{path.name}" for path in files} == named
