"""Checkpoints by keys alone: recognised, loaded exactly or refused, and converted."""

import pytest
import torch

from gaitbench.checkpoints.contents import recognise
from gaitbench.checkpoints.opengait import convert, from_opengait, inspect, load_detector
from gaitbench.checkpoints.read import read_checkpoint
from gaitbench.core.errors import CheckpointError, ConfigurationError, DataError, UnknownNameError
from tests import golden

RECOGNISED = {
    "gaitbase": ("backbone", "gaitbase", 10),
    "deepgaitv2_p3d": ("backbone", "deepgaitv2", 10),
    "gaitgl_small": ("backbone", "gaitgl", 10),
    "gaitgl_large": ("backbone", "gaitgl", 10),
    "gaitset": ("backbone", "gaitset", None),
    "rg_gait_gaitbase": ("rg-gait", "gaitbase", 10),
    "mimicgait_gaitbase": ("mimicgait", "gaitbase", None),
    "occ_aware_gaitgl": ("occ-aware", "gaitgl", 10),
}
KEYS_ONLY = {
    "deepgaitv2_2d": ("backbone", "deepgaitv2", (256, 16)),
    "deepgaitv2_3d": ("backbone", "deepgaitv2", (256, 16)),
    "gaitpart": ("backbone", "gaitpart", (256, 16)),
    "swingait": ("backbone", "swingait", (256, 15)),
    "occ_aware_gaitpart": ("occ-aware", "gaitpart", (320, 16)),
    "rg_gait_deepgaitv2": ("rg-gait", "deepgaitv2", (256, 16)),
    "rg_gait_swingait": ("rg-gait", "swingait", (256, 15)),
}


@pytest.mark.parametrize("name", RECOGNISED)
def test_networks_are_recognised(name):
    """That they then give the reference's numbers is tested with the backbones and the methods."""
    content = recognise(read_checkpoint(golden.state_dict(name)))
    assert (content.kind, content.backbone.name, content.identities) == RECOGNISED[name]


def test_arrays_of_clips_of_different_lengths_are_embedded():
    network, arrays = golden.network("gaitset")
    clips, lengths = golden.padded(arrays["packed_input"], arrays["packed_seqL"])
    found = network.embed(clips.byte().numpy(), lengths)
    golden.assert_close(found, arrays["packed_embeddings"])


@pytest.mark.parametrize("name", KEYS_ONLY)
def test_keys_without_outputs_are_accepted_exactly(name):
    kind, backbone, shape = KEYS_ONLY[name]
    weights = golden.state_dict(name)
    content = recognise(read_checkpoint(weights))
    assert (content.kind, content.backbone.name) == (kind, backbone)
    network = from_opengait(weights)
    width = 44 if kind == "backbone" else 64
    clips = torch.rand(1, 2, 64, width, generator=torch.Generator().manual_seed(0)) > 0.5
    embeddings = network.embed(clips)
    assert embeddings.shape == (1, *shape)
    assert embeddings.std() > 0.01
    if kind == "backbone" and network.neck is not None:
        assert torch.isfinite(network.neck(embeddings)).all()


def test_derivable_buffers_may_be_there_or_not():
    weights = golden.state_dict("swingait")
    assert not any(key.endswith("relative_position_index") for key in weights)
    blocks = [k for k in weights if k.endswith("relative_position_bias_table")]
    index = {k.replace("bias_table", "index"): torch.zeros(45, 45) for k in blocks}
    clips = torch.ones(1, 2, 64, 44)
    plain = golden.network("swingait")[0].embed(clips)
    assert torch.equal(from_opengait(weights | index).embed(clips), plain)


def test_the_prefix_of_parallel_training_does_not_matter():
    weights = golden.state_dict("oem_ven")
    plain = load_detector(weights).state_dict()
    wrapped = load_detector({f"module.{k}": v for k, v in weights.items()}).state_dict()
    assert plain.keys() == wrapped.keys()
    assert all(torch.equal(value, wrapped[key]) for key, value in plain.items())


