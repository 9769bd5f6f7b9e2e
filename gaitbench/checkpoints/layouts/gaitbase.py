"""OpenGait's names for the weights of GaitBase."""

from typing import Any

from gaitbench.checkpoints.keymap import Rename
from gaitbench.checkpoints.layouts.base import BLOCK, HEAD, Layout, Shapes, part_sizes, widths_of


def _gaitbase_options(shapes: Shapes) -> dict[str, Any]:
    widths = widths_of(shapes, (f"{BLOCK}layer{k}.0.conv2.weight" for k in range(1, 5)))
    return {"channels": widths} | part_sizes(shapes, "FCs.fc_bin")


GAITBASE = Layout(
    name="gaitbase",
    mark=f"{BLOCK}conv1.conv.weight",
    options=_gaitbase_options,
    body=(
        Rename(r"Backbone\.forward_block\.conv1\.conv\.weight", r"conv1.weight"),
        Rename(r"Backbone\.forward_block\.bn1\.(.*)", r"bn1.\1"),
        *(
            Rename(rf"Backbone\.forward_block\.layer{k}\.0\.(.*)", rf"stages.{k - 1}.\1")
            for k in range(1, 5)
        ),
        HEAD,
    ),
)
