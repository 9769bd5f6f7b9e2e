"""From an experiment to its cells."""

from gaitbench.core.errors import ConfigurationError
from gaitbench.core.plugin_errors import calling, returned
from gaitbench.experiment.bench import Bench
from gaitbench.experiment.cells import Cell, Coordinate
from gaitbench.experiment.expansion import Expansion
from gaitbench.protocols.base import Protocol, protocols
from gaitbench.protocols.sanity import Sanity, panel

ALL = "all"


def protocol_names() -> list[str]:
    """Return the names of all protocols, "all" last."""
    return [*protocols.names(), ALL]


def expand(bench: Bench) -> Expansion:
    """Return the cells of the experiment's protocol and the sanity panel; "all" is every protocol.

    Raises:
        UnknownNameError: If there is no such protocol.
        ConfigurationError: If nothing is left to evaluate.
        PluginError: If a plug-in's protocol fails, or gives something that is no cell.
    """
    name, sanity = bench.experiment.protocol, bench.experiment.sanity
    names = [n for n in protocols.names() if sanity or n != Sanity.name] if name == ALL else [name]
    chosen = [protocols.get(n)() for n in names]
    cells = [cell for protocol in chosen for cell in _cells_of(protocol, bench)]
    if not cells:
        raise ConfigurationError(
            f"Protocol {name!r} has nothing to evaluate with these options: methods="
            f"{list(bench.experiment.methods)}, adapt_to={list(bench.experiment.adapt_to)}."
        )
    if sanity and Sanity.name not in names:
        cells += panel(bench, cells)
    setting = bench.setting if name == ALL else chosen[0].setting(bench)
    return Expansion(bench, tuple(cells), setting, _coordinates())


def _cells_of(protocol: Protocol, bench: Bench) -> list[Cell]:
    with calling(protocol, "cells"):
        cells = protocol.cells(bench)
    returned(protocol, "cells", cells, list, "a list of cells, as Bench.cells gives them")
    for cell in cells:
        returned(protocol, "cells", cell, Cell, "cells alone, as Bench.cells gives them")
        unknown = [name for name in cell.at if name not in _coordinates()]
        if unknown:
            raise ConfigurationError(
                f"Protocol {protocol.name!r}: a cell stands at {unknown[0]!r}, which is no protocol's "
                f"coordinate. Add it to {type(protocol).__qualname__}.coordinates with its default."
            )
    return cells


def _coordinates() -> dict[str, Coordinate]:
    """Return the coordinates of every protocol, whether it is part of the run or not."""
    return {
        name: default
        for _, protocol in protocols.items()
        for name, default in protocol.coordinates.items()
    }