def test_the_detector_of_nine_types():
    weights = golden.state_dict("occ_detector_released")
    assert all(key.startswith("module.") for key in weights)
    found = load_detector(weights)(torch.ones(2, 3, 64, 64))
    assert found.type_logits.shape == (2, 9)
    assert found.amount.isnan().all()


def test_a_detector_of_the_amount_alone():
    found = load_detector(golden.state_dict("oem_rg"))(torch.ones(2, 3, 64, 64))
    assert found.type_logits.shape == (2, 0)
    assert found.amount.isfinite().all()


@pytest.fixture(scope="module")
def gaitbase():
    return golden.state_dict("gaitbase")


def test_networks_and_detectors_are_told_apart(gaitbase):
    with pytest.raises(CheckpointError, match="occlusion detector, which embeds nobody"):
        from_opengait(golden.state_dict("oem_ven"))
    with pytest.raises(CheckpointError, match="no occlusion detector"):
        load_detector(gaitbase)


def test_the_backbone_that_was_asked_for(gaitbase):
    assert from_opengait(gaitbase, "gaitbase").spec.name == "gaitbase"
    with pytest.raises(CheckpointError, match="holds backbone gaitbase, not the backbone 'gaitgl'"):
        from_opengait(gaitbase, "gaitgl")
    with pytest.raises(UnknownNameError, match="Did you mean 'gaitbase'"):
        from_opengait(gaitbase, "gaitbas")


def test_keys_must_fit_exactly(gaitbase):
    fewer = {k: v for k, v in gaitbase.items() if "layer3.0.bn1.bias" not in k}
    with pytest.raises(
        CheckpointError, match=r"1 missing\. missing: backbone\.stages\.2\.bn1\.bias"
    ):
        from_opengait(fewer)
    with pytest.raises(CheckpointError, match=r"1 unexpected\. unexpected: extra"):
        from_opengait(gaitbase | {"extra": torch.ones(1)})
    wrong = gaitbase | {"Backbone.forward_block.bn1.bias": torch.ones(3)}
    with pytest.raises(CheckpointError, match=r"1 wrong shape.*\(3 where the network has 64\)"):
        from_opengait(wrong)
    with pytest.raises(CheckpointError, match="no network that gaitbench knows"):
        from_opengait({"a": torch.ones(1)})


def test_silhouettes_are_checked():
    network, _ = golden.network("gaitbase")
    with pytest.raises(DataError, match=r"\[n, t, h, w\]"):
        network.embed(torch.zeros(3, 64, 44))
    with pytest.raises(DataError, match="reach 255"):
        network.embed(torch.full((1, 1, 64, 44), 255, dtype=torch.uint8))


CONVERTED = ["gaitgl_small", "rg_gait_gaitbase"]


@pytest.mark.parametrize("name", CONVERTED)
def test_a_converted_file_is_the_same_network(name, tmp_path):
    network, arrays = golden.network(name)
    file, target = tmp_path / "x-500.pt", tmp_path / "x.safetensors"
    torch.save({"model": golden.state_dict(name), "iteration": 500}, file)
    convert(file, target)
    clips = arrays["input"][:1, :4]
    assert torch.equal(from_opengait(target).embed(clips), network.embed(clips))
    checkpoint, content, found = inspect(target)
    assert checkpoint.iteration == 500
    assert content.backbone == network.spec
    assert {row.status for row in found.rows} == {"matched"}


def test_converting_refuses_to_overwrite(gaitbase, tmp_path):
    file, target = tmp_path / "x.pt", tmp_path / "x.safetensors"
    torch.save(gaitbase, file)
    with pytest.raises(ConfigurationError, match=r"ending \.safetensors"):
        convert(file, tmp_path / "x.bin")
    target.touch()
    with pytest.raises(ConfigurationError, match="there already"):
        convert(file, target)


def test_a_converted_detector(tmp_path):
    arrays = golden.load("oem_ven")[1]
    torch.save(golden.state_dict("oem_ven"), tmp_path / "ven.pth")
    convert(tmp_path / "ven.pth", tmp_path / "ven.safetensors")
    clips = arrays["input"].float().unsqueeze(1)
    with torch.no_grad():
        found = load_detector(tmp_path / "ven.safetensors")(clips)
    golden.assert_close(found.amount, arrays["amount"])
