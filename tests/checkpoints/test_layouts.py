"""Small made-up state dicts under the reference's names: every layout is recognised without any data."""

import pytest
import torch

from gaitbench.checkpoints.layouts import LAYOUTS
from gaitbench.checkpoints.opengait import from_opengait
from gaitbench.core.errors import CheckpointError

EMBEDDING, PARTS, IDENTITIES = 5, 2, 3


def norm(name, width):
    shapes = {f"{name}.{k}": (width,) for k in ("weight", "bias", "running_mean", "running_var")}
    return shapes | {f"{name}.num_batches_tracked": ()}


def neck(parts=PARTS):
    width = EMBEDDING * parts
    return {"BNNecks.fc_bin": (parts, EMBEDDING, IDENTITIES)} | norm("BNNecks.bn1d", width)


def head(width, name="FCs", parts=PARTS):
    return {f"{name}.fc_bin": (parts, width, EMBEDDING)}


def block(name, before, width, *, shortcut, kernel=(3, 3)):
    """A basic residual block."""
    shapes = {
        f"{name}.conv1.weight": (width, before, *kernel),
        f"{name}.conv2.weight": (width, width, *kernel),
        **norm(f"{name}.bn1", width),
        **norm(f"{name}.bn2", width),
    }
    if shortcut:
        one = (1,) * len(kernel)
        shapes |= {f"{name}.downsample.0.weight": (width, before, *one)}
        shapes |= norm(f"{name}.downsample.1", width)
    return shapes


def pseudo(name, before, width, *, shortcut):
    """A block of 2-D convolutions with one along time."""
    shapes = {
        f"{name}.conv1.forward_block.0.weight": (width, before, 3, 3),
        f"{name}.conv2.forward_block.0.weight": (width, width, 3, 3),
        f"{name}.shortcut3d.weight": (width, width, 3, 1, 1),
        **norm(f"{name}.conv1.forward_block.1", width),
        **norm(f"{name}.conv2.forward_block.1", width),
        **norm(f"{name}.sbn", width),
    }
    if shortcut:
        shapes |= {f"{name}.downsample.0.weight": (width, before, 1, 1, 1)}
        shapes |= norm(f"{name}.downsample.1", width)
    return shapes


def gaitbase():
    shapes = {"Backbone.forward_block.conv1.conv.weight": (2, 1, 3, 3)}
    shapes |= norm("Backbone.forward_block.bn1", 2)
    for k, (before, width) in enumerate(((2, 2), (2, 3), (3, 4), (4, 4)), 1):
        # Stages 2 and 3 shrink the map.
        name = f"Backbone.forward_block.layer{k}.0"
        shapes |= block(name, before, width, shortcut=k in (2, 3))
    return shapes | head(4) | neck()


def frames():
    """The first layers of DeepGaitV2 and SwinGait."""
    return {
        "layer0.forward_block.0.weight": (2, 1, 3, 3),
        **norm("layer0.forward_block.1", 2),
        **block("layer1.forward_block.0", 2, 2, shortcut=False),
    }


def deepgaitv2(mode):
    shapes = frames()
    for k, (before, width) in zip((2, 3, 4), ((2, 3), (3, 4), (4, 6)), strict=True):
        if mode == "p3d":
            shapes |= pseudo(f"layer{k}.0", before, width, shortcut=True)
        else:
            name = f"layer{k}.forward_block.0" if mode == "2d" else f"layer{k}.0"
            kernel = (3, 3) if mode == "2d" else (3, 3, 3)
            shapes |= block(name, before, width, shortcut=True, kernel=kernel)
    return shapes | head(6) | neck()


