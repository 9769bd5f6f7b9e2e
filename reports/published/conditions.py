"""Under which condition the papers' figures were printed, and which evaluations of a run stand under it.

A condition is data set (train and test), rules, backbone, setting, side, protocol with its test, and which
share of the training clips is occluded. Only where all of them are the same may a published and a measured
number stand beside each other.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field

import pandas as pd

from gaitbench.data.readers.opengait.records import RECORDS
from gaitbench.experiment.bench import HOLISTIC_TEST
from gaitbench.reports.published.figures import load_published, setting_words
from gaitbench.results.frame import Results
from gaitbench.results.places import Condition, Place, conditions, places, values_of, where
from gaitbench.results.titles import backbone_title, dataset_title, side_title

_COLUMNS = (
    "source",
    "table",
    "protocol",
    "dataset",
    "backbone",
    "occlusion",
    "setting",
    "setting_basis",
)
_NEWEST = "RG-Gait"
_REPEATED = f"repeated in {_NEWEST}"

_OWN_TYPES = ("top+bottom", "eight types")
"""How the papers name the test on the types of the setting itself."""
_LOCAL = "holistic (local protocol)"
_OFFICIAL = "holistic (official protocol)"
_SIDE = "both"
"""All papers occlude probe and gallery."""

BY_SEARCH = {"rank_1_nm": "NM", "rank_1_bg": "BG", "rank_1_cl": "CL"}
"""Published metrics that are Rank-1 of one search of the data set's rules."""


@dataclass(frozen=True, eq=False)
class Printed:
    """Figures that a paper prints under one condition.

    Args:
        source: The paper.
        table: Its table.
        protocol: As the file of published figures names it.
        dataset: Trained and tested on.
        backbone: Registered name.
        occlusion: What the test hides.
        settings: (setting, what says so) of the rows; several only where a table mixes them.
        figures: The rows of the file.
    """

    source: str
    table: str
    protocol: str
    dataset: str
    backbone: str
    occlusion: str
    settings: tuple[tuple[str, str], ...]
    figures: pd.DataFrame

    @property
    def is_holistic(self) -> bool:
        """Whether nothing is hidden, so that there is no setting."""
        return self.protocol in (_LOCAL, _OFFICIAL)

    @property
    def settings_title(self) -> str:
        """The settings with what says so; "" where nothing is hidden."""
        if self.is_holistic:
            return ""
        return " and ".join(setting_words(*setting) for setting in self.settings)

    @property
    def condition_title(self) -> str:
        """For a table's title."""
        return f"setting {self.settings_title}" if self.settings_title else self.test_title

    @property
    def test_title(self) -> str:
        """What was tested, in words."""
        if self.is_holistic:
            return "whole clips"
        training = {"generalizability": ", zero-shot", "adaptability": ", adapted"}
        return self.occlusion + training.get(self.protocol, "")

    @property
    def rules(self) -> str:
        """Name of the rules by which the data set's probes meet its gallery.

        Where a source does not say how it splits GREW, the local protocol is assumed.
        """
        record = RECORDS[self.dataset]
        official = record.submission if self.protocol == _OFFICIAL else None
        return (official or record.rules).name


@dataclass(frozen=True)
class ConditionDifference:
    """One respect in which a published condition and a measured one differ.

    Args:
        kind: The respect.
        published: What it is there.
        measured: What it is here; "" where the run has nothing that corresponds.
    """

    kind: str
    published: str
    measured: str = ""

    @property
    def is_absence(self) -> bool:
        """Whether nothing was measured that corresponds, so that not even orders can be compared."""
        return not self.measured


@dataclass(frozen=True, eq=False)
class Meeting:
    """A published condition and a measured one.

    Args:
        place: Of the evaluations.
        condition: Of the evaluations.
        cells: All methods' evaluations there; of another protocol or test if a difference says so.
        differences: None of them where both conditions are the same.
    """

    place: Place
    condition: Condition
    cells: pd.DataFrame
    differences: tuple[ConditionDifference, ...]


def printed_conditions() -> list[Printed]:
    """Return every published figure under its condition, in the order of the file."""
    return list(_printed(load_published()))


def printed_orders() -> list[Printed]:
    """Return the published figures as their tables rank methods.

    RG-Gait prints rows of other papers beside its own: there they belong to one order, with the settings
    of both.
    """
    return [
        _with_repeated(printed) if printed.source == _NEWEST else printed
        for printed in printed_conditions()
    ]


def _printed(rows: pd.DataFrame) -> Iterator[Printed]:
    for key, figures in rows.groupby(list(_COLUMNS), sort=False):
        source, table, protocol, dataset, backbone, occlusion, setting, basis = map(str, key)
        yield Printed(
            source, table, protocol, dataset, backbone, occlusion, ((setting, basis),), figures
        )


def _with_repeated(own: Printed) -> Printed:
    rows = load_published()
    of_others = where(
        rows[rows["source"].str.contains(_REPEATED, regex=False)],
        protocol=own.protocol,
        dataset=own.dataset,
        backbone=own.backbone,
        occlusion=own.occlusion,
    )
    figures = pd.concat([of_others, own.figures])
    settings = zip(figures["setting"], figures["setting_basis"], strict=True)
    return Printed(
        own.source,
        own.table,
        own.protocol,
        own.dataset,
        own.backbone,
        own.occlusion,
        tuple(dict.fromkeys((str(setting), str(basis)) for setting, basis in settings)),
        figures,
    )


