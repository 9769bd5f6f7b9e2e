"""Synthetic walkers: a data set that needs no download.

An identity is a body and a manner of walking; a recording is one walk, varied a little, with or
without a bag or a coat; a sequence is that walk seen by one camera and segmented imperfectly. Every
draw has a stream of its own, keyed by what it is for, so no person, walk or view changes another.
"""

from collections.abc import Iterator
from dataclasses import dataclass, fields
from pathlib import Path
from typing import ClassVar, Literal, NamedTuple

import numpy as np
import numpy.typing as npt

from gaitbench.core.errors import ConfigurationError
from gaitbench.core.plugins import load_plugins, loaded_plugins
from gaitbench.core.random_streams import stream
from gaitbench.core.registry import register
from gaitbench.data.dataset import Dataset, Progress
from gaitbench.data.rules import Rules, Search
from gaitbench.data.silhouettes import SilhouettesWriter, pack
from gaitbench.walkers.anthropometry import draw_physique
from gaitbench.walkers.body import Camera, Pose, Shape, Solids, render
from gaitbench.walkers.gait import draw_gait, vary
from gaitbench.walkers.kinematics import walk
from gaitbench.walkers.outfit import CONDITIONS, draw_outfit
from gaitbench.walkers.segmentation import degraded, draw_level, draw_noise

RULES = Rules(
    name="walkers",
    version=2,
    source="every probe is searched for in all other views",
    searches=(
        Search(excluded="same-view"),
        *(
            Search(name=condition, probes=(condition,), excluded="same-view", headline=False)
            for condition in CONDITIONS
        ),
        Search(name="in the wild: nothing excluded", excluded="nothing", headline=False),
    ),
)
"""The conditions by themselves, and the rule of Gait3D and GREW, stand in a table of their own."""

Differing = Literal["body and gait", "body", "gait"]
"""In what people differ from each other."""

VIEW_JITTER_DEG = 1.0
"""Standard deviation of a camera's angle around its view: nobody walks exactly along the line."""

CAMERA_HEIGHT_M = (1.2, 1.5)
CAMERA_DISTANCE_M = (5.5, 7.0)
"""Where the cameras of a recording stand, drawn uniformly."""

CADENCE_DRIFT_PER_S = 0.02
"""Standard deviation of the relative change of the cadence within a walk."""

Counts = tuple[int, int, int]
"""Recordings under the conditions nm, bg, cl."""


@dataclass(frozen=True, eq=False)
class Recording:
    """One walk, before any camera sees it.

    Args:
        name: Of the recording.
        condition: One of `CONDITIONS`.
        pose: Shape [t, joints, 3], in metres.
        shape: Thickness of body and clothes.
        extras: What is carried or worn.
        camera_height_m: Of all cameras.
        camera_distance_m: Of all cameras.
        noise_level: See `segmentation.draw_level`.
    """

    name: str
    condition: str
    pose: Pose
    shape: Shape
    extras: tuple[Solids, ...]
    camera_height_m: float
    camera_distance_m: float
    noise_level: float


class _Clip(NamedTuple):
    packed: npt.NDArray[np.uint8]
    identity: str
    condition: str
    view: float
    recording: str
    split: str


class _Task(NamedTuple):
    """One identity and its recordings: names, and the split that each belongs to."""

    identity: str
    recordings: tuple[tuple[str, str], ...]