def gaitgl(variant):
    stages = {"A0": (2, 3), "A1": (3, 4), "B2": (4, 4) if variant == "small" else (4, 6)}
    shapes = {"conv3d.0.conv3d.weight": (2, 1, 3, 3, 3), "LTA.0.conv3d.weight": (2, 2, 3, 1, 1)}
    if variant == "large":
        shapes["conv3d.2.conv3d.weight"] = (2, 2, 3, 3, 3)
    for stage, (before, width) in stages.items():
        layers = (("", before),) if variant == "small" else (("0.", before), ("1.", width))
        for number, seen in layers:
            for kind in ("global", "local"):
                key = f"GLConv{stage}.{number}{kind}_conv3d.conv3d.weight"
                shapes[key] = (width, seen, 3, 3, 3)
    width = stages["B2"][1]
    shapes |= {"HPP.p": (1,), "Head0.fc_bin": (16, width, width), **norm("Bn", width)}
    return shapes | {"Head1.fc_bin": (16, width, IDENTITIES)}


def gaitset():
    shapes = {}
    for k, (before, width) in enumerate(((1, 2), (2, 3), (3, 4)), 1):
        side = 5 if k == 1 else 3
        shapes[f"set_block{k}.forward_block.0.conv.weight"] = (width, before, side, side)
        shapes[f"set_block{k}.forward_block.2.conv.weight"] = (width, width, 3, 3)
        if k > 1:
            shapes[f"gl_block{k}.0.conv.weight"] = (width, before, 3, 3)
            shapes[f"gl_block{k}.2.conv.weight"] = (width, width, 3, 3)
    return shapes | head(4, "Head", parts=62)


def gaitpart(widths):
    shapes = {}
    for pair, width in enumerate(widths):
        before, side = (widths[pair - 1], 3) if pair else (1, 5)
        first = (0, 5, 10, 14)[pair]
        key = "Backbone.forward_block.feature.{}.conv.weight"
        shapes[key.format(first)] = (width, before, side, side)
        shapes[key.format(first + 2)] = (width, width, 3, 3)
    last, hidden = widths[-1], widths[-1] // 4
    for size in (1, 3):
        for part in range(PARTS):
            key = f"TFA.pooling_func.conv1d3x{size}.{part}"
            shapes[f"{key}.0.conv.weight"] = (hidden, last, 3)
            shapes[f"{key}.2.conv.weight"] = (last, hidden, size)
    return shapes | head(last, "Head")


def swingait():
    shapes = frames() | pseudo("layer2.0", 2, 3, shortcut=True)
    shapes |= {
        "transformer.patch_embed.proj.weight": (4, 3, 1, 2, 2),
        "transformer.patch_embed.proj.bias": (4,),
        "transformer.layers.0.downsample.0.weight": (4,),
        "transformer.layers.0.downsample.0.bias": (4,),
        "transformer.layers.0.downsample.1.weight": (8, 4),
    }
    flat = ["transformer.patch_embed.norm", "transformer.norm"]
    for stage, width in enumerate((4, 8)):
        key = f"transformer.layers.{stage}.blocks.0"
        flat += [f"{key}.norm1", f"{key}.norm2"]
        shapes[f"{key}.attn.relative_position_bias_table"] = (225, 2)
        shapes[f"{key}.attn.relative_position_index"] = (45, 45)
        for name, out, seen in (
            ("attn.qkv", 3 * width, width),
            ("attn.proj", width, width),
            ("mlp.fc1", 4 * width, width),
            ("mlp.fc2", width, 4 * width),
        ):
            shapes |= {f"{key}.{name}.weight": (out, seen), f"{key}.{name}.bias": (out,)}
    for name in flat:
        width = 4 if "layers.0" in name or "patch" in name else 8
        shapes |= {f"{name}.weight": (width,), f"{name}.bias": (width,)}
    return shapes | head(8, parts=16) | neck(parts=16)


