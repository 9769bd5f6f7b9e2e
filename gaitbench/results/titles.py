"""How registered names are printed. Facts stand on the classes; these functions ask them."""

from collections.abc import Sequence

from gaitbench.backbones.base import backbones
from gaitbench.data.readers.opengait.records import RECORDS
from gaitbench.evaluation.metrics.base import metrics
from gaitbench.methods.base import get_method, method_names, methods_of_kind

_SIDES = {"both": "probe and gallery", "probe": "probe only", "gallery": "gallery only"}
_NUMBERS = {
    "detector_accuracy": "the detector's type accuracy",
    "detector_error": "the detector's amount error",
}
"""Numbers of an evaluation that are no metrics."""


def method_title(name: str) -> str:
    """Return the printed name of a method, or the name itself if there is none."""
    return get_method(name).title if name in method_names() else name


def compared_names() -> list[str]:
    """Return the methods of comparison tables, in the order of the papers' tables."""
    return methods_of_kind("compared")


def backbone_title(name: str) -> str:
    """Return the printed name of a backbone, or the name itself if there is none."""
    return backbones.get(name).title if name in backbones.names() else name


def dataset_title(name: str) -> str:
    """Return the name of a data set as its authors write it."""
    return RECORDS[name].title if name in RECORDS else name


def metric_title(name: str) -> str:
    """Return the printed name of a metric, or of another number of an evaluation."""
    return metrics.get(name).title if name in metrics.names() else _NUMBERS.get(name, name)


def side_title(name: str) -> str:
    """Return which side of a comparison is occluded, in words."""
    return _SIDES.get(name, name)


def listed(names: Sequence[str]) -> str:
    """Return names as a sentence lists them.

    >>> listed(["Occ-Aware", "MimicGait", "RG-Gait"])
    'Occ-Aware, MimicGait and RG-Gait'
    """
    return " and ".join([", ".join(names[:-1]), names[-1]]) if len(names) > 1 else "".join(names)
