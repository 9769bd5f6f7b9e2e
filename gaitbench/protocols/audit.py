"""How much of a difference comes from the method, and how much from the setting."""

from collections.abc import Iterator
from dataclasses import dataclass

from gaitbench.core.registry import register
from gaitbench.experiment.bench import HOLISTIC_TEST, Bench
from gaitbench.experiment.cells import Cell
from gaitbench.occlusion.mix import HOLISTIC
from gaitbench.occlusion.setting import Setting, get_setting
from gaitbench.protocols.base import Protocol

SETTINGS = ("mimicgait", "rg-gait", "occ-aware")
"""Those of the papers that disagree; the experiment's own is added where it is another one."""

OCCLUDED_SHARE = 0.5
"""Of the training clips, for every method and setting: RG-Gait needs whole clips among them."""


@register("audit")
@dataclass(frozen=True)
class Audit(Protocol):
    """Every method trained under each setting and tested under each.

    What the settings disagree on besides types and amounts is matched: all stages on occluded clips have
    the same steps and the same share of whole clips.
    """

    about = "every method trained and tested under each setting, and crossed"

    def setting(self, bench: Bench) -> Setting:
        """Return the experiment's setting with the share of occluded clips that all have here."""
        return bench.setting.matched(OCCLUDED_SHARE)

    def cells(self, bench: Bench) -> list[Cell]:
        """Return method × training setting × test setting, and whole clips beside them."""
        names = list(dict.fromkeys((*SETTINGS, bench.setting.name)))
        per = bench.setting.train.per
        settings = [get_setting(name).drawn_per(per) for name in names]
        return [
            cell
            for method in bench.compared_methods()
            for training in (settings if bench.method(method).adaptable else settings[:1])
            for cell in self._tested(
                bench.under(training.matched(OCCLUDED_SHARE)), method, settings
            )
        ]

    def _tested(self, bench: Bench, method: str, settings: list[Setting]) -> Iterator[Cell]:
        tests = [(HOLISTIC, HOLISTIC_TEST, bench.setting.name)]
        tests += [(s.test, s.test_name, s.name) for s in settings]
        for backbone, seed in bench.runs():
            stage = bench.stage(method, backbone, seed)
            for mix, test, name in tests:
                yield from bench.cells(
                    self.name, method, backbone, stage, mix, test, tested_under=name
                )
