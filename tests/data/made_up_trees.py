"""Made-up trees of every known data set: right names, a few identities, walkers for silhouettes.

`python -m tests.data.made_up_trees gait3d FOLDER` writes one to try commands on.
"""

import json
import pickle
import sys
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from gaitbench.walkers.dataset import Walkers

FRAMES = 6
_WALKERS = Walkers(frames=FRAMES)
_TRAIN, _TEST = 4, 3


class Place(NamedTuple):
    """Where a clip lies, and what it shows."""

    identity: str
    condition: str
    view: str
    file: str
    kind: str = "nm"
    number: int = 1
    angle: float = 90.0


@cache
def silhouettes(identity: str, kind: str, number: int, angle: float) -> npt.NDArray[np.uint8]:
    """Return a walk as OpenGait stores it: uint8 [t, 64, 64] with 0 and 255."""
    recording = _WALKERS.recording(identity, f"{identity}-{kind}-{number:02d}")
    return 255 * _WALKERS.seen(recording, angle)


def _people(train: str, test: str) -> tuple[list[str], list[str]]:
    """Return names by patterns such as "{:03d}"; test identities are counted on."""
    return (
        [train.format(i + 1) for i in range(_TRAIN)],
        [test.format(_TRAIN + i + 1) for i in range(_TEST)],
    )


def _plain(
    people: list[str], conditions: dict[str, tuple[str, int]], views: tuple[str, ...], file: str
) -> Iterator[Place]:
    for identity in people:
        for condition, (kind, number) in conditions.items():
            for view in views:
                angle = float(view.split("_")[0].split("-")[0])
                yield Place(identity, condition, view, file.format(view=view), kind, number, angle)


def _casia_b() -> tuple[list[str], list[str], list[Place]]:
    train, test = _people("{:03d}", "{:03d}")
    conditions = {
        f"{kind}-{i:02d}": (kind, i)
        for kind, numbers in {"nm": (1, 2, 5), "bg": (1,), "cl": (2,)}.items()
        for i in numbers
    }
    return train, test, list(_plain([*train, *test], conditions, ("000", "090"), "{view}.pkl"))


def _ou_mvlp() -> tuple[list[str], list[str], list[Place]]:
    train, test = _people("{:05d}", "{:05d}")
    conditions = {"00": ("nm", 1), "01": ("nm", 2)}
    return train, test, list(_plain([*train, *test], conditions, ("000", "090"), "{view}.pkl"))


def _casia_e() -> tuple[list[str], list[str], list[Place]]:
    train, test = _people("{:03d}", "{:04d}")
    conditions = {
        "H-scene1-nm-1": ("nm", 1),
        "L-scene1-nm-2": ("nm", 2),
        "H-scene2-nm-1": ("nm", 3),
        "L-scene3-bg-2": ("bg", 1),
        "H-scene3_s-cl-1": ("cl", 1),
    }
    views = ("000", "090", "270")
    return train, test, list(_plain([*train, *test], conditions, views, "{view}.pkl"))


def _sustech1k() -> tuple[list[str], list[str], list[Place]]:
    train, test = _people("{:04d}", "{:04d}")
    conditions = {
        "00-nm": ("nm", 1),
        "01-nm": ("nm", 2),
        "01-bg": ("bg", 1),
        "01-cl": ("cl", 1),
        "01-cr": ("bg", 2),
        "01-ub": ("bg", 3),
        "01-uf": ("cl", 2),
        "02-oc": ("nm", 3),
        "02-nt": ("nm", 4),
    }
    file = "06-{view}-Camera-Sils_aligned.pkl"
    return train, test, list(_plain([*train, *test], conditions, ("000", "090-near"), file))


def _ccpg() -> tuple[list[str], list[str], list[Place]]:
    train, test = _people("{:03d}", "{:03d}")
    conditions = {
        "U0_D0": ("nm", 1),
        "U0_D0_BG": ("bg", 1),
        "U0_D3": ("nm", 2),
        "U1_D0": ("nm", 3),
        "U1_D1": ("cl", 1),
        "U2_D2": ("cl", 2),
        "U3_D3": ("cl", 3),
    }
    file = "{view}-aligned-sils.pkl"
    return train, test, list(_plain([*train, *test], conditions, ("01_1", "02_4"), file))


