"""What each part of RG-Gait contributes, and further controls."""

from dataclasses import dataclass

from gaitbench.core.registry import register
from gaitbench.experiment.bench import HOLISTIC_TEST, Bench
from gaitbench.experiment.cells import Cell
from gaitbench.methods.base import methods_of_kind
from gaitbench.occlusion.mix import HOLISTIC
from gaitbench.protocols.base import Protocol


@register("ablation")
@dataclass(frozen=True)
class Ablation(Protocol):
    """Source: RG-Gait (IJCB 2025), ablation table; the controls are this toolkit's own."""

    about = "RG-Gait without each of its parts, and controls"

    def cells(self, bench: Bench) -> list[Cell]:
        """Return every row under the setting and on whole clips."""
        variants = methods_of_kind("ablation", "control")
        rows = bench.method_names([*variants, "rg-gait", "baseline-2"])
        conditions = (
            (bench.setting.test, bench.setting.test_name),
            (HOLISTIC, HOLISTIC_TEST),
        )
        return [
            cell
            for row in rows
            for mix, test in conditions
            for backbone, seed in bench.runs()
            for cell in bench.cells(
                self.name, row, backbone, bench.stage(row, backbone, seed), mix, test
            )
        ]
