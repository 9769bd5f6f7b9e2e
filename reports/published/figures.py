"""The papers' figures, in tables of their own and with their own setting and data set.

Each row of `published.csv` is one printed figure with its source. A measured table never holds one
of these numbers: data sets, sizes and often settings differ. Where they do not, `beside.py` puts
both in one table.
"""

import math
import string
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from importlib.resources import files

import pandas as pd

from gaitbench.core.errors import StoreError
from gaitbench.core.units import Unit
from gaitbench.results.table import Column, Entry, Row, Table
from gaitbench.results.titles import backbone_title, dataset_title, method_title, metric_title

_NAMES = {
    "rank1": "rank_1",
    "rank5": "rank_5",
    "rank20": "rank_20",
    "tar_at_far_0.01": "tar_far_0.01",
    "rank1_nm": "rank_1_nm",
    "rank1_bg": "rank_1_bg",
    "rank1_cl": "rank_1_cl",
}
_BY_CONDITION = ("rank_1_nm", "rank_1_bg", "rank_1_cl")
_TITLES = {"rank_1_nm": "Rank-1 NM", "rank_1_bg": "Rank-1 BG", "rank_1_cl": "Rank-1 CL"}
_BASIS = {"stated": "as stated", "config": "released configs"}
_PROTOCOLS = {
    "generalizability": "zero-shot",
    "adaptability": "adapted",
    "holistic (local protocol)": "local",
    "holistic (official protocol)": "official",
}


@dataclass(frozen=True)
class _Companion:
    """Which published rows stand beside a kind of table, and what its column groups are."""

    title: str
    protocols: tuple[str, ...]
    grouped_by: tuple[str, ...] = ("dataset",)


_COMPANIONS = {
    "occluded": _Companion("occluded recognition", ("occluded",)),
    "new-types": _Companion(
        "new occlusion types", ("generalizability", "adaptability"), ("dataset", "occlusion")
    ),
    "retention": _Companion(
        "holistic upper bound", ("holistic (local protocol)", "holistic (official protocol)")
    ),
    "ablation": _Companion("ablations", ("ablation",)),
    "sweep": _Companion("amounts of occlusion", ("sweep",)),
}


@cache
def load_published() -> pd.DataFrame:
    """Return every published figure, one per row.

    Returns:
        The columns of the file, with metrics under this toolkit's names (`rp_` before one marks its
        RP) and `value` as a share, or as a ratio for an RP; a copy is needed before changing it.

    Raises:
        StoreError: If a metric has no name here or a percentage is outside [0, 100].
    """
    with (
        files("gaitbench.reports.published")
        .joinpath("published.csv")
        .open(encoding="utf-8") as file
    ):
        rows = pd.read_csv(file, keep_default_na=False, na_values={"value": ["nan"]})
    is_ratio = rows["metric"].str.startswith("rp_")
    if not rows.loc[~is_ratio, "value"].dropna().between(0, 100).all():
        raise StoreError("published.csv: a percentage is outside [0, 100]. Correct that row.")
    rows["value"] = rows["value"].where(is_ratio, rows["value"] / 100)
    rows["metric"] = [_metric(str(name)) for name in rows["metric"]]
    return rows


def _metric(name: str) -> str:
    prefix, bare = ("rp_", name.removeprefix("rp_")) if name.startswith("rp_") else ("", name)
    if bare not in _NAMES:
        raise StoreError(
            f"published.csv: metric {name!r} is not known. Known: {', '.join(_NAMES)}, and each of "
            "them after 'rp_'."
        )
    return prefix + _NAMES[bare]


def published_title(metric: str) -> str:
    """Return the printed name of a published metric: "Rank-1", or "RP-1" for the RP of Rank-1."""
    if metric.startswith("rp_"):
        return f"RP-{published_title(metric.removeprefix('rp_')).removeprefix('Rank-')}"
    return _TITLES.get(metric) or metric_title(metric)


def setting_words(setting: str, basis: str) -> str:
    """Return a published setting with what says so.

    >>> setting_words("rg-gait", "config")
    'rg-gait (released configs)'
    """
    return f"{setting} ({_BASIS[basis]})"


def companions(section: str) -> list[Table]:
    """Return the papers' figures for what a section shows; none if they have none."""
    return published_tables(section) if section in _COMPANIONS else []


