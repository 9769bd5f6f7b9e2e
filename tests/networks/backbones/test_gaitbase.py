"""GaitBase against the reference implementation's own numbers, and on clips of different lengths."""

import torch

from gaitbench.backbones.base import BackboneSpec
from gaitbench.networks.parts import pool_parts
from tests import golden

SMALL = {"channels": (4, 4, 8, 8), "parts": 4, "embedding": 6}


def test_embeddings_and_logits_equal_the_reference():
    network, arrays = golden.network("gaitbase")
    features = network.features(arrays["input"].float())
    embeddings = network.project(features)
    golden.assert_close(features, arrays["feat"])
    golden.assert_close(embeddings, arrays["embeddings"])
    golden.assert_close(network.neck(embeddings), arrays["logits"])


def test_clips_of_different_lengths_equal_the_reference():
    network, arrays = golden.network("gaitbase")
    clips, lengths = golden.padded(arrays["packed_input"], arrays["packed_seqL"])
    features = network.features(clips, lengths)
    embeddings = network.project(features)
    golden.assert_close(features, arrays["packed_feat"])
    golden.assert_close(embeddings, arrays["packed_embeddings"])
    golden.assert_close(network.neck(embeddings), arrays["packed_logits"])


def test_padding_is_no_part_of_the_batch_statistics():
    torch.manual_seed(0)
    short, padded = (BackboneSpec.of("gaitbase", SMALL).build() for _ in range(2))
    padded.load_state_dict(short.state_dict())
    clips = (torch.rand(2, 4, 32, 22) > 0.5).float()
    longer = torch.cat([clips, torch.ones(2, 3, 32, 22)], 1)
    short(clips)
    padded(longer, torch.tensor([4, 4]))
    torch.testing.assert_close(short.bn1.running_mean, padded.bn1.running_mean)


def test_strips_are_mean_plus_maximum():
    maps = torch.arange(2 * 3 * 4 * 2, dtype=torch.float).reshape(2, 3, 4, 2)
    strips = pool_parts(maps, 2)
    assert strips.shape == (2, 3, 2)
    first = maps[0, 0, :2]
    assert strips[0, 0, 0] == first.mean() + first.max()
