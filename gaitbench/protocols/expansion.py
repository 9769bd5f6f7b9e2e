"""From an experiment to its cells."""

from gaitbench.core.errors import ConfigurationError
from gaitbench.core.plugin_errors import calling, returned, shown, where, wrong
from gaitbench.evaluation.distances.base import distances
from gaitbench.evaluation.tampering.base import UNTOUCHED, tamperings
from gaitbench.experiment.bench import Bench
from gaitbench.experiment.cells import Cell, Coordinate, Evaluation
from gaitbench.experiment.expansion import Expansion
from gaitbench.occlusion.setting import Setting
from gaitbench.protocols.base import Protocol, protocols
from gaitbench.protocols.sanity import Sanity, panel
from gaitbench.results.frame import columns

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
    chosen = [protocols.make(n) for n in names]
    # A protocol may have cells of another one, which then asks for them too.
    cells = list(dict.fromkeys(c for protocol in chosen for c in _cells_of(protocol, bench)))
    if not cells:
        raise ConfigurationError(
            f"Protocol {name!r} has nothing to evaluate with these options: methods="
            f"{list(bench.experiment.methods)}, adapt_to={list(bench.experiment.adapt_to)}."
        )
    if sanity and Sanity.name not in names:
        cells += panel(bench, cells)
    setting = bench.setting if name == ALL else _setting_of(chosen[0], bench)
    return Expansion(bench, tuple(cells), setting, _coordinates())


def _cells_of(protocol: Protocol, bench: Bench) -> list[Cell]:
    with calling(protocol, "cells"):
        cells = protocol.cells(bench)
        returned(protocol, "cells", cells, list, "a list of cells, as Bench.cells gives them")
        for cell in cells:
            returned(protocol, "cells", cell, Cell, "cells alone, as Bench.cells gives them")
            _check_place(protocol, cell)
            _check_evaluation(cell.evaluation)
    return cells


def _check_evaluation(evaluation: Evaluation) -> None:
    distances.check(evaluation.distance)
    if evaluation.tampering != UNTOUCHED:
        tamperings.check(evaluation.tampering)
    # Asked for now, so that whoever has described what has no key is named.
    _ = evaluation.key


def _check_place(protocol: Protocol, cell: Cell) -> None:
    for name, value in dict[str, object](cell.at).items():
        if name not in _coordinates():
            raise wrong(
                protocol,
                "cells",
                f"returned a cell that stands at {name!r}, which is no protocol's coordinate. Add it to "
                f"{type(protocol).__qualname__}.coordinates with its default.",
            )
        if not isinstance(value, Coordinate):
            what = f"returned a cell that stands at {name} = {shown(value)}; it must be a text or a number."
            raise wrong(protocol, "cells", what)


def _setting_of(protocol: Protocol, bench: Bench) -> Setting:
    with calling(protocol, "setting"):
        setting = protocol.setting(bench)
    returned(protocol, "setting", setting, Setting, "a Setting")
    return setting


def _coordinates() -> dict[str, Coordinate]:
    """Return the coordinates of every protocol, whether it is part of the run or not.

    Raises:
        ConfigurationError: If one has the name of a column that all results have.
    """
    for name in protocols.third_party():
        taken = set(protocols.get(name).coordinates) & set(columns())
        if taken:
            raise ConfigurationError(
                f"{where(protocols.get(name))}: {protocols.get(name).__qualname__}.coordinates: "
                f"{min(taken)!r} is a column that all results have. Choose another name."
            )
    return {
        name: default
        for _, protocol in protocols.items()
        for name, default in protocol.coordinates.items()
    }
