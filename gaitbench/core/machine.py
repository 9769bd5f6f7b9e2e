"""What this machine has to offer."""

import os

from gaitbench.core.errors import DataError

DEVICES = ("auto", "cpu", "cuda", "mps")
"""Kinds of devices, "cuda" also with a number: "cuda:1"."""


def check_device(name: str) -> None:
    """Check that a device is of a known kind; whether this machine has one, only torch can say.

    Raises:
        DataError: If it is not.
    """
    if name.split(":")[0] not in DEVICES:
        raise DataError(f"Device {name!r} is not available anywhere; known: {', '.join(DEVICES)}.")


def default_jobs(device: str) -> int:
    """Return as many workers as there are cores; one for a GPU, which workers would have to share."""
    return (os.cpu_count() or 1) if device == "cpu" else 1
