"""Random generators that are keyed by name, never by call order.

Every random choice in gaitbench takes its generator from here, so adding a draw somewhere changes no
draw elsewhere, and nothing reads or writes a global random state.
"""

import hashlib

import numpy as np


def _digest(seed: int, names: tuple[str | int, ...], size: int) -> int:
    text = "\x1f".join([str(seed), *map(str, names)])
    return int.from_bytes(hashlib.blake2b(text.encode(), digest_size=size).digest(), "little")


def stream(seed: int, *names: str | int) -> np.random.Generator:
    """Return the NumPy generator that belongs to `seed` and this sequence of names.

    >>> bool(stream(0, "a", 1).random() == stream(0, "a", 1).random())
    True
    >>> bool(stream(0, "a", 1).random() == stream(0, "a", 2).random())
    False
    """
    # Philox is keyed directly by the digest: independent streams without a sequence to walk through.
    return np.random.Generator(np.random.Philox(key=_digest(seed, names, 16)))


def torch_seed(seed: int, *names: str | int) -> int:
    """Return a 63-bit seed for a `torch.Generator`, keyed like `stream`."""
    return _digest(seed, names, 8) >> 1
