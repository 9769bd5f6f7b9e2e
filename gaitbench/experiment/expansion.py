"""An experiment with its cells: what is run, and what is reported."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from gaitbench.experiment.bench import Bench
from gaitbench.experiment.cells import Cell, Coordinate
from gaitbench.occlusion.setting import Setting


@dataclass(frozen=True)
class Expansion:
    """The cells of an experiment.

    Args:
        bench: The experiment.
        cells: Of its protocol, and of the sanity panel where it is asked for.
        setting: The experiment's, as the protocol trains under it.
        coordinates: Of every protocol there is, with what a cell without one has.
    """

    bench: Bench
    cells: tuple[Cell, ...]
    setting: Setting
    coordinates: Mapping[str, Coordinate] = field(hash=False)
