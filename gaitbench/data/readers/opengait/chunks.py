"""Reading many clips in parallel, so that a killed import goes on where it was.

Clips are read in chunks. A finished chunk lies in a scratch folder as one file that appears by a single
rename; its name is a hash of the paths, sizes and times of everything that it was made from. Whoever
reads the same files again finds it, and files that have changed are read anew.
"""

import hashlib
import json
import os
import time
import zipfile
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np
from joblib import Parallel, delayed, parallel_config

from gaitbench.core.errors import DataError
from gaitbench.data.dataset import Progress
from gaitbench.data.readers.opengait.clips import binary_clip
from gaitbench.data.readers.opengait.images import read_images
from gaitbench.data.readers.opengait.pickles import MAX_BYTES, read_arrays
from gaitbench.data.readers.opengait.tree import Clip
from gaitbench.data.silhouettes import Frames, packed_bytes

VERSION = 1
"""Raised whenever the same files would give other silhouettes than before."""

CLIPS_PER_CHUNK = 64
"""A killed import loses at most this many clips per worker."""

WORTH_WORKERS_S = 4.0
"""Seconds of work left from which on several processes are started, which takes a second or two."""


@dataclass(frozen=True)
class ClipFacts:
    """What became of one clip.

    Args:
        reason: Why it cannot be used; "" if it can.
        frames: How many there are.
        height: Rows of a frame.
        width: Columns of a frame.
        digest: Hash of size and frames.
        without_body: Raw images that were left out because they show nobody.
        passing: Whether the reason lies outside the file (permission, memory): it is read again next time.
    """

    reason: str = ""
    frames: int = 0
    height: int = 0
    width: int = 0
    digest: str = ""
    without_body: int = 0
    passing: bool = False

    @property
    def size(self) -> tuple[int, int]:
        """Rows and columns."""
        return self.height, self.width


@dataclass(frozen=True)
class Chunk:
    """A finished file of clips."""

    path: Path
    facts: tuple[ClipFacts, ...]

    def clips(self) -> Iterator[Frames]:
        """Yield the packed frames of every clip, [t, bytes]; none for clips that cannot be used."""
        with np.load(self.path, allow_pickle=False) as stored:
            rows = stored["rows"]
        start = 0
        for clip in self.facts:
            width = packed_bytes(*clip.size)
            end = start + clip.frames * width
            yield rows[start:end].reshape(clip.frames, width)
            start = end


def read_chunks(
    root: Path,
    clips: Sequence[Clip],
    scratch: Path,
    *,
    min_frames: int,
    jobs: int = 1,
    progress: Progress | None = None,
) -> list[Chunk]:
    """Read clips, or find them read already, and return their chunks in order.

    Args:
        root: The tree.
        clips: In the order that the data set will have.
        scratch: Folder for the chunks; what lies there from before is used.
        min_frames: How many frames a clip has at least.
        jobs: How many processes; never changes what is read.
        progress: Called with clips done and clips in all.
    """
    scratch.mkdir(parents=True, exist_ok=True)
    parts = [clips[i : i + CLIPS_PER_CHUNK] for i in range(0, len(clips), CLIPS_PER_CHUNK)]
    chunks: list[Chunk] = []
    done = 0
    for chunk in _read_parts(root, parts, scratch, min_frames, jobs):
        chunks.append(chunk)
        done += len(chunk.facts)
        if progress is not None:
            progress(done, len(clips))
    return chunks


def _read_parts(
    root: Path, parts: Sequence[Sequence[Clip]], scratch: Path, min_frames: int, jobs: int
) -> Iterator[Chunk]:
    """Yield the chunks in order; workers are started once it is clear that they are worth it."""
    began = time.monotonic()
    n_done = 0
    for part in parts:
        yield _chunk(root, part, scratch, min_frames)
        n_done += 1
        left_s = (time.monotonic() - began) / n_done * (len(parts) - n_done)
        if jobs > 1 and left_s > WORTH_WORKERS_S:
            break
    # Arrays are small, so threads inside a worker would only get in each other's way.
    with parallel_config(backend="loky", inner_max_num_threads=1):
        work = Parallel(n_jobs=max(1, min(jobs, len(parts) - n_done)), return_as="generator")
    yield from work(delayed(_chunk)(root, part, scratch, min_frames) for part in parts[n_done:])


