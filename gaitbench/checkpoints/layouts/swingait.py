"""OpenGait's names for the weights of SwinGait."""

import re
from dataclasses import replace
from typing import Any

from torch import Tensor

from gaitbench.checkpoints.keymap import Rename
from gaitbench.checkpoints.layouts.base import (
    HEAD,
    JOINED,
    PART_MIXER,
    Layout,
    Shapes,
    count_of,
    widths_of,
)
from gaitbench.checkpoints.layouts.deepgaitv2 import STEM, pseudo_3d_stage


def _but_last_part(tensor: Tensor) -> Tensor:
    """Drop the last part: SwinGait's repeats the one before, and is cut off every embedding."""
    return tensor[:-1]


def _swingait_options(shapes: Shapes) -> dict[str, Any]:
    stages = range(count_of(shapes, r"transformer\.layers\.(\d)\."))
    blocks = [f"transformer.layers.{k}.blocks" for k in stages]
    parts, _, embedding = shapes["FCs.fc_bin"]
    return {
        "layers": tuple(
            count_of(shapes, rf"layer{k}\.{inner}(\d+)\.")
            for k, inner in ((1, r"forward_block\."), (2, ""))
        ),
        "channels": widths_of(
            shapes, ["layer0.forward_block.0.weight", "layer2.0.shortcut3d.weight"]
        ),
        "widths": widths_of(shapes, (f"{b}.0.norm1.weight" for b in blocks)),
        "depths": tuple(count_of(shapes, re.escape(b) + r"\.(\d)\.") for b in blocks),
        "heads": tuple(shapes[f"{b}.0.attn.relative_position_bias_table"][1] for b in blocks),
        "parts": parts - 1,
        "embedding": embedding,
    }


SWINGAIT_FILE_PARTS = 16
"""Parts of every published SwinGait, the repeated one included: a flat tensor does not tell its own."""


def _swingait_norm(tensor: Tensor) -> Tensor:
    """Drop the last part of a value per channel and part; the parts vary fastest."""
    if tensor.numel() % SWINGAIT_FILE_PARTS:
        return tensor
    return tensor.view(-1, SWINGAIT_FILE_PARTS)[:, :-1].flatten()


_SWIN, _SWIN_OWN = r"transformer\.layers\.(\d)\.blocks\.(\d)\.", r"transformer.stages.\1.\2."
SWINGAIT = Layout(
    name="swingait",
    mark="transformer.patch_embed.proj.weight",
    options=_swingait_options,
    body=(
        *STEM,
        *pseudo_3d_stage(2),
        Rename(r"transformer\.patch_embed\.proj\.(.*)", r"transformer.patches.\1"),
        Rename(r"transformer\.patch_embed\.norm\.(.*)", r"transformer.patch_norm.\1"),
        Rename(_SWIN + r"norm([12])\.(.*)", _SWIN_OWN + r"norm\3.\4"),
        Rename(_SWIN + r"attn\.relative_position_bias_table", _SWIN_OWN + "attention.bias_table"),
        Rename(_SWIN + r"attn\.relative_position_index", ""),
        Rename(_SWIN + r"attn\.qkv\.(.*)", _SWIN_OWN + r"attention.qkv.\3"),
        Rename(_SWIN + r"attn\.proj\.(.*)", _SWIN_OWN + r"attention.out.\3"),
        Rename(_SWIN + r"mlp\.fc1\.(.*)", _SWIN_OWN + r"mlp.0.\3"),
        Rename(_SWIN + r"mlp\.fc2\.(.*)", _SWIN_OWN + r"mlp.2.\3"),
        Rename(
            r"transformer\.layers\.(\d)\.downsample\.([01])\.(.*)", r"transformer.widen.\1.\2.\3"
        ),
        Rename(r"transformer\.norm\.(.*)", r"transformer.norm.\1"),
        replace(HEAD, change=_but_last_part),
    ),
    neck=(
        Rename(r"BNNecks\.bn1d\.num_batches_tracked", r"norm.num_batches_tracked"),
        Rename(r"BNNecks\.bn1d\.(.*)", r"norm.\1", _swingait_norm),
        Rename(r"BNNecks\.fc_bin", r"weight", _but_last_part),
    ),
    mixer=replace(PART_MIXER, change=_but_last_part),
    joined=(replace(JOINED[0], change=_but_last_part),),
)
