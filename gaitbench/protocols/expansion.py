"""From an experiment to its cells."""

from gaitbench.core.errors import ConfigurationError
from gaitbench.experiment.bench import Bench
from gaitbench.experiment.cells import Cell
from gaitbench.occlusion.setting import Setting
from gaitbench.protocols.base import protocols
from gaitbench.protocols.sanity import Sanity, panel

ALL = "all"


def protocol_names() -> list[str]:
    """Return the names of all protocols, "all" last."""
    return [*protocols.names(), ALL]


def setting_of(bench: Bench) -> Setting:
    """Return the experiment's setting as its protocol trains under it."""
    name = bench.experiment.protocol
    return bench.setting if name == ALL else protocols.get(name)().setting(bench)


def expand(bench: Bench) -> list[Cell]:
    """Return the cells of the experiment's protocol and the sanity panel; "all" is every protocol.

    Raises:
        UnknownNameError: If there is no such protocol.
        ConfigurationError: If nothing is left to evaluate.
    """
    name, sanity = bench.experiment.protocol, bench.experiment.sanity
    wanted = [n for n in protocols.names() if sanity or n != Sanity.name] if name == ALL else [name]
    cells = [cell for n in wanted for cell in protocols.get(n)().cells(bench)]
    if not cells:
        raise ConfigurationError(
            f"Protocol {name!r} has nothing to evaluate with these options: methods="
            f"{list(bench.experiment.methods)}, adapt_to={list(bench.experiment.adapt_to)}."
        )
    return cells + panel(bench, cells) if sanity and Sanity.name not in wanted else cells
