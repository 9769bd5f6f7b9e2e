"""Writing a report: every section once, then every format that was asked for."""

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import replace
from pathlib import Path

from gaitbench.core.errors import PluginError
from gaitbench.core.plugin_errors import calling, kept_in, returned
from gaitbench.protocols.base import protocols
from gaitbench.reports.common import SECTIONS
from gaitbench.reports.common.differences import all_pairs_sections, difference_sections
from gaitbench.reports.drawing.links import FigureLinks
from gaitbench.reports.figures.base import ReportFigure, figures
from gaitbench.reports.formats.base import Format, formats
from gaitbench.reports.formats.markdown import table_plain
from gaitbench.reports.pictures.galleries import galleries
from gaitbench.reports.published.beside import published_sections
from gaitbench.reports.published.figures import companions
from gaitbench.results.frame import Results
from gaitbench.results.section import Document, Drawing, Section
from gaitbench.results.table import Table, explained

Failures = list[PluginError] | None
"""Where errors of plug-ins' sections, figures and formats are kept while the others are written."""


def sections_of(
    results: Results,
    *,
    published: bool = False,
    all_pairs: bool = False,
    failures: Failures = None,
) -> list[Section]:
    """Return everything that a report says of the results: of each protocol, then of all together.

    Args:
        results: What to report.
        published: Whether the papers' figures are put beside measured ones where they are comparable.
        all_pairs: Whether all pairs of methods are tested too, which no protocol declares.
        failures: Takes the errors of plug-ins, whose part is then left out.

    Raises:
        PluginError: If a protocol or figure of a plug-in fails and `failures` is None.
    """
    sections: list[Section] = []
    for name in protocols.names():
        with kept_in(failures):
            sections += _of_protocol(name, results)
    sections += difference_sections(sections)
    sections += all_pairs_sections(results) if all_pairs else []
    sections += [section for build in SECTIONS for section in build(results)]
    sections += published_sections(results) if published else []
    sections = [replace(s, tables=tuple(map(explained, s.tables))) for s in sections]
    return _with_figures(sections, results, failures)


def _of_protocol(name: str, results: Results) -> list[Section]:
    if results.of(name).empty:
        return []
    protocol = protocols.make(name)
    with calling(protocol, "sections"):
        sections = protocol.sections(results)
    returned(protocol, "sections", sections, list, "a list of sections")
    for section in sections:
        returned(protocol, "sections", section, Section, "sections alone")
    giver = (protocol, "sections")
    return [
        _with_companions(replace(section, drawings=_with_giver(section.drawings, giver)))
        for section in sections
    ]


def _with_giver(drawings: Iterable[Drawing], giver: tuple[object, str]) -> tuple[Drawing, ...]:
    return tuple(replace(drawing, giver=giver) for drawing in drawings)


def _with_companions(section: Section) -> Section:
    """Return a section with the papers' figures for what it shows, if they have any."""
    return replace(section, tables=(*section.tables, *companions(section.name)))


def _with_figures(
    sections: Sequence[Section], results: Results, failures: Failures
) -> list[Section]:
    """Return the sections with registered figures beside their tables; others have their own at the end."""
    done = list(sections)
    for name, kind in figures.items():
        drawings: tuple[Drawing, ...] = ()
        with kept_in(failures):
            drawings = _drawings(figures.make(name), results)
        if not drawings:
            continue
        holder = [i for i, section in enumerate(done) if section.name == kind.section]
        if holder and kind.section:
            first = done[holder[0]]
            done[holder[0]] = replace(first, drawings=(*first.drawings, *drawings))
        else:
            done.append(Section(kind.title, kind.name, drawings=drawings))
    return done


def _drawings(figure: ReportFigure, results: Results) -> tuple[Drawing, ...]:
    with calling(figure, "drawings"):
        iterable = figure.drawings(results)
        returned(figure, "drawings", iterable, Iterable, "drawings, or yield them")
        drawings = tuple(iterable)
    for drawing in drawings:
        returned(figure, "drawings", drawing, Drawing, "drawings alone")
    return _with_giver(drawings, (figure, "drawings"))


def check_formats(names: Iterable[str]) -> list[Format]:
    """Return the formats of these names, in the order in which they are written.

    Raises:
        UnknownNameError: If there is no such format.
    """
    chosen = {formats.check(name) for name in names}
    return [formats.make(name) for name in formats.names() if name in chosen]


