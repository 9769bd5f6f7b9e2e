"""`import_opengait`: a tree in OpenGait's layout becomes a data set with its official rules."""

import shutil
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from filelock import FileLock, Timeout

from gaitbench.core.errors import ConfigurationError, DataError
from gaitbench.data.dataset import Progress
from gaitbench.data.readers.opengait.chunks import VERSION, Chunk, Found, read_chunks
from gaitbench.data.readers.opengait.images import natural
from gaitbench.data.readers.opengait.partition import Partition, read_pairs, read_partition
from gaitbench.data.readers.opengait.records import Record, get_record
from gaitbench.data.readers.opengait.report import ImportReport, Rejected
from gaitbench.data.readers.opengait.splits import Splits, assign, duplicates, held_out
from gaitbench.data.readers.opengait.tree import Clip, clips_of, identities_of
from gaitbench.data.rules import Rules
from gaitbench.data.silhouettes import SilhouettesWriter

MIN_FRAMES = 2
"""A single frame shows no gait."""


@dataclass(frozen=True)
class Choices:
    """What a user can say about an import.

    Args:
        dataset: Name of a record.
        partition: OpenGait's JSON of training and test identities.
        pairs: CSV of probes and galleries, for data sets without a public list.
        file_pattern: Shell pattern of the file with silhouettes, where a folder holds several.
        min_frames: How many frames a clip has at least.
        validation: How many training identities are held out, to record a loss on.
    """

    dataset: str
    partition: Path | None = None
    pairs: Path | None = None
    file_pattern: str = ""
    min_frames: int = MIN_FRAMES
    validation: int = 0


