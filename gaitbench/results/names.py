"""How names of the registries are printed, and in which order methods are listed."""

from collections.abc import Sequence

METHODS = {
    "baseline-1": "Baseline-1",
    "baseline-2": "Baseline-2",
    "occ-aware": "Occ-Aware",
    "mimicgait": "MimicGait",
    "rg-gait": "RG-Gait",
}
"""In the order of the papers' tables; anything else follows in order of appearance."""

_BACKBONES = {
    "gaitbase": "GaitBase",
    "deepgaitv2": "DeepGaitV2",
    "gaitgl": "GaitGL",
    "gaitpart": "GaitPart",
    "gaitset": "GaitSet",
    "swingait": "SwinGait",
}
_DATASETS = {
    "gait3d": "Gait3D",
    "grew": "GREW",
    "briar": "BRIAR",
    "casia-b": "CASIA-B",
    "oumvlp": "OU-MVLP",
    "sustech1k": "SUSTech1K",
    "ccpg": "CCPG",
    "casia-e": "CASIA-E",
}
_METRICS = {
    "rank_1": "Rank-1",
    "rank_5": "Rank-5",
    "rank_10": "Rank-10",
    "rank_20": "Rank-20",
    "map": "mAP",
    "minp": "mINP",
    "tar_far_0.01": "TAR@FAR=1%",
    "tar_far_0.001": "TAR@FAR=0.1%",
    "rank_1_nm": "Rank-1 NM",
    "rank_1_bg": "Rank-1 BG",
    "rank_1_cl": "Rank-1 CL",
    "detector_accuracy": "the detector's type accuracy",
    "detector_error": "the detector's amount error",
    "alpha": "alpha",
}
_SIDES = {"both": "probe and gallery", "probe": "probe only", "gallery": "gallery only"}


def method_title(name: str) -> str:
    """Return the printed name of a method of the papers; variants are printed as they name them."""
    return METHODS.get(name, name.replace("-only", " only").replace("vanilla-", "vanilla "))


def backbone_title(name: str) -> str:
    """Return the printed name of a backbone."""
    return _BACKBONES.get(name, name)


def dataset_title(name: str) -> str:
    """Return the printed name of a data set."""
    return _DATASETS.get(name, name)


def metric_title(name: str) -> str:
    """Return the printed name of a metric, such as "Rank-1", or "RP-1" for the RP of Rank-1."""
    if name.startswith("rp_"):
        bare = metric_title(name.removeprefix("rp_"))
        return f"RP-{bare.removeprefix('Rank-')}"
    return _METRICS.get(name, name)


def side_title(name: str) -> str:
    """Return which side of a comparison is occluded, in words."""
    return _SIDES.get(name, name)


def listed(names: Sequence[str]) -> str:
    """Return names as a sentence lists them.

    >>> listed(["Occ-Aware", "MimicGait", "RG-Gait"])
    'Occ-Aware, MimicGait and RG-Gait'
    """
    return " and ".join([", ".join(names[:-1]), names[-1]]) if len(names) > 1 else "".join(names)
