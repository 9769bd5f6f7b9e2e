"""What every registered backbone must do, at small sizes where it is known how to make it small."""

import pytest
import torch
from torch.utils._python_dispatch import TorchDispatchMode

from gaitbench.backbones.base import BackboneSpec, backbones
from gaitbench.networks.backbones.blocks import Shortcut
from gaitbench.training.trainer import on_device

SMALL = {
    "gaitbase": {"": {"channels": (4, 4, 8, 8), "parts": 4, "embedding": 6}},
    "deepgaitv2": {
        mode: {
            "mode": mode,
            "layers": (1, 2, 1, 1),
            "channels": (4, 4, 8, 8),
            "parts": 4,
            "embedding": 6,
        }
        for mode in ("2d", "3d", "p3d")
    },
    "gaitgl": {
        "small": {"channels": (4, 4, 8), "parts": 32},
        "large": {"variant": "large", "channels": (4, 4, 6, 8), "parts": 16},
        "bnneck": {"channels": (4, 4, 8), "parts": 32, "head": "bnneck"},
    },
    "gaitpart": {"": {"channels": (4, 4, 8, 8), "parts": 4, "embedding": 6}},
    "gaitset": {"": {"channels": (4, 6, 8), "bins": (4, 2, 1), "embedding": 6}},
    "swingait": {
        "": {
            "layers": (1, 1),
            "channels": (4, 8),
            "size": (12, 8),
            "widths": (8, 16),
            "depths": (2, 2),
            "heads": (2, 4),
            "window": (3, 2, 3),
            "parts": 3,
            "embedding": 6,
        }
    },
}
CASES = [
    pytest.param(name, options, id="-".join(filter(None, (name, variant))))
    for name in backbones.names()
    for variant, options in SMALL.get(name, {"": {}}).items()
]
every = pytest.mark.parametrize(("name", "options"), CASES)


def build(name, options):
    torch.manual_seed(0)
    return BackboneSpec.of(name, options).build()


def clips(n, t):
    return (torch.rand(n, t, 32, 22, generator=torch.Generator().manual_seed(1)) > 0.5).float()


@every
def test_padding_never_changes_a_clip(name, options):
    backbone = build(name, options).eval()
    x, lengths = clips(3, 7), torch.tensor([7, 1, 5])
    with torch.no_grad():
        together = backbone(x, lengths)
        for i, length in enumerate(lengths):
            alone = backbone(x[i : i + 1, :length])
            torch.testing.assert_close(together[i : i + 1], alone, atol=1e-5, rtol=1e-5)


@every
def test_a_backbone_is_features_then_project(name, options):
    backbone = build(name, options).eval()
    x = clips(2, 3)
    kept = x.clone()
    with torch.no_grad():
        features = backbone.features(x)
        embeddings = backbone.project(features)
        assert features.shape == (2, backbone.feature_channels, backbone.parts)
        assert embeddings.shape == (2, backbone.channels, backbone.parts)
        torch.testing.assert_close(backbone(x), embeddings)
        assert backbone.neck(5)(embeddings).shape == (2, 5, backbone.parts)
    assert torch.equal(x, kept)


@every
def test_every_parameter_learns(name, options):
    backbone = build(name, options)
    neck = backbone.neck(5)
    neck(backbone(clips(4, 4))).square().sum().backward()
    idle = [k for k, v in backbone.named_parameters() if v.grad is None or not v.grad.any()]
    assert idle == []


@every
def test_every_parameter_learns_with_a_vector_joined(name, options):
    joined = build(name, options).joined(3)
    neck = joined.neck(5)
    embeddings = joined(clips(4, 4), torch.randn(4, 3))
    assert embeddings.shape == (4, joined.channels, joined.parts)
    logits = neck(embeddings)
    assert logits.shape == (4, 5, joined.parts)
    logits.square().sum().backward()
    idle = [k for k, v in joined.named_parameters() if v.grad is None or not v.grad.any()]
    assert idle == []


@every
def test_a_joined_vector_counts(name, options):
    joined = build(name, options).joined(3).eval()
    x = clips(1, 4)
    with torch.no_grad():
        assert not torch.equal(joined(x, torch.zeros(1, 3)), joined(x, torch.ones(1, 3)))


@every
def test_a_training_step_in_bfloat16(name, options):
    # In the memory format that the trainer gives it.
    backbone = on_device(build(name, options), torch.device("cpu"))
    neck = backbone.neck(5)
    x = clips(4, 4)
    with torch.autocast("cpu", torch.bfloat16):
        embeddings = backbone(x, torch.tensor([4, 4, 3, 4]))
        loss = neck(embeddings).float().square().sum() + embeddings.float().square().mean()
    loss.backward()
    for parameter in backbone.parameters():
        assert torch.isfinite(parameter.grad).all()


class Convolutions(TorchDispatchMode):
    """Records the shape of the kernels and the stride of every convolution."""

    def __init__(self):
        super().__init__()
        self.seen = []

    def __torch_dispatch__(self, func, types, args=(), kwargs=None):
        if func is torch.ops.aten.convolution.default:
            self.seen.append((tuple(args[1].shape), tuple(args[3])))
        return func(*args, **(kwargs or {}))


@every
def test_no_backbone_strides_over_few_channels_with_one_pixel(name, options):
    # Such a convolution's gradient corrupts memory: see `Shortcut`.
    backbone = build(name, options)
    with Convolutions() as convolutions:
        backbone(clips(2, 4))
    assert convolutions.seen
    unsafe = [
        (kernels, stride)
        for kernels, stride in convolutions.seen
        if kernels[1] % Shortcut.ALIGNED and kernels[2:] == (1, 1) and max(stride) > 1
    ]
    assert unsafe == []


@every
def test_the_same_seed_gives_the_same_training_step(name, options):
    # Half of the branches are left out, so that other random numbers could not give the same.
    dropped = {"drop_path": 0.5} if name == "swingait" else {}

    def step(draws):
        backbone = build(name, options | dropped)
        # Something else that draws from the global state must not matter.
        torch.rand(draws)
        return backbone(clips(4, 4))

    torch.testing.assert_close(step(0), step(3), atol=0, rtol=0)


@every
def test_parts_lie_where_spans_say(name, options):
    network = build(name, options).eval()
    spans = network.spans()
    assert spans.shape == (network.parts, 2)
    assert (spans[:, 0] < spans[:, 1]).all()
    assert (spans.min(), spans.max()) == (0, 1)

    moved = []
    for rows in (slice(0, 8), slice(24, 32)):
        changed = clips(3, 4)
        changed[:, :, rows] = 1 - changed[:, :, rows]
        moved.append((network(changed) - network(clips(3, 4))).norm(dim=1).mean(0))
    upper, lower = spans[:, 1] <= 0.34, spans[:, 0] >= 0.66
    assert upper.any()
    assert (moved[0] > moved[1])[upper].all()
    assert (moved[1] > moved[0])[lower].all()
