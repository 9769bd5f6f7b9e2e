"""Which split every clip of an imported data set belongs to, and which clips must not be compared."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from gaitbench.core.errors import DataError
from gaitbench.core.random_streams import stream
from gaitbench.data.copies import copies
from gaitbench.data.readers.opengait.partition import Partition
from gaitbench.data.readers.opengait.records import Record
from gaitbench.data.readers.opengait.tree import Clip
from gaitbench.data.rules import Search
from gaitbench.data.sides import matches, sides_of


@dataclass
class Splits:
    """Positions of clips under the name of their split, in order.

    Args:
        rows: By the container's names ("train", "test.gallery" …).
        unused: Test clips that no search wants.
    """

    rows: dict[str, list[int]] = field(default_factory=dict)
    unused: int = 0

    def put(self, split: str, row: int) -> None:
        """Append a clip to a split."""
        self.rows.setdefault(split, []).append(row)


def held_out(partition: Partition, identities: Iterable[str], count: int) -> frozenset[str]:
    """Return `count` training identities to validate on, the same ones for the same partition.

    Raises:
        DataError: If nobody would be left to train on.
    """
    present = set(identities)
    train = sorted(name for name in partition.train if name in present)
    if count and count >= len(train):
        raise DataError(
            f"{count} identities to validate on, but only {len(train)} training identities are there; at "
            "least one must be left to train on. Lower --validation."
        )
    # Lots by name: an identity that is missing from the tree changes nothing for the others.
    lots = {name: stream(0, "validation identities", name).random() for name in train}
    return frozenset(sorted(train, key=lambda name: (lots[name], name))[:count])


def assign(
    clips: Sequence[Clip], record: Record, partition: Partition, validation: frozenset[str]
) -> Splits:
    """Return the splits of clips.

    Args:
        clips: In the order of the data set.
        record: The rules, and what says of a clip which side it is on.
        partition: Who is trained on and who is tested on.
        validation: Identities of the training set that are validated on instead.
    """
    splits = Splits()
    train, test = set(partition.train), set(partition.test)
    for row, clip in enumerate(clips):
        if clip.identity == record.submission_identity:
            if record.submission and sides_of(clip.condition, record.submission.searches):
                splits.put("submission.probe", row)
        elif clip.identity in validation:
            continue
        elif clip.identity in train:
            splits.put("train", row)
        elif clip.identity in test:
            _put_test_clip(splits, row, clip, record, partition)
    _put_validation(splits, clips, record, validation)
    return splits


def _put_test_clip(
    splits: Splits, row: int, clip: Clip, record: Record, partition: Partition
) -> None:
    sides = _sides(clip, record, partition)
    for side in sorted(sides):
        splits.put(f"test.{side}", row)
    splits.unused += not sides
    if record.submission:
        submission_sides = sides_of(clip.condition, record.submission.searches)
        if "gallery" in submission_sides:
            splits.put("submission.gallery", row)


def _sides(clip: Clip, record: Record, partition: Partition) -> set[str]:
    if partition.listed is not None:
        return {partition.listed[clip.key]} if clip.key in partition.listed else set()
    if record.view(clip.folder) in record.left_out_views:
        return set()
    if record.sides == "probe-set":
        return {"probe" if clip.name in (partition.probes or ()) else "gallery"}
    return sides_of(clip.condition, record.rules.searches)


def _put_validation(
    splits: Splits, clips: Sequence[Clip], record: Record, validation: frozenset[str]
) -> None:
    rows = [row for row, clip in enumerate(clips) if clip.identity in validation]
    by_condition = {
        row: sides_of(clips[row].condition, record.rules.searches)
        for row in rows
        if record.sides == "conditions"
    }
    if set().union(*by_condition.values()) != {"probe", "gallery"}:
        # Training clips of such a data set have no side: the first of each identity is enrolled.
        enrolled: set[str] = set()
        for row in rows:
            is_enrolled = clips[row].identity in enrolled
            by_condition[row] = {"probe" if is_enrolled else "gallery"}
            enrolled.add(clips[row].identity)
    for row, sides in by_condition.items():
        for side in sorted(sides):
            splits.put(f"validation.{side}", row)


def duplicates(
    splits: Mapping[str, Sequence[int]],
    searches: Iterable[Search],
    conditions: Sequence[str],
    digests: Mapping[int, str],
) -> dict[int, int]:
    """Return test probes whose frames stand in the gallery that they would be searched for in.

    Args:
        splits: With "test.probe" and "test.gallery".
        searches: Of the rules.
        conditions: One per clip.
        digests: Hash of the frames by position.

    Returns:
        Position of the probe: position of the first gallery clip with the same frames.
    """
    twins: dict[int, int] = {}
    for search in searches:
        probes, gallery = (
            [row for row in splits.get(f"test.{side}", ()) if matches(conditions[row], patterns)]
            for side, patterns in (("probe", search.probes), ("gallery", search.gallery))
        )
        twins = copies(digests, probes, gallery) | twins
    return twins
