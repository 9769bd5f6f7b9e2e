"""OpenGait's names for the weights of GaitGL."""

from typing import Any

from gaitbench.checkpoints.keymap import Rename
from gaitbench.checkpoints.layouts.base import JOINED, PART_NECK, Layout, Shapes, widths_of


def _gaitgl_options(shapes: Shapes) -> dict[str, Any]:
    large = "GLConvA0.0.global_conv3d.conv3d.weight" in shapes
    inner = "1.global_conv3d.conv3d.weight" if large else "global_conv3d.conv3d.weight"
    stages = ["GLConvA0", "GLConvA1", *(["GLConvB2"] if large else [])]
    return {
        "variant": "large" if large else "small",
        "channels": widths_of(
            shapes, ["conv3d.0.conv3d.weight", *(f"{s}.{inner}" for s in stages)]
        ),
        "parts": shapes["Head0.fc_bin"][0],
        "head": "norm" if "Bn.weight" in shapes else "bnneck",
    }


GAITGL_STAGES = {"A0": 0, "A1": 1, "B2": 2}
GAITGL = Layout(
    name="gaitgl",
    mark="LTA.0.conv3d.weight",
    options=_gaitgl_options,
    body=(
        Rename(r"conv3d\.(\d+)\.conv3d\.weight", r"stem.\1.weight"),
        Rename(r"LTA\.0\.conv3d\.weight", r"temporal.weight"),
        *(
            Rename(
                rf"GLConv{stage}\.(global|local)_conv3d\.conv3d\.weight",
                rf"stages.{k}.0.\1_conv.weight",
            )
            for stage, k in GAITGL_STAGES.items()
        ),
        *(
            Rename(
                rf"GLConv{stage}\.(\d)\.(global|local)_conv3d\.conv3d\.weight",
                rf"stages.{k}.\1.\2_conv.weight",
            )
            for stage, k in GAITGL_STAGES.items()
        ),
        Rename(r"HPP\.p", r"pool.exponent"),
        Rename(r"Head0\.fc_bin", r"head.weight"),
        Rename(r"Bn\.(.*)", r"norm.\1"),
    ),
    neck=(Rename(r"Head1\.fc_bin", r"weight"), *PART_NECK),
    joined=(*JOINED, Rename(r"Bn\.(.*)", r"norm.\1")),
    classifiers=("Head1.fc_bin", "BNNecks.fc_bin"),
)
