"""Clips for the tests of the generators."""

from collections.abc import Iterator

import numpy as np
import pytest
import torch
from torch import Tensor


def walker_like(t: int, h: int, w: int, seed: int = 0) -> Tensor:
    """Return a standing ellipse with two swinging legs, uint8 {0, 1}, [t, h, w]."""
    rng = np.random.default_rng(seed)
    phase = rng.uniform(0, 2 * np.pi)
    row, column = (np.arange(h) + 0.5)[:, None] / h, ((np.arange(w) + 0.5)[None, :] - w / 2) / h
    frames = np.zeros((t, h, w), np.uint8)
    for i in range(t):
        trunk = (column / 0.12) ** 2 + ((row - 0.35) / 0.36) ** 2 <= 1
        legs = np.zeros_like(trunk)
        for sign in (-1, 1):
            swing = 0.3 * np.sin(phase + 0.5 * i) * sign
            legs |= (np.abs(column - swing * (row - 0.5)) < 0.06) & (row > 0.5)
        frames[i] = trunk | legs
    return torch.from_numpy(frames)


@pytest.fixture(scope="session", autouse=True)
def one_thread() -> Iterator[None]:
    """Use one thread: for clips this small, further ones only wait for each other."""
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


@pytest.fixture(scope="session")
def clips() -> Tensor:
    """Return four clips, uint8 {0, 1}, [4, 12, 64, 44]."""
    return torch.stack([walker_like(12, 64, 44, seed) for seed in range(4)])


@pytest.fixture(scope="session")
def make_clip():
    """Return the function that makes one clip of any size."""
    return walker_like
