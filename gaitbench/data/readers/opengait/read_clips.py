"""The clips of an import after they were read: which of them stay, and the data set that they make."""

import shutil
from collections import Counter
from collections.abc import Mapping, Sequence
from pathlib import Path

from gaitbench.core.errors import DataError
from gaitbench.data.readers.opengait.chunks import VERSION, Chunk, ClipFacts
from gaitbench.data.readers.opengait.images import natural
from gaitbench.data.readers.opengait.partition import Partition
from gaitbench.data.readers.opengait.reader import OpenGaitReader
from gaitbench.data.readers.opengait.records import Record
from gaitbench.data.readers.opengait.report import OpenGaitReport, Rejected
from gaitbench.data.readers.opengait.splits import Splits, duplicates
from gaitbench.data.readers.opengait.tree import Clip
from gaitbench.data.rules import Rules
from gaitbench.data.silhouettes import SilhouettesWriter


class ReadClips:
    """The clips of an import with what was found in them.

    Args:
        root: The tree.
        clips: All clips of the tree.
        splits: Which of them is in which split.
        used: Rows of `clips` that are in any.
        chunks: What was read of those.
    """

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
        self.facts: dict[int, ClipFacts] = dict(
            zip(used, (facts for chunk in chunks for facts in chunk.facts), strict=True)
        )
        self.rejected = {row: facts.reason for row, facts in self.facts.items() if facts.reason}
        self.notes: list[str] = []
        self.size = (0, 0)
        self.frames = 0

    def _kept(self) -> list[int]:
        return [row for row in self.rows if row not in self.rejected]

    def reject_sizes(self) -> None:
        """Leave out clips that do not have the frame size of most clips."""
        sizes = Counter(self.facts[row].size for row in self._kept())
        if not sizes:
            reasons = "; ".join(
                f"{self.clips[row].place}: {reason}"
                for row, reason in list(self.rejected.items())[:3]
            )
            raise DataError(f"{self.root}: none of {len(self.rows)} clips can be used. {reasons}")
        # Where two sizes are as frequent, the larger one: it can be reduced.
        self.size = max(sizes, key=lambda size: (sizes[size], size))
        for row in self._kept():
            height, width = self.facts[row].size
            if (height, width) != self.size:
                self.rejected[row] = (
                    f"frames of {height}×{width}, but {sizes[self.size]} clips have "
                    f"{self.size[0]}×{self.size[1]}, and a data set has one size"
                )
        without_body = sum(self.facts[row].without_body for row in self._kept())
        if without_body:
            self.notes.append(f"{without_body} raw images without a body were left out.")

    def reject_duplicates(self, record: Record) -> None:
        """Take probes out that would meet their own frames, and tell of other copies."""
        kept = set(self._kept())
        rows = {name: [row for row in at if row in kept] for name, at in self.splits.rows.items()}
        conditions = [clip.condition for clip in self.clips]
        digests = {row: self.facts[row].digest for row in kept}
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

    def write(
        self, folder: Path, record: Record, partition: Partition, choices: OpenGaitReader
    ) -> None:
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
        self, out: Path, record: Record, partition: Partition, identities: Sequence[str]
    ) -> OpenGaitReport:
        """Return what was made and what was left out."""
        kept, present = self._kept(), set(identities)
        named = [*partition.train, *partition.test]
        expected = {*named, record.submission_identity}
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
        listed = partition.probes or {"-".join(key) for key in partition.listed or ()}
        return OpenGaitReport(
            dataset=record.name,
            rules=f"{record.rules.name} {record.rules.version}",
            folder=str(out),
            size=self.size,
            identities=len(people),
            clips=len(kept),
            frames=self.frames,
            splits={name: len(rows) for name, rows in sorted(self.splits.rows.items())},
            missing_identities=tuple(name for name in named if name not in present),
            missing_clips=tuple(sorted(set(listed) - names, key=natural)),
            unnamed_identities=tuple(name for name in identities if name not in expected),
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
