"""GaitGL against the reference implementation's numbers, and its layers against loops."""

import pytest
import torch
from torch import nn
from torch.nn import functional

from gaitbench.backbones.gaitgl import GaitGL
from gaitbench.core.errors import ConfigurationError
from gaitbench.networks.backbones.gaitgl import GeneralisedMean, GlobalLocalConv
from gaitbench.networks.parts import PartNeck
from tests import golden


@pytest.mark.parametrize("name", ["gaitgl_small", "gaitgl_large"])
def test_embeddings_and_logits_equal_the_reference(name):
    network, arrays = golden.network(name)
    features = network.features(arrays["input"].float())
    embeddings = network.project(features)
    golden.assert_close(features, arrays["feat"])
    golden.assert_close(embeddings, arrays["embeddings"])
    golden.assert_close(network.neck(embeddings), arrays["logits"])


@pytest.mark.parametrize("name", ["gaitgl_small", "gaitgl_large"])
@pytest.mark.parametrize("frames", [1, 2, 10])
def test_short_clips_equal_the_reference(name, frames):
    network, arrays = golden.network(name)
    short = f"short_s{frames}_"
    embeddings = network.embed(arrays[f"{short}input"])
    golden.assert_close(embeddings, arrays[f"{short}embeddings"])
    golden.assert_close(network.neck(embeddings), arrays[f"{short}logits"])


def test_a_joined_vector_equals_the_reference():
    network, arrays = golden.network("occ_aware_gaitgl")
    joined, neck = network.network.joined, network.network.neck
    parts = {"detected": network.detector, "head": joined.backbone, "mixed": joined.mixer}
    with golden.outputs(**parts) as found:
        embeddings = network.embed(arrays["input"])
    golden.assert_close(found["detected"].feature, arrays["occ_feat"])
    golden.assert_close(found["head"], arrays["head0"])
    golden.assert_close(found["mixed"], arrays["mixed"])
    golden.assert_close(embeddings, arrays["embeddings"])
    golden.assert_close(neck(embeddings), arrays["logits"])


@pytest.mark.parametrize("stacked", [True, False])
def test_local_convolutions_see_one_strip(stacked):
    torch.manual_seed(0)
    layer = GlobalLocalConv(3, 4, strips=4, stacked=stacked)
    x = torch.randn(2, 3, 3, 8, 5)
    with torch.no_grad():
        strips = [layer.local_conv(strip) for strip in x.split(2, 3)]
        local = functional.leaky_relu(torch.cat(strips, 3))
        whole = functional.leaky_relu(layer.global_conv(x))
        wanted = torch.cat([whole, local], 3) if stacked else whole + local
        torch.testing.assert_close(layer(x), wanted, atol=1e-5, rtol=1e-5)


def test_the_power_mean_is_between_mean_and_maximum():
    maps = torch.rand(2, 3, 4, 5)
    strips = maps.reshape(2, 3, 2, 10)
    torch.testing.assert_close(GeneralisedMean(2, 1.0)(maps), strips.mean(-1))
    pooled = GeneralisedMean(2, 6.5)(maps.bfloat16())
    assert pooled.dtype == torch.float32
    assert (pooled > strips.mean(-1)).all()
    assert (pooled < strips.amax(-1) + 0.01).all()


def test_the_other_head_has_the_usual_neck():
    torch.manual_seed(0)
    backbone = GaitGL(channels=(4, 4, 8), parts=32, head="bnneck").build()
    assert isinstance(backbone.neck(5), PartNeck)
    assert not any(isinstance(module, nn.BatchNorm1d) for module in backbone.modules())
    features = torch.rand(2, 8, 32)
    assert torch.equal(backbone.project(features), backbone.head(features))


def test_heights_that_do_not_fit_are_named():
    backbone = GaitGL(channels=(4, 4, 8)).build()
    with pytest.raises(ConfigurationError, match=r"32 rows .* 64 parts"):
        backbone(torch.ones(1, 3, 32, 22))
    backbone = GaitGL(channels=(4, 4, 8), parts=20).build()
    with pytest.raises(ConfigurationError, match=r"40 rows .* 16 strips"):
        backbone(torch.ones(1, 3, 40, 22))
