"""`import_opengait`: a tree in OpenGait's layout becomes a data set with its official rules."""

import shutil
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from filelock import FileLock, Timeout

from gaitbench.core.errors import ConfigurationError, DataError
from gaitbench.data.dataset import Progress
from gaitbench.data.readers.opengait.chunks import read_chunks
from gaitbench.data.readers.opengait.images import natural
from gaitbench.data.readers.opengait.partition import Partition, read_pairs, read_partition
from gaitbench.data.readers.opengait.read_clips import ReadClips
from gaitbench.data.readers.opengait.reader import OpenGaitReader
from gaitbench.data.readers.opengait.records import Record, get_record
from gaitbench.data.readers.opengait.report import OpenGaitReport
from gaitbench.data.readers.opengait.splits import Splits, assign, held_out
from gaitbench.data.readers.opengait.tree import Clip, clips_of, identities_of


def import_opengait(
    root: Path,
    out: Path,
    choices: OpenGaitReader,
    *,
    jobs: int = 1,
    progress: Progress | None = None,
) -> OpenGaitReport:
    """Make a data set from a tree `identity/condition/view/…` of pickles or PNG images.

    Files that cannot be used are left out with a reason. Nothing that a pickle names is run. All frames
    have one size: that of most clips; clips of another size are left out. A probe whose frames stand in
    the gallery that it would be searched for in is left out too.

    Args:
        root: The tree.
        out: The data set folder to write; it appears when it is complete. What was read before lies
            beside it until then, so that a killed import goes on where it was.
        choices: The options: what is imported and how.
        jobs: How many processes; never changes what is written.
        progress: Called with clips done and clips in all.

    Raises:
        ConfigurationError: If choices do not fit together.
        DataError: If tree and partition cannot be used.
    """
    out = out.resolve()
    _check_target(root.resolve(), out)
    scratch = _scratch(out)
    record = get_record(choices.dataset)
    partition = _partition(record, choices)
    identities = identities_of(root)
    clips = _clips(root, identities, record, partition, choices.file_pattern)
    held = held_out(partition, identities, choices.validation)
    splits = assign(clips, record, partition, held)
    used = sorted({row for rows in splits.rows.values() for row in rows})
    _check_sides(root, clips, splits, record, partition)
    with _alone(scratch):
        chunks = read_chunks(
            root,
            [clips[row] for row in used],
            scratch,
            min_frames=choices.min_frames,
            jobs=jobs,
            progress=progress,
        )
        read = ReadClips(root, clips, splits, used, chunks)
        read.reject_sizes()
        read.reject_duplicates(record)
        read.check_rest(record)
        read.write(scratch / "data", record, partition, choices)
        report = read.report(out, record, partition, identities)
        report.write(scratch / "data" / "import.json")
        _move(scratch / "data", out)
        shutil.rmtree(scratch)
    return report


@contextmanager
def _alone(scratch: Path) -> Iterator[None]:
    """Keep other imports away from a scratch folder."""
    scratch.mkdir(parents=True, exist_ok=True)
    lock = FileLock(scratch / "lock")
    try:
        lock.acquire(timeout=0)
    except Timeout as error:
        raise ConfigurationError(
            f"Another import into the same folder is running: {scratch} is in use. Wait for it, or choose "
            "another folder."
        ) from error
    try:
        yield
    finally:
        lock.release()


def _check_target(root: Path, out: Path) -> None:
    """Check before any work that the data set can be written where it is to be."""
    if out.exists() and (not out.is_dir() or any(out.iterdir())):
        raise ConfigurationError(f"{out} is there already and not empty. Choose a new folder.")
    if out == root or root in out.parents:
        raise ConfigurationError(
            f"{out} lies inside the tree that is imported, {root}, and would be taken for a part of it. "
            "Choose a folder elsewhere."
        )
    try:
        out.parent.mkdir(parents=True, exist_ok=True)
        scratch = _scratch(out)
        fresh = not scratch.exists()
        scratch.mkdir(exist_ok=True)
        if fresh:
            scratch.rmdir()
    except OSError as error:
        raise ConfigurationError(
            f"{out} cannot be written: {error.strerror or error}. Choose another folder."
        ) from error


