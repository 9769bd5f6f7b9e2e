"""OpenGait's names for the weights of DeepGaitV2, in its three modes."""

from typing import Any

from torch import Tensor

from gaitbench.checkpoints.keymap import Rename
from gaitbench.checkpoints.layouts.base import HEAD, Layout, Shapes, count_of, part_sizes, widths_of

STEM = (
    Rename(r"layer0\.forward_block\.0\.weight", r"conv1.weight"),
    Rename(r"layer0\.forward_block\.1\.(.*)", r"bn1.\1"),
    Rename(r"layer1\.forward_block\.(\d+)\.(.*)", r"stages.0.\1.\2"),
)
"""The layers that see single frames in DeepGaitV2 and SwinGait."""


def _without_last(tensor: Tensor) -> Tensor:
    """Drop the last dimension of a kernel that does not reach across the width."""
    return tensor.squeeze(-1)


def pseudo_3d_stage(k: int) -> tuple[Rename, ...]:
    """Return rules for layer k of factorised blocks, which hold 2-D kernels under 3-D names."""
    file, own = rf"layer{k}\.(\d+)\.", rf"stages.{k - 1}.\1."
    return (
        Rename(file + r"conv([12])\.forward_block\.0\.weight", own + r"conv\2.weight"),
        Rename(file + r"conv([12])\.forward_block\.1\.(.*)", own + r"bn\2.\3"),
        Rename(file + r"shortcut3d\.weight", own + "temporal.weight", _without_last),
        Rename(file + r"sbn\.(.*)", own + r"temporal_bn.\2"),
        Rename(file + r"downsample\.0\.weight", own + "downsample.0.weight", _without_last),
        Rename(file + r"downsample\.1\.(.*)", own + r"downsample.1.\2"),
    )


def _deepgaitv2(mode: str, mark: str, width: str, blocks: str, body: tuple[Rename, ...]) -> Layout:
    def options(shapes: Shapes) -> dict[str, Any]:
        widths = ["layer0.forward_block.0.weight", *(f"layer{k}.{width}" for k in (2, 3, 4))]
        later = (count_of(shapes, rf"layer{k}\.{blocks}(\d+)\.") for k in (2, 3, 4))
        return {
            "mode": mode,
            "layers": (count_of(shapes, r"layer1\.forward_block\.(\d+)\."), *later),
            "channels": widths_of(shapes, widths),
            **part_sizes(shapes, "FCs.fc_bin"),
        }

    return Layout("deepgaitv2", mark, options, (*STEM, *body, HEAD))


DEEPGAITV2 = (
    _deepgaitv2(
        "2d",
        "layer4.forward_block.0.conv1.weight",
        "forward_block.0.conv2.weight",
        r"forward_block\.",
        tuple(
            Rename(rf"layer{k}\.forward_block\.(\d+)\.(.*)", rf"stages.{k - 1}.\1.\2")
            for k in (2, 3, 4)
        ),
    ),
    _deepgaitv2(
        "3d",
        "layer4.0.conv1.weight",
        "0.conv2.weight",
        "",
        tuple(Rename(rf"layer{k}\.(\d+)\.(.*)", rf"stages.{k - 1}.\1.\2") for k in (2, 3, 4)),
    ),
    _deepgaitv2(
        "p3d",
        "layer4.0.shortcut3d.weight",
        "0.shortcut3d.weight",
        "",
        tuple(rule for k in (2, 3, 4) for rule in pseudo_3d_stage(k)),
    ),
)