def published_tables(kind: str) -> list[Table]:
    """Return the published figures of one kind of table.

    Figures by walking condition (NM, BG, CL) have a table of their own: their columns would leave
    every other row half empty.

    Args:
        kind: "occluded", "new-types", "retention", "ablation" or "sweep".

    Raises:
        KeyError: If no paper has such a table.
    """
    about = _COMPANIONS[kind]
    figures = load_published()
    rows = figures[figures["protocol"].isin(about.protocols)]
    by_condition = rows["metric"].isin(_BY_CONDITION)
    tables = [_table(f"published-{kind}", about.title, about, rows[~by_condition])]
    if by_condition.any():
        title = f"{about.title} by walking condition"
        tables.append(_table(f"published-{kind}-by-condition", title, about, rows[by_condition]))
    return tables


def _table(name: str, title: str, about: _Companion, rows: pd.DataFrame) -> Table:
    sources = source_letters(rows)
    labels = _without_constants([_label(row, sources, about) for row in _records(rows)])
    groups = [_group(row, about) for row in _records(rows)]
    places = list(zip(groups, rows["metric"], strict=True))
    # Columns of one group are neighbours, in the order in which the paper prints its metrics.
    order = sorted(dict.fromkeys(places), key=lambda place: groups.index(place[0]))
    names = [tuple(label.values()) for label in labels]
    values = dict(zip(zip(names, places, strict=True), rows["value"], strict=True))
    return Table(
        name=name,
        title=f"Published figures, not measured here: {title}",
        columns=(*map(Column, labels[0]), *(_column(group, metric) for group, metric in order)),
        rows=_rows(names, order, values),
        footer=_footer(sources),
        is_measured=False,
    )


def _records(rows: pd.DataFrame) -> list[dict[str, str]]:
    text = rows.drop(columns="value")
    return [{str(k): str(v) for k, v in row.items()} for row in text.to_dict("records")]


def source_letters(rows: pd.DataFrame) -> dict[tuple[str, str], str]:
    """Return (paper, table) -> letter for published figures, in their order."""
    pairs = dict.fromkeys((row["source"], row["table"]) for row in _records(rows))
    return dict(zip(pairs, string.ascii_lowercase, strict=False))


def _label(
    row: dict[str, str], sources: dict[tuple[str, str], str], about: _Companion
) -> dict[str, str]:
    label = {
        "Source": sources[row["source"], row["table"]],
        "Backbone": backbone_title(row["backbone"]),
        "Method": method_title(row["method"]),
        "Protocol": _PROTOCOLS.get(row["protocol"], row["protocol"]),
        "Occlusion": row["occlusion"],
        "Setting": setting_words(row["setting"], row["setting_basis"]),
    }
    if "occlusion" in about.grouped_by:
        del label["Occlusion"]
    return label


def _without_constants(labels: list[dict[str, str]]) -> list[dict[str, str]]:
    # A table of one protocol says so in its title; setting and source are shown in any case.
    if len({label["Protocol"] for label in labels}) > 1:
        return labels
    return [{k: v for k, v in label.items() if k != "Protocol"} for label in labels]


def _group(row: dict[str, str], about: _Companion) -> str:
    data = dataset_title(row["dataset"])
    return f"{data}, {row['occlusion']}" if "occlusion" in about.grouped_by else data


def _column(group: str, metric: str) -> Column:
    unit = Unit.RATIO if metric.startswith("rp_") else Unit.PERCENT
    return Column(published_title(metric), group, unit)


def _rows(
    names: Sequence[tuple[str, ...]],
    order: Sequence[tuple[str, str]],
    values: Mapping[tuple[tuple[str, ...], tuple[str, str]], float],
) -> tuple[Row, ...]:
    rows: list[Row] = []
    previous = ""
    for name in dict.fromkeys(names):
        numbers = [values.get((name, place), math.nan) for place in order]
        cells = [Entry() if math.isnan(x) else Entry(value=float(x)) for x in numbers]
        rows.append(
            Row(
                (*map(Entry, name), *cells),
                contest=None,
                rule_above=bool(rows) and name[0] != previous,
            )
        )
        previous = name[0]
    return tuple(rows)


def sources_line(letters: Mapping[tuple[str, str], str]) -> str:
    """Return what the letters of `source_letters` stand for."""
    listed = "; ".join(f"{key}: {source} ({table})" for (source, table), key in letters.items())
    return f"Sources: {listed}."


def _footer(sources: Mapping[tuple[str, str], str]) -> tuple[str, ...]:
    return (
        "Printed in the papers on other data, with other training lengths and often in another "
        "setting: do not compare single numbers with measured ones. Nothing is bold, because rows "
        "of different settings do not compete.",
        "Percent; RP as a ratio. Empty: not reported. Setting: as stated by the source, or as in "
        "its released configs where it states none.",
        sources_line(sources),
    )