def write_report(
    results: Results,
    sections: Sequence[Section],
    out: Path,
    names: Sequence[str] | None = None,
    failures: Failures = None,
) -> list[Path]:
    """Write a report into a folder and return what was written, the file to open first, figures last.

    Each file appears complete or not at all; files of an earlier report are replaced.

    Args:
        results: What is reported.
        sections: Of `sections_of`.
        out: The folder; made if it is not there.
        names: Formats; all of them by default.
        failures: Takes the errors of plug-ins, whose figures and files are then left out.

    Raises:
        UnknownNameError: If there is no such format.
        PluginError: If a format or figure of a plug-in fails and `failures` is None, or nothing is written.
    """
    writers = check_formats(formats.names() if names is None else names)
    links = FigureLinks(
        out,
        inline=any(writer.shows_figures for writer in writers),
        files=any(writer.links_figures for writer in writers),
        failures=failures,
    )
    drawn = [replace(section, figures=tuple(links.of(section.drawings))) for section in sections]
    if any(writer.shows_pictures for writer in writers):
        pictures = galleries(results)
        drawn += [Section("Pictures", galleries=pictures)] if pictures else []
    document = _document(results, drawn)
    written: list[Path] = []
    for writer in writers:
        with kept_in(failures):
            written += _files_of(writer, document, results, out)
    if not written and failures:
        raise failures[0]
    return written + links.written


def _files_of(writer: Format, document: Document, results: Results, out: Path) -> list[Path]:
    with calling(writer, "write"):
        files = writer.write(document, results, out)
    expected = f"the list of the files that it has written to {out}, at least one"
    returned(writer, "write", files, list, expected, fits=bool(files))
    for file in files:
        returned(writer, "write", file, Path, expected)
        returned(writer, "write", file, Path, expected, fits=file.is_file() and out in file.parents)
    return files


def terminal_text(results: Results, sections: Sequence[Section]) -> str:
    """Return the first table as plain text for a terminal, and how much is missing."""
    tables = (table for section in sections for table in section.tables)
    first = next(tables, None)
    head = table_plain(first) if first else "No cells to report.\n"
    return f"{head}{_completeness(results)}\n"


def _document(results: Results, sections: Sequence[Section]) -> Document:
    common = _common_lines([t for s in sections for t in s.tables])
    bare = [
        replace(section, tables=tuple(_without(table, common) for table in section.tables))
        for section in sections
    ]
    opening = (
        *(sentence for section in sections for sentence in section.summary),
        "Every number below is derived from stored evaluations. Metrics are printed in percent, "
        "ratios as ratios. – with a number: not available, for the reason under the table; a mean "
        "over seeds is only printed if every seed was evaluated.",
        *([f"Of every measured table: {' '.join(common)}"] if common else []),
        _completeness(results),
    )
    return Document("gaitbench report", opening, (*bare, _conditions(results)))


def _common_lines(tables: Sequence[Table]) -> list[str]:
    """Return the footers' lines that all measured tables share: they are printed once."""
    measured = [table for table in tables if table.is_measured]
    if len(measured) < 2:
        return []
    counts = Counter(line for table in measured for line in dict.fromkeys(table.footer))
    return [line for line in measured[0].footer if counts[line] == len(measured)]


def _without(table: Table, lines: Sequence[str]) -> Table:
    return replace(table, footer=tuple(line for line in table.footer if line not in lines))


def _completeness(results: Results) -> str:
    evaluations = results.cells.drop_duplicates("key")
    n_missing = int((evaluations["status"] == "missing").sum())
    n_being_made = results.facts.get("being_made")
    being_made = (
        f", of which {n_being_made} were being made or interrupted when this was written"
        if n_being_made
        else ""
    )
    n_done = len(evaluations) - n_missing
    return f"Evaluations: {n_done} of {len(evaluations)} done, {n_missing} missing{being_made}."


def _conditions(results: Results) -> Section:
    facts = [(name.replace("_", " "), _fact(value)) for name, value in results.facts.items()]
    return Section(
        "Conditions",
        facts=tuple((name, text) for name, text in facts if "\n" not in text.strip()),
        listings=tuple((name, text) for name, text in facts if "\n" in text.strip()),
    )


def _fact(value: object) -> str:
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, float):
        return f"{value:.6g}"
    if isinstance(value, dict):
        return "; ".join(f"{name} {_fact(entry)}" for name, entry in value.items())
    if isinstance(value, list | tuple | set | frozenset):
        return ", ".join(map(_fact, value))
    return str(value)
