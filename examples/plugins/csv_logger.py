"""A training callback: the losses as a CSV file that a spreadsheet or `tail -f` can follow.

gaitbench run --callback csv-logger --plugin examples/plugins/csv_logger.py
"""

import csv
from collections.abc import Mapping, Sequence
from typing import Any

from gaitbench import Callback, register


@register("csv-logger")
class CsvLogger(Callback):
    """Writes logs/STAGE/losses.csv in the store, some twenty lines per loss term."""

    about = "writes the losses of every training to logs/STAGE/losses.csv in the store"

    def on_check(self, rows: Sequence[Mapping[str, Any]]) -> None:
        """Append what was averaged since the last check."""
        path = self.folder / "losses.csv"
        is_new = not path.exists()
        with path.open("a", newline="", encoding="utf-8") as file:
            writer = csv.DictWriter(file, fieldnames=["step", "term", "training", "validation"])
            if is_new:
                writer.writeheader()
            writer.writerows(rows)
