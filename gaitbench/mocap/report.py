"""What an import of motion capture made and what it left out."""

from dataclasses import dataclass
from pathlib import Path

from gaitbench.mocap.manifest import ManifestEntry
from gaitbench.mocap.skeleton import Walk


@dataclass(frozen=True)
class LeftOut:
    """A file that was not imported, and why."""

    file: str
    reason: str


@dataclass(frozen=True)
class Imported:
    """What was found out about a file that was imported; see `skeleton.Walk`.

    Args:
        file: Relative to the folder.
        identity: The person.
        recording: Name of the recording in the data set.
        frames: At 25 frames per second, in each view.
        fps: Frames per second of the file.
        unit: What one unit of the file was taken for.
        up: The file's axis that points up.
        height_m: Stature in metres.
        speed_m_s: Speed over the ground.
        in_place: Whether the walker stays where they are.
    """

    file: str
    identity: str
    recording: str
    frames: int
    fps: float
    unit: str
    up: str
    height_m: float
    speed_m_s: float
    in_place: bool

    @classmethod
    def of(cls, entry: ManifestEntry, walk: Walk) -> "Imported":
        """Return what was found out about a recording."""
        return cls(
            file=entry.file,
            identity=entry.identity,
            recording=entry.name,
            frames=len(walk.pose),
            fps=walk.fps,
            unit=walk.unit,
            up=walk.up,
            height_m=walk.height_m,
            speed_m_s=walk.speed_m_s,
            in_place=walk.in_place,
        )


@dataclass(frozen=True)
class MocapReport:
    """What an import made and what it left out.

    Args:
        folder: The data set that was written.
        imported: In the order of the data set.
        left_out: Files with their reasons.
        notes: What was assumed.
        views: In degrees.
        gallery: Sequences in the gallery.
        probes: Sequences among the probes.
    """

    folder: Path
    imported: tuple[Imported, ...]
    left_out: tuple[LeftOut, ...]
    notes: tuple[str, ...]
    views: tuple[float, ...]
    gallery: int
    probes: int

    @property
    def identities(self) -> int:
        """How many people there are."""
        return len({walk.identity for walk in self.imported})

    def text(self) -> str:
        """Return the report as lines for a terminal."""
        lines = [
            f"{len(self.imported)} recordings of {self.identities} identities in {len(self.views)} "
            f"views: {self.gallery} gallery and {self.probes} probe sequences in {self.folder}",
            *self.notes,
        ]
        if self.left_out:
            lines.append(f"{len(self.left_out)} files left out:")
            lines += [f"  {skipped.file}: {skipped.reason}" for skipped in self.left_out]
        return "\n".join(lines)
