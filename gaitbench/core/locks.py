"""Who makes an artifact holds its lock; a lock belongs to a process and vanishes with it."""

from pathlib import Path

import filelock


def lock_of(folder: Path, key: str) -> filelock.BaseFileLock:
    """Return the lock of an artifact in a store's folder of locks, which must be there."""
    return filelock.FileLock(folder / f"{key}.lock")
