"""The store: content-addressed artifacts that are complete or absent.

    store/<kind>/<key>/    spec.json (what it is), record.json (how it was made), payload

An artifact is written under a temporary name, flushed to disk and renamed. Locks belong to processes
and vanish with them, so a killed run leaves nothing that has to be cleaned by hand.
"""

import errno
import json
import os
import shutil
import uuid
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Literal

import filelock

from gaitbench.core.errors import PluginError, StoreError
from gaitbench.core.locks import lock_of

STORE_VERSION = 1
Kind = Literal["datasets", "stages", "scores", "experiments"]
DEFAULT_FOLDER = Path("gaitbench-store")


class Store:
    """Artifacts in one folder.

    Args:
        folder: Made when first written to.

    Raises:
        StoreError: If the folder holds a store of another version, or something else.
    """

    def __init__(self, folder: Path = DEFAULT_FOLDER) -> None:
        self.folder = folder.resolve()
        marker = self.folder / "store.json"
        if marker.is_file():
            version = _read_json(marker).get("version")
            if version != STORE_VERSION:
                raise StoreError(
                    f"{self.folder} is a store of version {version!r}; this gaitbench uses version "
                    f"{STORE_VERSION}. Choose another folder with --store, or read it with the gaitbench "
                    "that made it."
                )
        elif self.folder.is_dir() and any(
            not p.name.startswith(".") for p in self.folder.iterdir()
        ):
            raise StoreError(
                f"{self.folder} is not a gaitbench store and not empty. Choose another folder with --store."
            )

    def prepare(self) -> None:
        """Make the folder and check that it can be written.

        Raises:
            StoreError: If not.
        """
        with _disk_errors(self.folder):
            self.folder.mkdir(parents=True, exist_ok=True)
            marker = self.folder / "store.json"
            if not marker.exists():
                _write_json(marker, {"version": STORE_VERSION})
            probe = self.folder / f".write-{uuid.uuid4().hex}"
            probe.write_bytes(b"x")
            probe.unlink()

    def path(self, kind: Kind, key: str) -> Path:
        """Return where an artifact lies, or would."""
        return self.folder / kind / key

    def has(self, kind: Kind, key: str) -> bool:
        """Whether the artifact is there, which means complete."""
        return (self.path(kind, key) / "spec.json").is_file()

    def keys(self, kind: Kind) -> list[str]:
        """Return the keys of all artifacts of a kind."""
        folder = self.folder / kind
        if not folder.is_dir():
            return []
        return sorted(p.name for p in folder.iterdir() if self.has(kind, p.name))

    def spec(self, kind: Kind, key: str) -> dict[str, Any]:
        """Return what the artifact is."""
        return _read_json(self.path(kind, key) / "spec.json")

    def record(self, kind: Kind, key: str) -> dict[str, Any]:
        """Return how the artifact was made: versions, wall time, peak memory."""
        path = self.path(kind, key) / "record.json"
        return _read_json(path) if path.is_file() else {}

    @contextmanager
    def write(self, kind: Kind, key: str, spec: object) -> Iterator[Path]:
        """Give a folder to write an artifact's payload to; it appears when the block ends well.

        Raises:
            StoreError: If the disk is full or the store cannot be written.
        """
        temporary = self.folder / kind / f".making-{key}-{uuid.uuid4().hex[:8]}"
        try:
            with _disk_errors(self.folder):
                temporary.mkdir(parents=True)
            try:
                yield temporary
            except OSError as error:
                # Whoever writes the payload may fail to read something else; that is not ours.
                if error.errno not in DISK_TROUBLE:
                    raise
                raise _disk_error(self.folder, error) from error
            except PluginError as error:
                # The disk is full, whoever's code has noticed it.
                cause = error.__cause__
                if not isinstance(cause, OSError) or cause.errno not in DISK_FULL:
                    raise
                raise _disk_error(self.folder, cause) from error
            with _disk_errors(self.folder):
                _write_json(temporary / "spec.json", spec)
                _flush(temporary)
                self._put(temporary, kind, key)
        finally:
            shutil.rmtree(temporary, ignore_errors=True)

    def _put(self, finished: Path, kind: Kind, key: str) -> None:
        """Give a finished artifact its name; where another run was quicker, its artifact stays."""
        target = self.path(kind, key)
        if self.has(kind, key):
            return
        if target.exists():
            # Not complete, so nobody's result: a copy that was interrupted, or half deleted.
            shutil.rmtree(target)
        try:
            finished.rename(target)
        except OSError:
            if not self.has(kind, key):
                raise
        _flush_folder(target.parent)

    def write_record(self, folder: Path, record: Mapping[str, object]) -> None:
        """Put a record of how it was made beside an artifact that is being written."""
        _write_json(folder / "record.json", record)

    def write_log(self, key: str, text: str) -> Path:
        """Keep the details of a failure and return where they are."""
        folder = self.folder / "logs"
        with _disk_errors(self.folder):
            folder.mkdir(parents=True, exist_ok=True)
            (folder / f"{key}.txt").write_text(text, encoding="utf-8")
        return folder / f"{key}.txt"

    def log_folder(self, key: str) -> Path:
        """Return where callbacks keep what they write while an artifact is made; made by who writes."""
        return self.folder / "logs" / key

    def lock(self, key: str) -> filelock.BaseFileLock:
        """Return the lock that whoever makes this artifact holds."""
        folder = self.folder / "locks"
        with _disk_errors(self.folder):
            folder.mkdir(parents=True, exist_ok=True)
        return lock_of(folder, key)

    def sweep(self) -> None:
        """Remove what killed runs left behind; artifacts that are being made now are locked."""
        for unfinished in self.folder.glob("*/.making-*"):
            key = unfinished.name.split("-")[1]
            lock = self.lock(key)
            try:
                with lock.acquire(timeout=0):
                    shutil.rmtree(unfinished, ignore_errors=True)
            except filelock.Timeout:
                continue

    def write_progress(self, key: str, state: Mapping[str, object]) -> None:
        """Say how far the making of an artifact is; for whoever watches."""
        folder = self.folder / "progress"
        folder.mkdir(parents=True, exist_ok=True)
        _write_json(folder / f"{key}.json", state, flush=False)

    def progress(self, key: str) -> dict[str, Any]:
        """Return what was last said about the making of an artifact; empty if nothing."""
        try:
            state = json.loads((self.folder / "progress" / f"{key}.json").read_text("utf-8"))
        except (OSError, ValueError):
            return {}
        return state if isinstance(state, dict) else {}

    def forget_progress(self, key: str) -> None:
        """Remove what was said about the making of an artifact."""
        (self.folder / "progress" / f"{key}.json").unlink(missing_ok=True)


