"""OpenGait's names for the weights of GaitPart."""

import re
from typing import Any

from gaitbench.checkpoints.keymap import Rename
from gaitbench.checkpoints.layouts.base import (
    BLOCK,
    PLAIN_HEAD,
    Layout,
    Shapes,
    part_sizes,
    widths_of,
)

_GAITPART_LAYER = r"Backbone\.forward_block\.feature\.(\d+)\.conv\.weight"


def _gaitpart_options(shapes: Shapes) -> dict[str, Any]:
    # By their numbers: a file may hold its keys in the order of the alphabet.
    numbers = sorted(
        int(match[1]) for key in shapes if (match := re.match(_GAITPART_LAYER, key)) is not None
    )
    widths = widths_of(shapes, (f"{BLOCK}feature.{k}.conv.weight" for k in numbers))
    squeezed = shapes["TFA.pooling_func.conv1d3x1.0.0.conv.weight"]
    return {
        "channels": widths[::2],
        "squeeze": squeezed[1] // squeezed[0],
        **part_sizes(shapes, "Head.fc_bin"),
    }


GAITPART = Layout(
    name="gaitpart",
    mark="TFA.pooling_func.conv1d3x1.0.0.conv.weight",
    options=_gaitpart_options,
    body=(
        Rename(_GAITPART_LAYER, r"frames.\1.weight"),
        # One grouped convolution holds what the file has part by part.
        *(
            Rename(
                rf"TFA\.pooling_func\.conv1d3x{size}\.(\d+)\.{index}\.conv\.weight",
                f"aggregator.{branch}.{layer}.weight",
                place=r"\1",
            )
            for size, branch in ((1, "short"), (3, "long"))
            for index, layer in ((0, "squeeze"), (2, "score"))
        ),
        PLAIN_HEAD,
    ),
    joined=(Rename(r"occ_mixer_fc\.0\.fc_bin", r"mixer.weight"), PLAIN_HEAD),
)
