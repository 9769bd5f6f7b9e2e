"""An output format: the tables as plain text, for mails and terminals.

gaitbench report --format text --plugin examples/plugins/text_format.py
"""

from pathlib import Path

from gaitbench import Document, Format, Results, register
from gaitbench.core.atomic import write_text
from gaitbench.reports.formats.markdown import table_plain


@register("text")
class Text(Format):
    """Plain text."""

    about = "report.txt for mails and terminals"

    def write(self, document: Document, results: Results, folder: Path) -> list[Path]:
        """Write every table below its section's title."""
        lines = [document.title, *document.paragraphs, ""]
        for section in document.sections:
            lines += [section.title.upper(), "", *section.paragraphs]
            lines += [table_plain(table) for table in section.tables]
        return [write_text(folder / "report.txt", "\n".join(lines))]