@dataclass(frozen=True, eq=False)
class MeasuredConditions:
    """What a run measured, looked up by the conditions of published figures.

    Args:
        results: Of the run.
    """

    results: Results
    _kept: dict[tuple[str, str], list[tuple[Condition, Place, pd.DataFrame]]] = field(
        default_factory=dict
    )

    def closest(self, printed: Printed) -> list[Meeting]:
        """Return the measured conditions that differ in the fewest respects; several where they tie.

        Where no evaluation belongs to the same protocol and test, the respects are those of the whole run.
        """
        corresponding = self._corresponding(printed)
        absent = () if corresponding else (_absent(self.results, printed),)
        meetings = [
            Meeting(
                place,
                condition,
                cells,
                (*_differences(self.results, printed, place, condition), *absent),
            )
            for condition, place, cells in corresponding or self._all()
        ]
        fewest = min((len(meeting.differences) for meeting in meetings), default=0)
        return [meeting for meeting in meetings if len(meeting.differences) == fewest]

    def same(self, printed: Printed) -> Meeting | None:
        """Return the evaluations under the very condition of published figures, if there are any."""
        closest = self.closest(printed)
        return closest[0] if closest and not closest[0].differences else None

    def _corresponding(self, printed: Printed) -> list[tuple[Condition, Place, pd.DataFrame]]:
        key = (printed.protocol, printed.occlusion)
        if key not in self._kept:
            self._kept[key] = _parts(_corresponding(self.results, printed))
        return self._kept[key]

    def _all(self) -> list[tuple[Condition, Place, pd.DataFrame]]:
        key = ("", "")
        if key not in self._kept:
            self._kept[key] = _parts(self.results.cells)
        return self._kept[key]


def _parts(cells: pd.DataFrame) -> list[tuple[Condition, Place, pd.DataFrame]]:
    return [
        (condition, place, place.of(part))
        for condition, part in conditions(cells)
        for place in places(part)
    ]


def reasons(meetings: Iterable[Meeting]) -> list[ConditionDifference]:
    """Return what differs in several equally close conditions; those of other kinds are left out."""
    every = [meeting.differences for meeting in meetings]
    kinds = [[d.kind for d in differences] for differences in every]
    return [
        d
        for differences, own_kinds in zip(every, kinds, strict=True)
        if own_kinds == kinds[0]
        for d in differences
    ]


def difference_words(differences: Sequence[ConditionDifference]) -> str:
    """Return differences as one line, those of a kind together.

    >>> backbone = ConditionDifference("backbone", "GaitGL", "GaitBase")
    >>> difference_words([backbone, ConditionDifference("test", "pole")])
    'backbone: GaitGL published, GaitBase measured; test: pole, not part of this run'
    """
    parts = []
    for kind in dict.fromkeys(d.kind for d in differences):
        of_kind = [d for d in differences if d.kind == kind]
        published = _listed(d.published for d in of_kind)
        measured = _listed(d.measured for d in of_kind)
        ending = f"published, {measured} measured" if measured else "not part of this run"
        parts.append(f"{kind}: {published}{' ' if measured else ', '}{ending}")
    return "; ".join(parts)


def _listed(words: Iterable[str]) -> str:
    return ", ".join(dict.fromkeys(filter(None, words)))


def _corresponding(results: Results, printed: Printed) -> pd.DataFrame:
    """Return the evaluations of the same protocol on the test that corresponds, wherever they were made."""
    if printed.is_holistic:
        return where(
            results.of("occluded", "retention", "ablation"), test=HOLISTIC_TEST, adapted_to=""
        )
    if printed.protocol == "generalizability":
        # An adaptability run tests before the further training as well.
        cells = results.of("generalizability", "adaptability")
        return where(cells, test=printed.occlusion, adapted_to="")
    if printed.protocol == "adaptability":
        cells = results.of("adaptability")
        return where(cells, test=printed.occlusion, adapted_to=printed.occlusion)
    if printed.protocol in ("occluded", "ablation") and printed.occlusion in _OWN_TYPES:
        # Which types these are is part of the setting.
        cells = where(_trained_as_printed(results, printed.protocol), adapted_to="")
        return cells[cells["test"] != HOLISTIC_TEST]
    return results.cells.iloc[:0]


def _trained_as_printed(results: Results, protocol: str) -> pd.DataFrame:
    """Return a protocol's evaluations, of methods with their papers' own shares where there are such."""
    own = results.of("own-shares")
    return own if protocol == "occluded" and len(own) else results.of(protocol)


def _absent(results: Results, printed: Printed) -> ConditionDifference:
    if printed.is_holistic or printed.protocol in values_of(results.cells, "protocol"):
        return ConditionDifference("test", printed.test_title)
    return ConditionDifference("protocol", printed.protocol)


def _differences(
    results: Results, printed: Printed, place: Place, condition: Condition
) -> Iterator[ConditionDifference]:
    if (place.dataset, place.test_dataset) != (printed.dataset, printed.dataset):
        yield ConditionDifference("data set", dataset_title(printed.dataset), place.data_title)
    elif results.rules is not None and results.rules.name != printed.rules:
        yield ConditionDifference("rules", printed.rules, results.rules.name)
    if place.backbone != printed.backbone:
        yield ConditionDifference(
            "backbone", backbone_title(printed.backbone), backbone_title(place.backbone)
        )
    if printed.is_holistic:
        return
    if any(setting != condition.setting for setting, _ in printed.settings):
        yield ConditionDifference("setting", printed.settings_title, condition.setting)
    has_own_shares = printed.protocol not in ("generalizability", "adaptability")
    if results.facts.get("shares") == "equal" and not has_own_shares:
        yield ConditionDifference("occluded training clips", "own share", "half for all methods")
    if condition.side != _SIDE:
        yield ConditionDifference("occluded", side_title(_SIDE), side_title(condition.side))
