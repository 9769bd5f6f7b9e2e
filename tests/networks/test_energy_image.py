"""Linear discriminants of energy images, against their textbook definition."""

import numpy as np
import pytest
import torch
from scipy.linalg import eigh

from gaitbench.networks.energy_image import (
    LinearDiscriminant,
    energy_images,
    linear_discriminants,
)


def people(n_identities=6, n_clips=20, d=12, seed=0):
    rng = np.random.default_rng(seed)
    who = np.repeat(np.arange(n_identities), n_clips)
    spread = rng.normal(size=(d, d))
    images = rng.normal(size=(n_identities, d))[who] + rng.normal(size=(len(who), d)) @ spread
    return torch.from_numpy(images - images.mean(0)), torch.from_numpy(who)


def test_an_energy_image_is_the_mean_frame():
    clips = torch.rand(3, 5, 4, 2)
    assert torch.allclose(energy_images(clips), clips.mean(1).reshape(3, 8))
    network = LinearDiscriminant(8, 3)
    network.mean.copy_(torch.rand(8))
    network.projection.copy_(torch.rand(8, 3))
    expected = (clips.mean(1).reshape(3, 8) - network.mean) @ network.projection
    assert torch.allclose(network(clips)[:, :, 0], expected, atol=1e-6)


@pytest.mark.parametrize("shrinkage", [1e-6, 0.3])
def test_axes_are_those_of_the_generalised_eigenproblem(shrinkage):
    images, who = people()
    x, labels = images.numpy(), who.numpy()
    found = linear_discriminants(images, who, components=12, shrinkage=shrinkage).numpy()
    means = np.stack([x[labels == k].mean(0) for k in range(6)])
    within = sum(np.cov(x[labels == k].T, bias=True) * 20 for k in range(6)) / (120 - 6)
    within = (1 - shrinkage) * within + shrinkage * np.trace(within) / 12 * np.eye(12)
    between = means.T @ means / 6
    values, vectors = eigh(between, within)
    assert found.shape == (12, 5)
    # Up to the sign, an axis is unique, and scatter within identities is white along it.
    for k in range(5):
        expected = vectors[:, -1 - k]
        assert np.allclose(found[:, k], np.sign(found[:, k] @ expected) * expected, atol=1e-6)
        assert values[-1 - k] > 0
    assert np.allclose(found.T @ within @ found, np.eye(5), atol=1e-8)


def test_only_the_leading_components_are_used():
    images, who = people(d=12)
    found = linear_discriminants(images, who, components=3, shrinkage=0.1).numpy()
    assert found.shape == (12, 3)
    _, _, axes = np.linalg.svd(images.numpy(), full_matrices=False)
    assert np.allclose(axes[3:] @ found, 0, atol=1e-10)
