"""How OpenGait names the weights of each backbone, and what sizes the shapes of its tensors tell.

Keys and shapes are those of OpenGait's state dicts; the RG-Gait, MimicGait and Occ-Aware code bases use
the same ones under a prefix.
"""

import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Any

from torch import Tensor

from gaitbench.checkpoints.keymap import Rename
from gaitbench.core.errors import CheckpointError

Shapes = Mapping[str, tuple[int, ...]]


PART_NECK = (
    Rename(r"BNNecks\.bn1d\.(.*)", r"norm.\1"),
    Rename(r"BNNecks\.fc_bin", r"weight"),
)
PART_MIXER = Rename(r"fc_bin", r"mixer.weight")
JOINED = (Rename(r"occ_mixer_fc\.fc_bin", r"mixer.weight"),)


@dataclass(frozen=True)
class Layout:
    """One backbone in OpenGait's names.

    Args:
        name: Of the backbone in gaitbench.
        mark: A key that only this backbone has.
        options: Sizes from shapes, as the backbone's constructor takes them.
        body: Rules from OpenGait's keys to names in the backbone.
        neck: Rules from OpenGait's keys to names in its neck.
        mixer: Rule from the rest of the released mixers' keys to the name in a stage's network.
        joined: Rules from Occ-Aware's keys to names in `Backbone.joined`, before those of the body.
        classifiers: Keys whose last dimension is the number of identities.
    """

    name: str
    mark: str
    options: Callable[[Shapes], dict[str, Any]]
    body: tuple[Rename, ...]
    neck: tuple[Rename, ...] = PART_NECK
    mixer: Rename = PART_MIXER
    joined: tuple[Rename, ...] = JOINED
    classifiers: tuple[str, ...] = ("BNNecks.fc_bin",)

    def identities(self, shapes: Shapes) -> int | None:
        """Return the size of the classifier; None where the state dict has none."""
        return next((shapes[key][-1] for key in self.classifiers if key in shapes), None)


def shapes_of(tensors: Mapping[str, Tensor], prefix: str = "") -> dict[str, tuple[int, ...]]:
    """Return the shape of every tensor whose key has the prefix, by the rest of the key."""
    return {
        key.removeprefix(prefix): tuple(value.shape)
        for key, value in tensors.items()
        if key.startswith(prefix)
    }


def options_of(layout: Layout, shapes: Shapes, source: str) -> dict[str, Any]:
    """Return the sizes of a layout's backbone.

    Raises:
        CheckpointError: If the tensors that tell them are missing, or have another number of dimensions.
    """
    try:
        return layout.options(shapes)
    except KeyError as error:
        raise CheckpointError(
            f"{source} has {layout.mark!r}, so it looks like {layout.name}, but lacks {error}, which tells "
            "its sizes."
        ) from error
    except (ValueError, IndexError, ZeroDivisionError) as error:
        raise CheckpointError(
            f"{source} has {layout.mark!r}, so it looks like {layout.name}, but a tensor that tells its "
            f"sizes has another number of dimensions than expected: {error}."
        ) from error


def layout_of(shapes: Shapes) -> Layout | None:
    """Return the layout whose mark is among the keys."""
    return next((layout for layout in LAYOUTS if layout.mark in shapes), None)


HEAD = Rename(r"FCs\.fc_bin", r"head.weight")
BLOCK = "Backbone.forward_block."


def _part_sizes(shapes: Shapes, key: str) -> dict[str, Any]:
    parts, _, embedding = shapes[key]
    return {"parts": parts, "embedding": embedding}


def _widths(shapes: Shapes, keys: Iterable[str]) -> tuple[int, ...]:
    """Return the output channels of the layers under these keys, as far as they are there."""
    return tuple(shapes[key][0] for key in keys if key in shapes)


def _count(shapes: Shapes, pattern: str) -> int:
    """Return how many different numbers the pattern's group takes."""
    return len({found[1] for key in shapes if (found := re.match(pattern, key))})


def _gaitbase_options(shapes: Shapes) -> dict[str, Any]:
    widths = _widths(shapes, (f"{BLOCK}layer{k}.0.conv2.weight" for k in range(1, 5)))
    return {"channels": widths} | _part_sizes(shapes, "FCs.fc_bin")


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


