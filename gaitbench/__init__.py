"""gaitbench: benchmark and ablation toolkit for occluded gait recognition."""

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from gaitbench.api import load, load_network, read_results, report, run
    from gaitbench.backbones.base import Backbone
    from gaitbench.core.errors import GaitbenchError
    from gaitbench.core.registry import register
    from gaitbench.core.units import Better, Unit
    from gaitbench.data.dataset import Dataset
    from gaitbench.data.readers.base import Reader
    from gaitbench.evaluation.distances.base import Distance
    from gaitbench.evaluation.metrics.base import Metric
    from gaitbench.evaluation.tampering.base import Tampering
    from gaitbench.experiment.cells import Cell
    from gaitbench.experiment.spec import Experiment
    from gaitbench.methods.base import Method
    from gaitbench.occlusion.base import Occlusion, Step
    from gaitbench.occlusion.base import make as make_occlusion
    from gaitbench.occlusion.mix import Mix
    from gaitbench.occlusion.setting import Setting
    from gaitbench.protocols.base import Protocol
    from gaitbench.reports.figures.base import ReportFigure
    from gaitbench.reports.formats.base import Format
    from gaitbench.results.frame import Results
    from gaitbench.results.section import Document, Drawing, Section
    from gaitbench.results.table import Column, Entry, Row, Table
    from gaitbench.running.executors.base import Executor
    from gaitbench.statistics.contrasts import Contrast, PlannedContrasts
    from gaitbench.training.callbacks.base import Callback

__version__ = "0.1.0"

__all__ = [
    "Backbone",
    "Better",
    "Callback",
    "Cell",
    "Column",
    "Contrast",
    "Dataset",
    "Distance",
    "Document",
    "Drawing",
    "Entry",
    "Executor",
    "Experiment",
    "Format",
    "GaitbenchError",
    "Method",
    "Metric",
    "Mix",
    "Occlusion",
    "PlannedContrasts",
    "Protocol",
    "Reader",
    "ReportFigure",
    "Results",
    "Row",
    "Section",
    "Setting",
    "Step",
    "Table",
    "Tampering",
    "Unit",
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
    "Backbone": "backbones.base:Backbone",
    "Better": "core.units:Better",
    "Callback": "training.callbacks.base:Callback",
    "Cell": "experiment.cells:Cell",
    "Column": "results.table:Column",
    "Contrast": "statistics.contrasts:Contrast",
    "Dataset": "data.dataset:Dataset",
    "Distance": "evaluation.distances.base:Distance",
    "Document": "results.section:Document",
    "Drawing": "results.section:Drawing",
    "Entry": "results.table:Entry",
    "Executor": "running.executors.base:Executor",
    "Experiment": "experiment.spec:Experiment",
    "Format": "reports.formats.base:Format",
    "GaitbenchError": "core.errors:GaitbenchError",
    "Method": "methods.base:Method",
    "Metric": "evaluation.metrics.base:Metric",
    "Mix": "occlusion.mix:Mix",
    "Occlusion": "occlusion.base:Occlusion",
    "PlannedContrasts": "statistics.contrasts:PlannedContrasts",
    "Protocol": "protocols.base:Protocol",
    "Reader": "data.readers.base:Reader",
    "ReportFigure": "reports.figures.base:ReportFigure",
    "Results": "results.frame:Results",
    "Row": "results.table:Row",
    "Section": "results.section:Section",
    "Setting": "occlusion.setting:Setting",
    "Step": "occlusion.base:Step",
    "Table": "results.table:Table",
    "Tampering": "evaluation.tampering.base:Tampering",
    "Unit": "core.units:Unit",
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
