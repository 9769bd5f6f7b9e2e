"""Finding evaluations: which data sets, backbones, methods and conditions the cells hold."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from gaitbench.core.arrays import pd, rows_where
from gaitbench.evaluation.pair_groups import ALL_PAIRS
from gaitbench.experiment.bench import HOLISTIC_TEST, REFERENCE
from gaitbench.results.frame import Results
from gaitbench.results.titles import backbone_title, compared_names, dataset_title, side_title


@dataclass(frozen=True)
class Place:
    """What a group of columns belongs to: trained on, tested on, with which backbone."""

    dataset: str
    test_dataset: str
    backbone: str

    @property
    def data_title(self) -> str:
        """Printed name of the data, with an arrow where training and test data differ."""
        data = dataset_title(self.dataset)
        if self.test_dataset != self.dataset:
            data = f"{data} → {dataset_title(self.test_dataset)}"
        return data

    @property
    def parts(self) -> tuple[str, str]:
        """Printed names of data and backbone."""
        return self.data_title, backbone_title(self.backbone)

    @property
    def title(self) -> str:
        """Both names in one."""
        return ", ".join(self.parts)

    def of(self, cells: pd.DataFrame) -> pd.DataFrame:
        """Return the rows of this place."""
        return where(
            cells, dataset=self.dataset, test_dataset=self.test_dataset, backbone=self.backbone
        )


@dataclass(frozen=True)
class Condition:
    """Who is occluded and how: one table never mixes two of these."""

    setting: str
    side: str

    @property
    def words(self) -> tuple[str, str]:
        """For a table's name."""
        return self.setting, self.side

    @property
    def parts(self) -> tuple[str, str]:
        """Setting and side in words."""
        return f"setting {self.setting}", f"occluded: {side_title(self.side)}"

    @property
    def title(self) -> str:
        """For a table's title."""
        return ", ".join(self.parts)


def told_apart(labels: Sequence[Sequence[str]]) -> list[str]:
    """Return of each of a report's labels what other ones have otherwise; "" where there are no others.

    Sentences about one of several places or settings have to say which; about the only one they need not.

    Args:
        labels: As `parts` gives them, all of the same parts.

    >>> told_apart([("walkers", "GaitBase"), ("walkers", "GaitGL")])
    ['GaitBase', 'GaitGL']
    """
    differs = [len(set(parts)) > 1 for parts in zip(*labels, strict=True)]
    return [
        ", ".join(part for part, told in zip(label, differs, strict=True) if told)
        for label in labels
    ]


def named(subject: str, apart: str) -> str:
    """Return what a sentence is about with what tells it apart, if anything does.

    >>> named("Whole clips", "GaitGL"), named("Whole clips", "")
    ('Whole clips, GaitGL', 'Whole clips')
    """
    return f"{subject}, {apart}" if apart else subject


def where(cells: pd.DataFrame, **equal: object) -> pd.DataFrame:
    """Return the rows in which every named column has the given value."""
    keep = np.ones(len(cells), np.bool_)
    for name, value in equal.items():
        keep &= (cells[name] == value).to_numpy()
    return rows_where(cells, keep)


def places(cells: pd.DataFrame) -> list[Place]:
    """Return the places in order of appearance."""
    pairs = zip(cells["dataset"], cells["test_dataset"], cells["backbone"], strict=True)
    return list(dict.fromkeys(Place(str(d), str(t), str(b)) for d, t, b in pairs))


def settings_and_places(cells: pd.DataFrame) -> list[tuple[str, Place, pd.DataFrame]]:
    """Return setting, place and rows of every pair that has any, in order of appearance."""
    return [
        (setting, place, part)
        for setting in values_of(cells, "setting")
        for place in places(cells)
        if len(part := place.of(where(cells, setting=setting)))
    ]


def conditions(cells: pd.DataFrame) -> Iterator[tuple[Condition, pd.DataFrame]]:
    """Yield every condition with its rows over all pairs, in order of appearance."""
    cells = where(cells, pairs=ALL_PAIRS)
    pairs = zip(cells["setting"], cells["side"], strict=True)
    for setting, side in dict.fromkeys(pairs):
        yield Condition(str(setting), str(side)), where(cells, setting=setting, side=side)


def values_of(cells: pd.DataFrame, column: str) -> list[str]:
    """Return the distinct texts of a column in order of appearance."""
    return [str(value) for value in dict.fromkeys(cells[column])]


def titles(cells: pd.DataFrame) -> dict[str, str]:
    """Return method name -> printed name: compared ones in the papers' order, then others as they appear.

    Two methods with one printed name get their registry name behind it, so no row is ambiguous.
    """
    pairs = zip(cells["method"], cells["title"], strict=True)
    first = {str(name): str(title) for name, title in reversed(list(dict.fromkeys(pairs)))}
    appearing = values_of(cells, "method")
    compared = [name for name in compared_names() if name in first]
    order = [*compared, *(name for name in appearing if name not in compared)]
    printed = list(first.values())
    return {m: first[m] if printed.count(first[m]) == 1 else f"{first[m]} ({m})" for m in order}


def upper_bound(results: Results, place: Place, condition: Condition) -> pd.DataFrame:
    """Return the evaluations of Baseline-1 on holistic clips, from whichever protocol has them.

    Baseline-1 meets no occlusion here, so any condition gives the same evaluation; the table's own
    is preferred only where a run stored several. What stands at a coordinate of some protocol, such as
    the sweep's shorter clips, is no upper bound.
    """
    plain = results.without(*results.coordinates)
    cells = where(place.of(plain), method=REFERENCE, test=HOLISTIC_TEST)
    own = where(cells, setting=condition.setting, side=condition.side)
    return own if len(own) else cells


def slug(*words: str) -> str:
    """Return words as a file name without an ending.

    >>> slug("occluded", "RG-Gait", "top+bottom")
    'occluded-rg-gait-top-bottom'
    """
    return "-".join(filter(None, (re.sub(r"[^a-z0-9]+", "-", w.lower()).strip("-") for w in words)))


def table_names(base: str, labels: Sequence[Sequence[str]]) -> list[str]:
    """Return a unique name for each of several tables of one kind; a single one is just `base`."""
    if len(labels) == 1:
        return [base]
    seen: dict[str, int] = {}
    names = []
    for label in labels:
        name = slug(base, *label)
        seen[name] = seen.get(name, 0) + 1
        names.append(name if seen[name] == 1 else f"{name}-{seen[name]}")
    return names