def import_opengait(
    root: Path, out: Path, choices: Choices, *, jobs: int = 1, progress: Progress | None = None
) -> ImportReport:
    """Make a data set from a tree `identity/condition/view/…` of pickles or PNG images.

    Files that cannot be used are left out with a reason. Nothing that a pickle names is run. All frames
    have one size: that of most clips; clips of another size are left out. A probe whose frames stand in
    the gallery that it would be searched for in is left out too.

    Args:
        root: The tree.
        out: The data set folder to write; it appears when it is complete. What was read before lies
            beside it until then, so that a killed import goes on where it was.
        choices: What is imported and how.
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
    there = identities_of(root)
    clips = _clips(root, there, record, partition, choices.file_pattern)
    held = held_out(partition, there, choices.validation)
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
        read = _Read(root, clips, splits, used, chunks)
        read.reject_sizes()
        read.reject_duplicates(record)
        read.check_rest(record)
        read.write(scratch / "data", record, partition, choices)
        report = read.report(out, record, partition, there)
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


def _partition(record: Record, choices: Choices) -> Partition:
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
    root: Path, there: Sequence[str], record: Record, partition: Partition, pattern: str
) -> list[Clip]:
    named = {*partition.train, *partition.test} & set(there)
    if not named:
        raise DataError(
            f"{partition.source} names nobody in {root}: it names "
            f"{_some(partition.train + partition.test)}, the tree has {_some(there)}. "
            f"Check that both belong to {record.title}."
        )
    listed = list(dict.fromkeys(identity for identity, _, _ in partition.listed or ()))
    if listed and not set(listed) & set(there):
        raise DataError(
            f"{partition.source} lists probes and galleries of nobody in {root}: its column identity has "
            f"{_some(listed)}, the tree has {_some(there)}. The columns identity, condition and view name "
            "the tree's folders."
        )
    patterns = (pattern,) if pattern else record.patterns
    clips = clips_of(
        root,
        named | ({record.submission_identity} & set(there)),
        patterns,
        asked=bool(pattern),
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
            found = sorted({clip.condition for clip in tested}, key=natural)
            example = tested[0].name
            raise DataError(
                f"{root}: no clip of the {len({c.identity for c in tested})} test identities is a {side} "
                f"under the rules {record.rules.name!r} with {partition.source}; their conditions are "
                f"{_some(found)}, a clip is {example!r}. Is it {record.title}? Choose --dataset anew."
            )


class _Read:
    """The clips of an import with what was found in them."""

    def __init__(
        self,
        root: Path,
        clips: Sequence[Clip],
        splits: Splits,
        used: Sequence[int],
        chunks: Sequence[Chunk],
    ) -> None:
        self.root, self.splits, self.chunks = root, splits, chunks
        self.clips = clips
        self.rows = list(used)
        self.found: dict[int, Found] = dict(
            zip(used, (told for chunk in chunks for told in chunk.found), strict=True)
        )
        self.rejected = {row: told.reason for row, told in self.found.items() if told.reason}
        self.notes: list[str] = []
        self.size = (0, 0)
        self.frames = 0

    def _kept(self) -> list[int]:
        return [row for row in self.rows if row not in self.rejected]

    def reject_sizes(self) -> None:
        """Leave out clips that do not have the frame size of most clips."""
        sizes = Counter(self.found[row].size for row in self._kept())
        if not sizes:
            reasons = "; ".join(
                f"{self.clips[row].place}: {why}" for row, why in list(self.rejected.items())[:3]
            )
            raise DataError(f"{self.root}: none of {len(self.rows)} clips can be used. {reasons}")
        # Where two sizes are as frequent, the larger one: it can be reduced.
        self.size = max(sizes, key=lambda size: (sizes[size], size))
        for row in self._kept():
            height, width = self.found[row].size
            if (height, width) != self.size:
                self.rejected[row] = (
                    f"frames of {height}×{width}, but {sizes[self.size]} clips have "
                    f"{self.size[0]}×{self.size[1]}, and a data set has one size"
                )
        without_body = sum(self.found[row].without_body for row in self._kept())
        if without_body:
            self.notes.append(f"{without_body} raw images without a body were left out.")

    def reject_duplicates(self, record: Record) -> None:
        """Take probes out that would meet their own frames, and tell of other copies."""
        kept = set(self._kept())
        rows = {name: [row for row in at if row in kept] for name, at in self.splits.rows.items()}
        conditions = [clip.condition for clip in self.clips]
        digests = {row: self.found[row].digest for row in kept}
        copies = duplicates(rows, record.rules.searches, conditions, digests)
        if copies:
            rows["test.probe"] = [row for row in rows["test.probe"] if row not in copies]
        elsewhere = {row for at in rows.values() for row in at}
        for row, twin in copies.items():
            probe, gallery = self.clips[row].place, self.clips[twin].place
            if row in elsewhere:
                self.notes.append(
                    f"{probe} is no probe: it has the frames of {gallery} in the gallery."
                )
            else:
                self.rejected[row] = (
                    f"a probe with the frames of {gallery}, which is in the gallery"
                )
        self.splits.rows = rows
        self._note_leaks(rows, digests)

    def _note_leaks(self, rows: dict[str, list[int]], digests: Mapping[int, str]) -> None:
        trained = {digests[row] for row in rows.get("train", ())}
        tested = {row for name in ("test.probe", "test.gallery") for row in rows.get(name, ())}
        leaks = [self.clips[row].place for row in sorted(tested) if digests[row] in trained]
        if leaks:
            self.notes.append(
                f"{len(leaks)} test clips have the frames of training clips: {', '.join(leaks[:4])}"
                f"{' …' if len(leaks) > 4 else ''}. They were kept: see whether one person has two names."
            )

    def check_rest(self, record: Record) -> None:
        """Check that both sides still have clips."""
        test = [name for name in ("test.probe", "test.gallery") if name in self.splits.rows]
        for name in test:
            if not self.splits.rows[name]:
                why = next(iter(self.rejected.values()), "")
                raise DataError(
                    f"{self.root}: all clips of the split {name!r} of {record.title} were rejected, the "
                    f"first because: {why}."
                )

    def write(self, folder: Path, record: Record, partition: Partition, choices: Choices) -> None:
        """Write the data set folder."""
        meta = {
            "rules": record.rules.model_dump(mode="json"),
            "source": f"{record.title}, imported from OpenGait's layout; {record.rules.source}",
            "licence": f"the agreement of {record.title}; silhouettes may not be passed on without it",
            "import": {
                "version": VERSION,
                "partition": partition.source,
                "partition_hash": partition.digest,
                "min_frames": choices.min_frames,
                "validation": choices.validation,
            },
        }
        if record.submission is not None:
            meta["submission"] = record.submission.model_dump(mode="json")
        height, width = self.size
        if folder.exists():
            shutil.rmtree(folder)
        position: dict[int, int] = {}
        with SilhouettesWriter(
            folder, name=record.name, height=height, width=width, meta=meta
        ) as writer:
            packed = (frames for chunk in self.chunks for frames in chunk.clips())
            for row, frames in zip(self.rows, packed, strict=True):
                if row in self.rejected:
                    continue
                clip = self.clips[row]
                walk = f"{clip.identity}-{clip.condition}"
                unknown = clip.identity == record.submission_identity
                position[row] = writer.add_packed(
                    frames,
                    identity="" if unknown else clip.identity,
                    condition=clip.condition,
                    view=record.view(clip.folder),
                    recording=walk if record.recording == "condition" else clip.name,
                    sequence=clip.name,
                )
                self.frames += len(frames)
            for name in sorted(self.splits.rows):
                writer.splits[name] = [position[row] for row in self.splits.rows[name]]

    def report(
        self, out: Path, record: Record, partition: Partition, there: Sequence[str]
    ) -> ImportReport:
        """Return what was made and what was left out."""
        kept, present = self._kept(), set(there)
        named = [*partition.train, *partition.test]
        known = {*named, record.submission_identity}
        people = {self.clips[row].identity for row in kept} - {record.submission_identity}
        if record.submission is not None:
            self._note_submission(record, record.submission)
        if not present & set(partition.train):
            self.notes.append(
                "Nobody of the training set is in the tree: it can only be tested on."
            )
        if not present & set(partition.test):
            self.notes.append("Nobody of the test set is in the tree: it can only be trained on.")
        names = {clip.name for clip in self.clips}
        wanted = partition.probes or {"-".join(key) for key in partition.listed or ()}
        return ImportReport(
            dataset=record.name,
            rules=f"{record.rules.name} {record.rules.version}",
            folder=str(out),
            size=self.size,
            identities=len(people),
            clips=len(kept),
            frames=self.frames,
            splits={name: len(rows) for name, rows in sorted(self.splits.rows.items())},
            missing_identities=tuple(name for name in named if name not in present),
            missing_clips=tuple(sorted(set(wanted) - names, key=natural)),
            unnamed_identities=tuple(name for name in there if name not in known),
            unused_clips=self.splits.unused,
            rejected=tuple(
                Rejected(self.clips[row].place, self.rejected[row])
                for row in self.rows
                if row in self.rejected
            ),
            notes=tuple(self.notes),
        )

    def _note_submission(self, record: Record, submission: Rules) -> None:
        folder, unknown = record.submission_identity, self.splits.rows.get("submission.probe", ())
        places = " or ".join(f"{folder}/{name}/VIDEO/" for name in submission.searches[0].probes)
        self.notes.append(
            f"{len(unknown)} clips in the folder {folder!r} show unknown people, who are not among the "
            f"identities; they are kept for 'gaitbench submit {record.name}'."
            if unknown
            else f"No official probes were found in {places}: nothing can be submitted."
        )


def _move(folder: Path, out: Path) -> None:
    if out.exists():
        # Only an empty folder: nothing is lost, and not every system moves onto one.
        out.rmdir()
    folder.replace(out)