@register("walkers")
@dataclass(frozen=True)
class Walkers(Dataset):
    """People who exist only as numbers, walking past cameras as in CASIA-B.

    Args:
        identities_train: Number of people to train on.
        identities_validation: Number of other people to validate on.
        identities_test: Number of yet other people to test on.
        views: Nominal camera angles in degrees; see `gaitbench.walkers.body.Camera`.
        recordings_train: Recordings of a training identity under nm, bg, cl.
        views_train: Smallest and largest number of views that a training recording is seen from.
        recordings_gallery: Recordings of a test or validation identity in the gallery, under nm,
            bg, cl.
        recordings_probe: The same for the probes, always other recordings.
        frames: Length of every clip, at 25 frames per second.
        seed: Of every draw.
        differing: In what people differ; in the rest all are one and the same person.
        height: Rows of a frame, in pixels.
        width: Columns of a frame, in pixels.
    """

    about: ClassVar[str] = (
        "synthetic walkers in the manner of CASIA-B: nm, bg and cl from six views"
    )
    # The spreads and noise levels of the modules that draw are part of the version, not of the
    # fields.
    version: ClassVar[int] = 3

    identities_train: int = 200
    identities_validation: int = 30
    identities_test: int = 150
    views: tuple[float, ...] = (0.0, 36.0, 72.0, 108.0, 144.0, 180.0)
    recordings_train: Counts = (2, 1, 1)
    views_train: tuple[int, int] = (2, 3)
    recordings_gallery: Counts = (1, 0, 0)
    recordings_probe: Counts = (1, 1, 1)
    frames: int = 30
    seed: int = 0
    differing: Differing = "body and gait"
    height: int = 64
    width: int = 64

    def __post_init__(self) -> None:
        counts = (self.identities_train, self.identities_validation, self.identities_test)
        if min(counts) < 0 or not sum(counts):
            raise ConfigurationError(
                f"walkers: {counts} identities to train, validate and test; at least one is needed."
            )
        if not self.views or len(set(self.views)) < len(self.views):
            raise ConfigurationError(
                f"walkers: views={self.views}; name at least one view, each once."
            )
        self._check_recordings()
        least, most = self.views_train
        if not 1 <= least <= most:
            raise ConfigurationError(
                f"walkers: views_train={self.views_train}; give (least, most), 1 ≤ least ≤ most."
            )
        if min(self.frames, self.height, self.width) < 1:
            raise ConfigurationError(
                f"walkers: {self.frames} frames of {self.height}×{self.width}; "
                "every size must be at least 1."
            )

    def _check_recordings(self) -> None:
        for name in ("recordings_train", "recordings_gallery", "recordings_probe"):
            counts = getattr(self, name)
            if len(counts) != len(CONDITIONS) or min(counts) < 0:
                raise ConfigurationError(
                    f"walkers: {name}={counts}; give one number of recordings for each of "
                    f"{', '.join(CONDITIONS)}."
                )

    @property
    def people(self) -> str:
        """Name of the random streams: each version has other people, and so has each data set."""
        return f"{self.name} {self.version}"

    def controls(self) -> tuple[Dataset, ...]:
        """Return test people who differ in body alone, and others who differ in gait alone."""
        own = {f.name: getattr(self, f.name) for f in fields(self)}
        own |= {"identities_train": 0, "identities_validation": 0}
        return WalkersBody(**own | {"differing": "body"}), WalkersGait(
            **own | {"differing": "gait"}
        )

    def build(self, folder: Path, *, jobs: int = 1, progress: Progress | None = None) -> None:
        """Write the data set folder; `jobs` processes share the work and never change the bytes."""
        tasks = list(self._tasks())
        total = sum(
            len(self._seen_from(name, split)) for t in tasks for name, split in t.recordings
        )
        meta = {
            "rules": RULES.model_dump(mode="json"),
            "source": f"gaitbench walkers {self.version}, after published figures on body and gait",
            "licence": "CC0-1.0",
        }
        splits: dict[str, list[int]] = {}
        with SilhouettesWriter(
            folder, name=self.name, height=self.height, width=self.width, meta=meta
        ) as writer:
            for clip in self._clips(tasks, jobs):
                index = writer.add_packed(
                    clip.packed,
                    identity=clip.identity,
                    condition=clip.condition,
                    view=f"{clip.view:03g}",
                    recording=clip.recording,
                )
                splits.setdefault(clip.split, []).append(index)
                if progress is not None:
                    progress(index + 1, total)
            writer.splits.update(splits)

    def recording(self, identity: str, name: str) -> Recording:
        """Return one walk, before any camera sees it.

        Args:
            identity: Name of the identity, for example "test-0001".
            name: Name of the recording, for example "test-0001-bg-01".
        """
        condition = name.split("-")[-2]
        rng = stream(self.seed, self.people, name, "walk")
        body = identity if "body" in self.differing else "everyone"
        manner = identity if "gait" in self.differing else "everyone"
        physique = draw_physique(stream(self.seed, self.people, body, "body"))
        gait = vary(draw_gait(stream(self.seed, self.people, manner, "gait")), rng)
        outfit = draw_outfit(stream(self.seed, self.people, name, "outfit"), condition)
        pose = walk(
            outfit.walked(gait),
            physique.lengths,
            self.frames,
            phase=rng.random(),
            drift=CADENCE_DRIFT_PER_S * rng.standard_normal(),
        )
        place = stream(self.seed, self.people, name, "place")
        return Recording(
            name=name,
            condition=condition,
            pose=pose,
            shape=outfit.filled(physique.shape),
            extras=tuple(outfit.solids(pose, physique.shape)),
            camera_height_m=place.uniform(*CAMERA_HEIGHT_M),
            camera_distance_m=place.uniform(*CAMERA_DISTANCE_M),
            noise_level=draw_level(place),
        )

    def camera(self, recording: Recording, view: float) -> Camera:
        """Return the camera that sees a recording from one nominal view."""
        rng = stream(self.seed, self.people, recording.name, "camera", f"{view:g}")
        angle = view + VIEW_JITTER_DEG * rng.standard_normal()
        return Camera(angle, recording.camera_height_m, recording.camera_distance_m)

    def seen(self, recording: Recording, view: float) -> npt.NDArray[np.uint8]:
        """Return the silhouettes of a recording from one view, [t, h, w] in {0, 1}."""
        clean = render(
            recording.pose,
            recording.shape,
            self.camera(recording, view),
            height=self.height,
            width=self.width,
            extras=recording.extras,
        ).frames
        rng = stream(self.seed, self.people, recording.name, "noise", f"{view:g}")
        return degraded(clean, draw_noise(rng, clean.shape, recording.noise_level))

    def _tasks(self) -> Iterator[_Task]:
        for i in range(self.identities_train):
            identity = f"train-{i + 1:04d}"
            yield _Task(identity, _numbered(identity, {"train": self.recordings_train}))
        for group, count in (
            ("validation", self.identities_validation),
            ("test", self.identities_test),
        ):
            counts = {
                f"{group}.gallery": self.recordings_gallery,
                f"{group}.probe": self.recordings_probe,
            }
            for i in range(count):
                identity = f"{group}-{i + 1:04d}"
                yield _Task(identity, _numbered(identity, counts))

    def _seen_from(self, recording: str, split: str) -> list[float]:
        """Return the views that a recording is seen from, in the order of `views`."""
        if split != "train":
            return list(self.views)
        least, most = self.views_train
        count = int(stream(self.seed, self.people, recording, "views").integers(least, most + 1))
        # Each view draws its own lot, so a further view replaces some, but shuffles none.
        lots = [
            stream(self.seed, self.people, recording, "lot", f"{v:g}").random() for v in self.views
        ]
        chosen = np.argsort(lots)[:count]
        return [self.views[i] for i in sorted(chosen)]

    def _identity_clips(self, task: _Task) -> list[_Clip]:
        clips = []
        for name, split in task.recordings:
            recording = self.recording(task.identity, name)
            for view in self._seen_from(name, split):
                packed = pack(self.seen(recording, view))
                clips.append(_Clip(packed, task.identity, recording.condition, view, name, split))
        return clips

    def _clips(self, tasks: list[_Task], jobs: int) -> Iterator[_Clip]:
        # Takes long to import, and only building needs it.
        import joblib

        # Arrays are small, so threads inside a worker would only get in each other's way.
        with joblib.parallel_config(
            backend="loky",
            inner_max_num_threads=1,
            # A plug-in may derive from this class; workers need its module to know it.
            initializer=load_plugins,
            initargs=(loaded_plugins(),),
        ):
            work = joblib.Parallel(n_jobs=jobs, return_as="generator")
            for clips in work(joblib.delayed(self._identity_clips)(task) for task in tasks):
                yield from clips


@register("walkers-body")
@dataclass(frozen=True)
class WalkersBody(Walkers):
    """Walkers who differ in body alone: all have one manner of walking, varied from walk to walk."""

    about: ClassVar[str] = "walkers who differ in body alone: a control for what methods read"

    differing: Differing = "body"


@register("walkers-gait")
@dataclass(frozen=True)
class WalkersGait(Walkers):
    """Walkers who differ in gait alone: all have one body."""

    about: ClassVar[str] = "walkers who differ in gait alone: a control for what methods read"

    differing: Differing = "gait"


def _numbered(identity: str, counts: dict[str, Counts]) -> tuple[tuple[str, str], ...]:
    """Return (recording, split), numbered through all splits so that no two share a recording."""
    names = []
    used = dict.fromkeys(CONDITIONS, 0)
    for split, per_condition in counts.items():
        for condition, count in zip(CONDITIONS, per_condition, strict=True):
            for _ in range(count):
                used[condition] += 1
                names.append((f"{identity}-{condition}-{used[condition]:02d}", split))
    return tuple(names)