DISK_TROUBLE = (errno.ENOSPC, errno.EDQUOT, errno.EROFS, errno.EACCES, errno.EIO)
"""What says that a disk is full or cannot be written, whatever was being written to it."""

DISK_FULL = (errno.ENOSPC, errno.EDQUOT)


@contextmanager
def _disk_errors(folder: Path) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise _disk_error(folder, error) from error


def _disk_error(folder: Path, error: OSError) -> StoreError:
    where = f" ({error.filename})" if error.filename else ""
    return StoreError(
        f"Store {folder}: {error.strerror or error}{where}. What was finished before is kept; make "
        "room or choose a folder that can be written with --store, and give the same command again."
    )


def _read_json(path: Path) -> dict[str, Any]:
    try:
        value = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise StoreError(
            f"{path} cannot be read: {error}. Remove its folder to make it again."
        ) from error
    if not isinstance(value, dict):
        raise StoreError(f"{path} holds {type(value).__name__}, not an object. Remove its folder.")
    return value


def _write_json(path: Path, value: object, *, flush: bool = True) -> None:
    temporary = path.with_name(f".{path.name}-{uuid.uuid4().hex[:8]}")
    temporary.write_text(json.dumps(value, indent=1, sort_keys=True), encoding="utf-8")
    if flush:
        _flush_file(temporary)
    temporary.replace(path)


def _flush(folder: Path) -> None:
    for path in folder.rglob("*"):
        if path.is_file():
            _flush_file(path)
    _flush_folder(folder)


def _flush_file(path: Path) -> None:
    with path.open("rb+") as file:
        os.fsync(file.fileno())


def _flush_folder(folder: Path) -> None:
    if os.name == "posix":
        handle = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(handle)
        finally:
            os.close(handle)
