"""A report as data that can be read back."""

import json
import math
from dataclasses import asdict
from pathlib import Path
from typing import Any

import pandas as pd

from gaitbench.core.atomic import write_text
from gaitbench.core.registry import register
from gaitbench.core.units import Better, Unit
from gaitbench.reports.formats.base import Format
from gaitbench.results.frame import Results
from gaitbench.results.section import Document
from gaitbench.results.table import (
    Column,
    ContrastTest,
    Entry,
    MethodDifference,
    Missing,
    Row,
    Table,
)


@register("json")
class Json(Format):
    """Facts, evaluations and tables."""

    about = "everything as one file: report.json"
    place = 5

    def write(self, document: Document, results: Results, folder: Path) -> list[Path]:
        """Write `report.json`: facts, rules, every evaluation, and the tables."""
        content = {
            "facts": {name: _json_value(value) for name, value in results.facts.items()},
            "rules": None if results.rules is None else results.rules.model_dump(mode="json"),
            "cells": _records(results.cells),
            "searches": _records(results.searches),
            "views": _records(results.views),
            "tables": [table_dict(t) for section in document.sections for t in section.tables],
        }
        text = json.dumps(content, indent=1, ensure_ascii=False, allow_nan=False)
        return [write_text(folder / "report.json", text + "\n")]


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


def table_dict(table: Table) -> dict[str, Any]:
    """Return the table as plain dictionaries and lists, ready for JSON."""
    # Through JSON once, so that tuples and enumerations are what a reader of the file gets.
    plain: dict[str, Any] = json.loads(json.dumps(asdict(table), allow_nan=False))
    return plain


def table_from_dict(stored: dict[str, Any]) -> Table:
    """Return the table that `table_dict` was given."""
    return Table(
        name=stored["name"],
        title=stored["title"],
        columns=tuple(
            Column(c["title"], c["group"], Unit(c["unit"]), Better(c["better"]))
            for c in stored["columns"]
        ),
        rows=tuple(
            Row(tuple(map(_cell, row["cells"])), row["contest"], row["rule_above"])
            for row in stored["rows"]
        ),
        footer=tuple(stored["footer"]),
        is_measured=stored["is_measured"],
        differences=tuple(map(_difference, stored["differences"])),
    )


def _difference(stored: dict[str, Any]) -> MethodDifference:
    test = stored["test"]
    return MethodDifference(
        where=stored["where"],
        method=stored["method"],
        reference=stored["reference"],
        value=_cell(stored["value"]),
        test=None if test is None else ContrastTest(**test),
    )


def _cell(stored: dict[str, Any]) -> Entry:
    missing = stored["missing"]
    return Entry(
        text=stored["text"],
        value=stored["value"],
        spread=stored["spread"],
        low=stored["low"],
        high=stored["high"],
        best=stored["best"],
        undecided=stored["undecided"],
        still_falls=stored["still_falls"],
        missing=Missing(missing["reason"], tuple(missing["commands"])) if missing else None,
    )
