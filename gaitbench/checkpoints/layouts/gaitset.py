"""OpenGait's names for the weights of GaitSet."""

from typing import Any

from gaitbench.checkpoints.keymap import Rename
from gaitbench.checkpoints.layouts.base import PLAIN_HEAD, Layout, Shapes, widths_of


def _gaitset_options(shapes: Shapes) -> dict[str, Any]:
    widths = (f"set_block{k}.forward_block.2.conv.weight" for k in (1, 2, 3))
    return {"channels": widths_of(shapes, widths), "embedding": shapes["Head.fc_bin"][-1]}


GAITSET = Layout(
    name="gaitset",
    mark="set_block1.forward_block.0.conv.weight",
    options=_gaitset_options,
    body=(
        *(
            Rename(
                rf"set_block{k}\.forward_block\.(\d)\.conv\.weight",
                rf"frame_blocks.{k - 1}.\1.weight",
            )
            for k in (1, 2, 3)
        ),
        *(
            Rename(rf"gl_block{k}\.(\d)\.conv\.weight", rf"set_blocks.{k - 2}.\1.weight")
            for k in (2, 3)
        ),
        PLAIN_HEAD,
    ),
)
