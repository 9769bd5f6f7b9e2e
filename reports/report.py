"""Writing a report: every table and figure that the results allow, in every format asked for."""

import json
import math
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import pandas as pd

from gaitbench.core.atomic import write_text
from gaitbench.core.errors import UnknownNameError
from gaitbench.reports.ablation_table import ablation_tables
from gaitbench.reports.adaptation_tables import adaptation_tables
from gaitbench.reports.audit_tables import audit_tables, audit_words
from gaitbench.reports.figures.adaptation import adaptation_figures
from gaitbench.reports.figures.audit import audit_figures
from gaitbench.reports.figures.figures import (
    NamedFigure,
    alpha_figures,
    retention_figures,
    severity_figures,
)
from gaitbench.reports.figures.links import FigureLinks
from gaitbench.reports.formats.export import table_csv, table_dict
from gaitbench.reports.formats.html.page import document_html
from gaitbench.reports.formats.latex import document_latex
from gaitbench.reports.formats.markdown import document_markdown, table_plain
from gaitbench.reports.new_types_table import new_types_tables
from gaitbench.reports.occluded_table import occluded_tables
from gaitbench.reports.pictures.galleries import occlusion_galleries, retrieval_galleries
from gaitbench.reports.published.beside import published_beside_tables, published_beside_words
from gaitbench.reports.published.figures import companions
from gaitbench.reports.quality_tables import detector_tables, metrics_tables
from gaitbench.reports.retention_table import retention_tables
from gaitbench.reports.sanity_tables import sanity_tables, sanity_words
from gaitbench.reports.search_tables import search_tables
from gaitbench.reports.summary_words import summary_words
from gaitbench.reports.sweep_tables import sweep_tables
from gaitbench.reports.uncertainty_tables import difference_tables, spread_tables
from gaitbench.results.frame import Results
from gaitbench.results.section import Document, Section
from gaitbench.results.table import Table

FORMATS = ("html", "markdown", "latex", "csv", "json")

_TABLES = "tables"


@dataclass(frozen=True)
class _Part:
    """A section to be: what it is called and what fills it."""

    title: str
    tables: Callable[[Results], list[Table]]
    figures: Callable[[Results], Iterator[NamedFigure]] | None = None
    words: Callable[[Results], list[str]] | None = None
    missed: bool = True
    """Whether the report says so where there is nothing to fill it."""


_PARTS = (
    _Part("Occluded recognition", occluded_tables),
    _Part("New occlusion types", new_types_tables),
    _Part("Holistic retention", retention_tables, retention_figures),
    _Part("Setting audit", audit_tables, audit_figures, audit_words),
    _Part("Adaptation as a curve", adaptation_tables, adaptation_figures),
    _Part("Ablation", ablation_tables),
    _Part("Severity sweep", sweep_tables, severity_figures),
    _Part("Sanity panel", sanity_tables, words=sanity_words),
    _Part("Occlusion detectors", detector_tables, alpha_figures),
    _Part("Differences between methods", difference_tables, missed=False),
    _Part("Where the uncertainty comes from", spread_tables, missed=False),
    _Part("The data set's own tables", search_tables, missed=False),
    _Part("All metrics", metrics_tables),
)
_PUBLISHED = _Part(
    "Published beside measured", published_beside_tables, words=published_beside_words, missed=False
)


def write_report(
    results: Results, out: Path, formats: Sequence[str] = FORMATS, *, published: bool = False
) -> list[Path]:
    """Write the report into a folder and return what was written, figures last.

    HTML becomes `report.html`, which holds its figures itself. Markdown becomes `report.md`, LaTeX
    `report.tex`, both with `figures/`. CSV becomes `tables/<name>.csv` with every metric of every
    evaluation in `tables/all-*.csv`, JSON `report.json`.
    Each file appears complete or not at all.

    Args:
        results: What to report.
        out: The folder; made if it is not there. Files of an earlier report are replaced.
        formats: Any of `FORMATS`.
        published: Whether the papers' figures are put beside measured ones where they are comparable.

    Raises:
        UnknownNameError: If a format is not one of them.
    """
    for name in formats:
        if name not in FORMATS:
            raise UnknownNameError("report format", name, FORMATS)
    figures = FigureLinks(out, formats)
    parts = (*_PARTS, _PUBLISHED) if published else _PARTS
    document = _document(results, parts, figures, with_pictures="html" in formats)
    written: list[Path] = []
    tables = [table for section in document.sections for table in section.tables]
    if "html" in formats:
        written.append(write_text(out / "report.html", document_html(document)))
    if "markdown" in formats:
        written.append(write_text(out / "report.md", document_markdown(document)))
    if "latex" in formats:
        written.append(write_text(out / "report.tex", document_latex(document)))
    if "csv" in formats:
        written += [write_text(out / _TABLES / f"{t.name}.csv", table_csv(t)) for t in tables]
        written += _numbers_csv(results, out / _TABLES)
    if "json" in formats:
        written.append(write_text(out / "report.json", _json(results, tables)))
    return written + figures.written


