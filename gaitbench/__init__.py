"""gaitbench: benchmark and ablation toolkit for occluded gait recognition."""

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from gaitbench.api import load, load_network, read_results, report, run
    from gaitbench.core.errors import GaitbenchError
    from gaitbench.core.registry import register
    from gaitbench.experiment.spec import Experiment
    from gaitbench.occlusion.base import Occlusion, Step
    from gaitbench.occlusion.base import make as make_occlusion
    from gaitbench.occlusion.mix import Mix
    from gaitbench.occlusion.setting import Setting

__version__ = "0.1.0"

__all__ = [
    "Experiment",
    "GaitbenchError",
    "Mix",
    "Occlusion",
    "Setting",
    "Step",
    "__version__",
    "load",
    "load_network",
    "make_occlusion",
    "read_results",
    "register",
    "report",
    "run",
]

# Nothing is imported before it is asked for: torch alone takes seconds.
_PUBLIC = {
    "Experiment": "experiment.spec:Experiment",
    "GaitbenchError": "core.errors:GaitbenchError",
    "Mix": "occlusion.mix:Mix",
    "Occlusion": "occlusion.base:Occlusion",
    "Setting": "occlusion.setting:Setting",
    "Step": "occlusion.base:Step",
    "load": "api:load",
    "load_network": "api:load_network",
    "make_occlusion": "occlusion.base:make",
    "read_results": "api:read_results",
    "register": "core.registry:register",
    "report": "api:report",
    "run": "api:run",
}


def __getattr__(name: str) -> object:
    if name in _PUBLIC:
        module, attribute = _PUBLIC[name].split(":")
        return getattr(import_module(f"gaitbench.{module}"), attribute)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def __dir__() -> list[str]:
    return __all__
