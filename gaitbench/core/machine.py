"""What this machine has to offer."""

import os


def default_jobs(device: str) -> int:
    """Return as many workers as there are cores; one for a GPU, which workers would have to share."""
    return (os.cpu_count() or 1) if device == "cpu" else 1