def terminal_text(results: Results) -> str:
    """Return the first available table as plain text for a terminal, and how much is missing."""
    tables = (table for part in _PARTS for table in part.tables(results))
    first = next(tables, None)
    head = table_plain(first) if first else "No cells to report.\n"
    return f"{head}{_completeness(results)}\n"


def _document(
    results: Results, parts: Sequence[_Part], figures: FigureLinks, *, with_pictures: bool
) -> Document:
    sections, left_out = [], []
    for part in parts:
        tables = part.tables(results)
        if not tables:
            left_out += [part.title] if part.missed else []
            continue
        # Once per section: the papers' figures are the same beside every condition.
        beside = companions(tables[0])
        links = figures.of(part.figures(results)) if part.figures else ()
        everything = (*tables, *beside)
        words = tuple(part.words(results)) if part.words else ()
        sections.append(Section(part.title, words, tables=everything, figures=tuple(links)))
    sections += _pictures(results) if with_pictures else []
    sections.append(_conditions(results, left_out))
    return Document("gaitbench report", _opening(results), tuple(sections))


def _pictures(results: Results) -> list[Section]:
    galleries = (*occlusion_galleries(results), *retrieval_galleries(results))
    return [Section("Pictures", galleries=galleries)] if galleries else []


def _opening(results: Results) -> tuple[str, ...]:
    return (
        *summary_words(results),
        "Every number below is derived from stored evaluations. Metrics are printed in percent, "
        "ratios as ratios. – with a number: not available, for the reason under the table; a mean "
        "over seeds is only printed if every seed was evaluated.",
        _completeness(results),
    )


def _completeness(results: Results) -> str:
    once = results.cells.drop_duplicates("key")
    n_missing = int((once["status"] == "missing").sum())
    n_made = results.facts.get("being_made")
    made = (
        f", of which {n_made} were being made or interrupted when this was written"
        if n_made
        else ""
    )
    return f"Evaluations: {len(once) - n_missing} of {len(once)} done, {n_missing} missing{made}."


def _conditions(results: Results, left_out: list[str]) -> Section:
    facts = [(name.replace("_", " "), _fact(value)) for name, value in results.facts.items()]
    named = f"Left out, because no such cells were asked for: {', '.join(left_out)}."
    return Section(
        "Conditions",
        (named,) if left_out else (),
        facts=tuple((name, text) for name, text in facts if "\n" not in text.strip()),
        listings=tuple((name, text) for name, text in facts if "\n" in text.strip()),
    )


def _fact(value: object) -> str:
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, float):
        return f"{value:.6g}"
    if isinstance(value, dict):
        return "; ".join(f"{k} {_fact(v)}" for k, v in value.items())
    if isinstance(value, list | tuple | set | frozenset):
        return ", ".join(map(_fact, value))
    return str(value)


def _numbers_csv(results: Results, folder: Path) -> list[Path]:
    """Write every metric of every evaluation, which no single table holds; shares, unrounded."""
    frames = {"evaluations": results.cells, "searches": results.searches, "views": results.views}
    return [
        write_text(folder / f"all-{name}.csv", frame.to_csv(index=False, lineterminator="\n"))
        for name, frame in frames.items()
        if len(frame)
    ]


def _json(results: Results, tables: list[Table]) -> str:
    content = {
        "facts": {name: _json_value(value) for name, value in results.facts.items()},
        "rules": None if results.rules is None else results.rules.model_dump(mode="json"),
        "cells": _records(results.cells),
        "searches": _records(results.searches),
        "views": _records(results.views),
        "tables": [table_dict(table) for table in tables],
    }
    return json.dumps(content, indent=1, ensure_ascii=False, allow_nan=False) + "\n"


def _records(frame: pd.DataFrame) -> list[dict[str, object]]:
    return [
        {str(name): _json_value(value) for name, value in row.items()}
        for row in frame.to_dict("records")
    ]


def _json_value(value: object) -> object:
    """Return a value that JSON can hold; what is not a number becomes null, not a word."""
    if isinstance(value, dict):
        return {str(k): _json_value(v) for k, v in value.items()}
    if isinstance(value, list | tuple):
        return [_json_value(v) for v in value]
    if hasattr(value, "item"):
        value = value.item()
    if isinstance(value, float) and not math.isfinite(value):
        return None
    return value if isinstance(value, str | int | float | bool) or value is None else str(value)