def _gait3d() -> tuple[list[str], list[str], list[Place]]:
    train, test = _people("{:04d}", "{:04d}")
    places = [
        Place(i, f"camid{c}_videoid{n}", f"seq{n}", f"seq{n}.pkl", "nm", n + 1, 40.0 * c)
        for i in (*train, *test)
        for c, n in ((0, 2), (3, 0), (5, 1))
    ]
    return train, test, places


def _grew() -> tuple[list[str], list[str], list[Place]]:
    train, test = _people("{:05d}train", "{:05d}")
    places = [
        Place(i, "00", f"t{i[:5]}x{n}", f"t{i[:5]}x{n}.pkl", "nm", n, 30.0 * n)
        for i in train
        for n in (1, 2)
    ]
    places += [
        Place(i, f"{n:02d}", f"g{i}x{n}", f"g{i}x{n}.pkl", "nm", n, 30.0 * n)
        for i in test
        for n in (1, 2)
    ]
    places += [Place("probe", "03", f"v{n}", f"v{n}.pkl", "nm", n, 120.0) for n in (1, 2, 3)]
    return train, [*test, "probe"], places


def _briar() -> tuple[list[str], list[str], list[Place]]:
    train, test = _people("G{:05d}", "G{:05d}")
    places = [
        Place(i, condition, view, f"{view}.pkl", "nm", n, angle)
        for i in (*train, *test)
        for condition, view, n, angle in (
            ("controlled", "face", 1, 0.0),
            ("controlled", "side", 2, 90.0),
            ("500m", "uav", 3, 40.0),
        )
    ]
    return train, test, places


_MADE = {
    "casia-b": _casia_b,
    "oumvlp": _ou_mvlp,
    "casia-e": _casia_e,
    "sustech1k": _sustech1k,
    "ccpg": _ccpg,
    "gait3d": _gait3d,
    "grew": _grew,
    "briar": _briar,
}
NAMES = tuple(_MADE)


class Tree(NamedTuple):
    """A written tree and the options of `gaitbench data import-opengait` that it needs."""

    root: Path
    options: dict[str, Path]
    places: list[Place]


def make_tree(dataset: str, folder: Path) -> Tree:
    """Write a tree and its partition into `folder`."""
    train, test, places = _MADE[dataset]()
    root = folder / "tree"
    for place in places:
        clip = silhouettes(f"test-{place.identity}", place.kind, place.number, place.angle)
        at = root / place.identity / place.condition / place.view
        at.mkdir(parents=True)
        (at / place.file).write_bytes(pickle.dumps(clip, protocol=4))
        for other in _beside(dataset, place):
            (at / other).write_bytes(pickle.dumps(np.zeros((FRAMES, 2)), protocol=4))
    partition = {"TRAIN_SET": train, "TEST_SET": test}
    if dataset == "gait3d":
        partition["PROBE_SET"] = [f"{i}-camid0_videoid2-seq2" for i in test]
    file = folder / "partition.json"
    file.write_text(json.dumps(partition))
    if dataset != "briar":
        return Tree(root, {"partition": file}, places)
    file.write_text(json.dumps({"TRAIN_SET": train, "TEST_SET": []}))
    rows = [
        f"{p.identity},{p.condition},{p.view},{'probe' if p.condition == '500m' else 'gallery'}"
        for p in places
        if p.identity in test
    ]
    pairs = folder / "pairs.csv"
    pairs.write_text("\n".join(["identity,condition,view,role", *rows]) + "\n")
    return Tree(root, {"partition": file, "pairs": pairs}, places)


def _beside(dataset: str, place: Place) -> list[str]:
    """Return the names of other pickles that such a folder holds."""
    if dataset == "ccpg":
        return [f"{place.view}-{what}.pkl" for what in ("rgbs", "sils", "ratios")]
    if dataset == "sustech1k":
        return [
            f"00-{place.view}-LiDAR-PCDs.pkl",
            f"07-{place.view}-Camera-Sils_raw.pkl",
            f"14-sync-{place.view}-Camera-Sils_aligned.pkl",
        ]
    return []


if __name__ == "__main__":
    written = make_tree(sys.argv[1], Path(sys.argv[2]))
    print(written.root, written.options)  # noqa: T201