STEM = (
    Rename(r"layer0\.forward_block\.0\.weight", r"conv1.weight"),
    Rename(r"layer0\.forward_block\.1\.(.*)", r"bn1.\1"),
    Rename(r"layer1\.forward_block\.(\d+)\.(.*)", r"stages.0.\1.\2"),
)
"""The layers that see single frames in DeepGaitV2 and SwinGait."""


def _without_last(tensor: Tensor) -> Tensor:
    """Drop the last dimension of a kernel that does not reach across the width."""
    return tensor.squeeze(-1)


def _pseudo_3d_stage(k: int) -> tuple[Rename, ...]:
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
        later = (_count(shapes, rf"layer{k}\.{blocks}(\d+)\.") for k in (2, 3, 4))
        return {
            "mode": mode,
            "layers": (_count(shapes, r"layer1\.forward_block\.(\d+)\."), *later),
            "channels": _widths(shapes, widths),
            **_part_sizes(shapes, "FCs.fc_bin"),
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
        tuple(rule for k in (2, 3, 4) for rule in _pseudo_3d_stage(k)),
    ),
)


def _gaitgl_options(shapes: Shapes) -> dict[str, Any]:
    large = "GLConvA0.0.global_conv3d.conv3d.weight" in shapes
    inner = "1.global_conv3d.conv3d.weight" if large else "global_conv3d.conv3d.weight"
    stages = ["GLConvA0", "GLConvA1", *(["GLConvB2"] if large else [])]
    return {
        "variant": "large" if large else "small",
        "channels": _widths(shapes, ["conv3d.0.conv3d.weight", *(f"{s}.{inner}" for s in stages)]),
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


def _gaitset_options(shapes: Shapes) -> dict[str, Any]:
    widths = (f"set_block{k}.forward_block.2.conv.weight" for k in (1, 2, 3))
    return {"channels": _widths(shapes, widths), "embedding": shapes["Head.fc_bin"][-1]}


PLAIN_HEAD = Rename(r"Head\.fc_bin", r"head.weight")
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


_GAITPART_LAYER = r"Backbone\.forward_block\.feature\.(\d+)\.conv\.weight"


def _gaitpart_options(shapes: Shapes) -> dict[str, Any]:
    # By their numbers: a file may hold its keys in the order of the alphabet.
    numbers = sorted(
        int(found[1]) for key in shapes if (found := re.match(_GAITPART_LAYER, key)) is not None
    )
    widths = _widths(shapes, (f"{BLOCK}feature.{k}.conv.weight" for k in numbers))
    squeezed = shapes["TFA.pooling_func.conv1d3x1.0.0.conv.weight"]
    return {
        "channels": widths[::2],
        "squeeze": squeezed[1] // squeezed[0],
        **_part_sizes(shapes, "Head.fc_bin"),
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


def _but_last_part(tensor: Tensor) -> Tensor:
    """Drop the last part: SwinGait's repeats the one before, and is cut off every embedding."""
    return tensor[:-1]


def _swingait_options(shapes: Shapes) -> dict[str, Any]:
    stages = range(_count(shapes, r"transformer\.layers\.(\d)\."))
    blocks = [f"transformer.layers.{k}.blocks" for k in stages]
    parts, _, embedding = shapes["FCs.fc_bin"]
    return {
        "layers": tuple(
            _count(shapes, rf"layer{k}\.{inner}(\d+)\.")
            for k, inner in ((1, r"forward_block\."), (2, ""))
        ),
        "channels": _widths(
            shapes, ["layer0.forward_block.0.weight", "layer2.0.shortcut3d.weight"]
        ),
        "widths": _widths(shapes, (f"{b}.0.norm1.weight" for b in blocks)),
        "depths": tuple(_count(shapes, re.escape(b) + r"\.(\d)\.") for b in blocks),
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
        *_pseudo_3d_stage(2),
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

LAYOUTS = (GAITBASE, *DEEPGAITV2, GAITGL, GAITSET, GAITPART, SWINGAIT)
"""Every layout there is; a backbone may have several."""