MADE_UP = {
    "gaitbase": gaitbase(),
    "deepgaitv2 2d": deepgaitv2("2d"),
    "deepgaitv2 3d": deepgaitv2("3d"),
    "deepgaitv2 p3d": deepgaitv2("p3d"),
    "gaitgl small": gaitgl("small"),
    "gaitgl large": gaitgl("large"),
    "gaitset": gaitset(),
    "gaitpart of four pairs": gaitpart((2, 3, 4, 4)),
    "gaitpart of three pairs": gaitpart((2, 3, 4)),
    "swingait": swingait(),
}
EXPECTED = {
    "gaitbase": {"channels": (2, 3, 4, 4), "parts": 2, "embedding": 5},
    "deepgaitv2 2d": {"mode": "2d", "layers": (1, 1, 1, 1), "channels": (2, 3, 4, 6)},
    "deepgaitv2 3d": {"mode": "3d", "layers": (1, 1, 1, 1), "channels": (2, 3, 4, 6)},
    "deepgaitv2 p3d": {"mode": "p3d", "layers": (1, 1, 1, 1), "channels": (2, 3, 4, 6)},
    "gaitgl small": {"variant": "small", "channels": (2, 3, 4), "parts": 16, "head": "norm"},
    "gaitgl large": {"variant": "large", "channels": (2, 3, 4, 6), "parts": 16},
    "gaitset": {"channels": (2, 3, 4), "embedding": 5},
    "gaitpart of four pairs": {"channels": (2, 3, 4, 4), "parts": 2, "squeeze": 4},
    "gaitpart of three pairs": {"channels": (2, 3, 4), "parts": 2},
    "swingait": {"layers": (1, 1), "channels": (2, 3), "widths": (4, 8), "depths": (1, 1)},
}


def weights(name):
    generator = torch.Generator().manual_seed(0)
    return {k: torch.rand(shape, generator=generator) for k, shape in MADE_UP[name].items()}


@pytest.mark.parametrize("name", MADE_UP)
def test_backbone_and_sizes_are_told_by_keys_and_shapes(name):
    network = from_opengait(weights(name))
    assert network.spec.name == name.split()[0]
    options = dict(network.spec.options)
    assert EXPECTED[name].items() <= options.items()
    rows = 16 if name.startswith("gaitgl") else 64
    embeddings = network.embed(torch.ones(2, 3, rows, 44))
    assert torch.isfinite(embeddings).all()
    assert embeddings.shape[2] == network.backbone.parts


@pytest.mark.parametrize("name", MADE_UP)
def test_the_order_of_the_keys_does_not_matter(name):
    found = weights(name)
    backwards = dict(sorted(found.items(), reverse=True))
    clips = torch.ones(1, 3, 16 if name.startswith("gaitgl") else 64, 44)
    plain = from_opengait(found).embed(clips)
    assert torch.equal(from_opengait(backwards).embed(clips), plain)


def test_every_layout_is_among_the_made_up_ones():
    assert {layout.name for layout in LAYOUTS} == {name.split()[0] for name in MADE_UP}
    marks = {layout.mark for layout in LAYOUTS}
    assert all(sum(mark in shapes for mark in marks) == 1 for shapes in MADE_UP.values())


@pytest.mark.parametrize("name", MADE_UP)
def test_a_checkpoint_without_its_head_is_told_apart(name):
    found = {k: v for k, v in weights(name).items() if not k.startswith(("FCs", "Head"))}
    with pytest.raises(CheckpointError, match=f"{name.split()[0]}.*(lacks|missing)"):
        from_opengait(found)


@pytest.mark.parametrize("name", ["gaitbase", "deepgaitv2 3d", "swingait"])
def test_a_head_of_another_shape_is_told_apart(name):
    with pytest.raises(CheckpointError, match="another number of dimensions"):
        from_opengait(weights(name) | {"FCs.fc_bin": torch.ones(4, 5)})


def test_sizes_that_cannot_be_built():
    found = weights("gaitbase")
    without = {k: v for k, v in found.items() if "layer4" not in k}
    with pytest.raises(CheckpointError, match="sizes that gaitbench cannot build"):
        from_opengait(without)