def _scratch(out: Path) -> Path:
    """Return the folder beside the target where an import keeps what it has read so far."""
    return out.parent / f".{out.name}.importing"


def _partition(record: Record, choices: OpenGaitReader) -> Partition:
    if choices.min_frames < 1 or choices.validation < 0:
        raise ConfigurationError(
            f"--min-frames {choices.min_frames}, --validation {choices.validation}: give at least 1 and 0."
        )
    partition = read_partition(choices.partition) if choices.partition else None
    if record.sides == "pairs":
        if choices.pairs is None:
            raise ConfigurationError(
                f"{record.title}: give --pairs FILE.csv with the columns identity, condition, view, role "
                "(probe or gallery) and optionally split, since its lists are not public."
            )
        return read_pairs(choices.pairs, partition)
    if choices.pairs is not None:
        raise ConfigurationError(
            f"--pairs {choices.pairs}: {record.title} has rules of its own; leave --pairs out."
        )
    if partition is None:
        raise ConfigurationError(
            f"{record.title}: give --partition FILE.json, OpenGait's list of training and test identities "
            "(in its folder datasets/)."
        )
    if record.sides == "probe-set" and partition.probes is None:
        raise DataError(
            f"{choices.partition} has no PROBE_SET, which {record.title} needs; take the partition that "
            "OpenGait keeps for it."
        )
    # Official lists name it among the people who are tested, but it holds clips of unknown ones.
    return partition.without(record.submission_identity)


def _clips(
    root: Path, identities: Sequence[str], record: Record, partition: Partition, pattern: str
) -> list[Clip]:
    named = {*partition.train, *partition.test} & set(identities)
    if not named:
        raise DataError(
            f"{partition.source} names nobody in {root}: it names "
            f"{_some(partition.train + partition.test)}, the tree has {_some(identities)}. "
            f"Check that both belong to {record.title}."
        )
    listed = list(dict.fromkeys(identity for identity, _, _ in partition.listed or ()))
    if listed and not set(listed) & set(identities):
        raise DataError(
            f"{partition.source} lists probes and galleries of nobody in {root}: its column identity has "
            f"{_some(listed)}, the tree has {_some(identities)}. The columns identity, condition and view "
            "name the tree's folders."
        )
    patterns = (pattern,) if pattern else record.patterns
    clips = clips_of(
        root,
        named | ({record.submission_identity} & set(identities)),
        patterns,
        is_user_pattern=bool(pattern),
    )
    names = Counter(clip.name for clip in clips)
    twice = next((name for name, count in names.items() if count > 1), None)
    if twice is not None:
        places = " and ".join(clip.place for clip in clips if clip.name == twice)
        raise DataError(f"{root}: {places} have one name, {twice!r}. Rename one of the folders.")
    return clips


def _some(names: Sequence[str]) -> str:
    return ", ".join(map(repr, names[:4])) + (" …" if len(names) > 4 else "") or "nothing"


def _check_sides(
    root: Path, clips: Sequence[Clip], splits: Splits, record: Record, partition: Partition
) -> None:
    """Check that the test clips are those of this data set, before hours of reading."""
    test = set(partition.test)
    tested = [clip for clip in clips if clip.identity in test]
    for side in ("probe", "gallery"):
        if splits.rows.get(f"test.{side}"):
            continue
        if partition.listed:
            listed = ["/".join(key) for key, role in partition.listed.items() if role == side]
            raise DataError(
                f"{partition.source} lists no {side} that is in {root}: it lists {_some(listed)}, the tree "
                f"has {_some(['/'.join(clip.key) for clip in tested])}. Its columns identity, condition "
                "and view name the tree's folders, and both roles must be there."
            )
        if tested:
            conditions = sorted({clip.condition for clip in tested}, key=natural)
            example = tested[0].name
            raise DataError(
                f"{root}: no clip of the {len({c.identity for c in tested})} test identities is a {side} "
                f"under the rules {record.rules.name!r} with {partition.source}; their conditions are "
                f"{_some(conditions)}, a clip is {example!r}. Is it {record.title}? Choose --dataset anew."
            )


def _move(folder: Path, out: Path) -> None:
    if out.exists():
        # Only an empty folder: nothing is lost, and not every system moves onto one.
        out.rmdir()
    folder.replace(out)