def _chunk(root: Path, clips: Sequence[Clip], scratch: Path, min_frames: int) -> Chunk:
    path = scratch / f"{_key(root, clips, min_frames)}.npz"
    finished = _finished(path, len(clips))
    if finished is not None:
        return finished
    facts, rows = [], []
    for clip in clips:
        try:
            clip_facts, packed = _read(root, clip, min_frames)
            rows.append(packed.reshape(-1))
        except DataError as error:
            clip_facts = ClipFacts(reason=str(error))
        except MemoryError:
            clip_facts = ClipFacts(reason="too large for the memory", passing=True)
        except OSError as error:
            # Without the path, which is another one on every machine.
            clip_facts = ClipFacts(
                reason=f"cannot be read: {error.strerror or error}", passing=True
            )
        facts.append(clip_facts)
    text = json.dumps([asdict(clip_facts) for clip_facts in facts]).encode()
    temporary = scratch / f"{path.stem}.{os.getpid()}.part"
    with temporary.open("wb") as file:
        np.savez(
            file,
            facts=np.frombuffer(text, np.uint8),
            rows=np.concatenate([np.empty(0, np.uint8), *rows]),
        )
        file.flush()
        os.fsync(file.fileno())
    temporary.replace(path)
    return Chunk(path, tuple(facts))


def _finished(path: Path, clips: int) -> Chunk | None:
    try:
        # NumPy itself leaves a damaged file open.
        with path.open("rb") as file, np.load(file, allow_pickle=False) as stored:
            entries = json.loads(stored["facts"].tobytes())
        facts = tuple(ClipFacts(**entry) for entry in entries)
    except (OSError, ValueError, TypeError, LookupError, EOFError, zipfile.BadZipFile):
        return None
    complete = len(facts) == clips and not any(clip.passing for clip in facts)
    return Chunk(path, facts) if complete else None


def _key(root: Path, clips: Sequence[Clip], min_frames: int) -> str:
    hashed = hashlib.blake2b(digest_size=16)
    hashed.update(json.dumps([VERSION, min_frames, str(root.resolve())]).encode())
    for clip in clips:
        for path in _files(root, clip):
            try:
                facts = path.stat()
                state = [facts.st_size, facts.st_mtime_ns]
            except OSError:
                state = []
            hashed.update(json.dumps([clip.place, path.name, *state]).encode())
    return hashed.hexdigest()


def _files(root: Path, clip: Clip) -> list[Path]:
    if clip.file:
        return [root / clip.place]
    return sorted(
        path
        for path in (root / clip.place).iterdir()
        # Hidden ones are notes that other systems leave beside a file.
        if path.suffix.lower() == ".png" and not path.name.startswith(".")
    )


def _read(root: Path, clip: Clip, min_frames: int) -> tuple[ClipFacts, Frames]:
    without_body = 0
    if clip.file:
        path = root / clip.place
        size = path.stat().st_size
        if not size:
            raise DataError("empty: a file of 0 bytes")
        if size > MAX_BYTES:
            raise DataError(
                f"{size} bytes, more than the {MAX_BYTES} that a clip can sensibly have"
            )
        arrays = read_arrays(path.read_bytes())
    else:
        arrays, without_body = read_images(_files(root, clip))
    body = binary_clip(arrays, min_frames=min_frames)
    # As `silhouettes.pack`, without a comparison that booleans do not need.
    packed = np.packbits(body.reshape(len(body), -1), axis=1)
    hashed = hashlib.blake2b(packed.data, digest_size=16, salt=b"%d" % body.shape[2])
    facts = ClipFacts(
        frames=len(body),
        height=body.shape[1],
        width=body.shape[2],
        digest=hashed.hexdigest(),
        without_body=without_body,
    )
    return facts, packed
