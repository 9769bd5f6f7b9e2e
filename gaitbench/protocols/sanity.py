"""What a method really reads: the checks that stand in every report."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, fields, replace

from gaitbench.core.registry import register
from gaitbench.evaluation.tampering import DETECTOR, Tampering
from gaitbench.experiment.bench import HOLISTIC_TEST, Bench
from gaitbench.experiment.cells import Cell
from gaitbench.methods.base import get_method
from gaitbench.occlusion.base import Occlusion
from gaitbench.occlusion.mix import HOLISTIC, Mix
from gaitbench.protocols.base import Protocol
from gaitbench.training.stage import Stage

AS_TESTED = "as tested"
WHOLE = "whole clips"
MASKED = "masked"
"""The region that a cut would stretch away is blackened instead, under the same draws."""

TAMPERINGS: tuple[Tampering, ...] = ("blank", "outline", "tied-outline", "one-draw", "shuffled")


@register("sanity")
@dataclass(frozen=True)
class Sanity(Protocol):
    """The sanity panel by itself; every other protocol has it for the methods that it tests."""

    about = "what methods read: blank clips, outlines, one draw, shuffled frames, wrong detectors"

    def cells(self, bench: Bench) -> list[Cell]:
        """Return every check of every compared method."""
        return [
            cell
            for method in bench.compared_methods()
            for backbone, seed in bench.runs()
            for cell in _checks(bench, method, backbone, bench.stage(method, backbone, seed))
        ]


def panel(bench: Bench, cells: Iterable[Cell]) -> list[Cell]:
    """Return the checks of the compared methods among these cells, so that nothing more is trained.

    Where a protocol trains a method in several ways, the first of the experiment's own setting is checked.
    """
    checked: dict[tuple[str, str, int], Stage] = {}
    for cell in cells:
        stage = cell.evaluation.stage
        own = cell.trained in ("", bench.setting.name) and not cell.adapted_steps
        if own and get_method(cell.method).kind == "compared":
            checked.setdefault((cell.method, cell.backbone, stage.seed), stage)
    return [
        cell
        for (method, backbone, _), stage in checked.items()
        for cell in _checks(bench, method, backbone, stage)
    ]


def _checks(bench: Bench, method: str, backbone: str, stage: Stage) -> Iterator[Cell]:
    """Yield the checks of a method: one draw each, the first of the setting's own."""
    test, name = bench.setting.test, bench.setting.test_name
    untouched: Tampering = "none"
    checks: list[tuple[str, Mix, str, Tampering]] = [
        (AS_TESTED, test, name, untouched),
        (WHOLE, HOLISTIC, HOLISTIC_TEST, untouched),
    ]
    checks += [(t, test, name, t) for t in TAMPERINGS]
    checks += [(MASKED, mask, name, untouched) for mask in [masked(test)] if mask != test]
    checks += [(t, test, name, t) for t in _of_detector(stage)]
    for check, mix, title, tampering in checks:
        yield from bench.cells(
            Sanity.name,
            method,
            backbone,
            stage,
            mix,
            title,
            check=check,
            tampering=tampering,
            draws=1,
        )


def _of_detector(stage: Stage) -> tuple[Tampering, ...]:
    if DETECTOR not in stage.inputs:
        return ()
    # Only a residual's weight is a detected amount; whoever reads the feature alone is not touched by it.
    reads_amount = getattr(stage, "alpha", None) == "detected"
    return ("true-amount", "stray-detector") if reads_amount else ("stray-detector",)


def masked(mix: Mix) -> Mix:
    """Return a mix whose cuts blacken their region instead of stretching the rest over it."""
    return replace(mix, generators=tuple(map(_masked, mix.generators)))


def _masked(generator: Occlusion) -> Occlusion:
    has_fit = any(f.name == "fit" for f in fields(generator))
    return replace(generator, fit="mask") if has_fit else generator  # type: ignore[call-arg]
