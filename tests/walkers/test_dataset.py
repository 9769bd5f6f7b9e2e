from dataclasses import replace

import numpy as np
import pytest

from gaitbench.core.errors import ConfigurationError
from gaitbench.data.silhouettes import Silhouettes
from gaitbench.walkers.body import joints
from gaitbench.walkers.dataset import Walkers

SMALL = Walkers(
    identities_train=3,
    identities_validation=1,
    identities_test=2,
    views=(0.0, 90.0),
    views_train=(1, 2),
)


@pytest.fixture(scope="module")
def small(tmp_path_factory):
    folder = tmp_path_factory.mktemp("walkers")
    SMALL.build(folder)
    return Silhouettes.open(folder)


def built(description, folder, **options):
    description.build(folder, **options)
    return Silhouettes.open(folder)


def by_sequence(data):
    return {row.sequence: data.frames(i) for i, row in enumerate(data.table.itertuples())}


def test_the_same_description_gives_the_same_bytes_whatever_the_jobs(small, tmp_path):
    assert built(SMALL, tmp_path / "again").fingerprint == small.fingerprint
    assert built(SMALL, tmp_path / "two", jobs=2).fingerprint == small.fingerprint


def test_another_seed_gives_other_people(small, tmp_path):
    other = built(replace(SMALL, identities_train=1, seed=1), tmp_path)
    assert (other.frames(0).shape, other.table["sequence"][0]) == (
        (30, 64, 64),
        "train-0001-nm-01-000",
    )
    assert np.any(other.frames(0) != by_sequence(small)["train-0001-nm-01-000"])


def test_more_identities_and_views_leave_the_others_as_they_were(small, tmp_path):
    more = replace(SMALL, identities_train=4, identities_test=3, views=(0.0, 45.0, 90.0))
    old, new = by_sequence(small), by_sequence(built(more, tmp_path))
    shared = old.keys() & new.keys()
    assert {name for name in old if not name.startswith("train")} <= shared
    for name in shared:
        np.testing.assert_array_equal(old[name], new[name])


def test_splits_share_no_identity(small):
    people: dict[str, set[str]] = {}
    for name, rows in small.splits.items():
        people.setdefault(name.split(".")[0], set()).update(small.table["identity"].iloc[rows])
    assert set(people) == {"train", "validation", "test"}
    assert sum(len(names) for names in people.values()) == len(set().union(*people.values())) == 6


@pytest.mark.parametrize("group", ["validation", "test"])
def test_gallery_and_probe_share_no_recording(small, group):
    gallery, probe = (
        small.table.iloc[small.split(f"{group}.{side}")] for side in ("gallery", "probe")
    )
    assert set(gallery["condition"]) == {"nm"}
    assert set(probe["condition"]) == {"nm", "bg", "cl"}
    assert not set(gallery["recording"]) & set(probe["recording"])
    assert set(gallery["identity"]) == set(probe["identity"])


def test_every_frame_is_centred_and_fills_the_height(small):
    frames = small.unpack(np.arange(len(small.packed)))
    assert frames[:, [0, -1]].any(axis=2).all()
    mass = np.cumsum(frames.sum(axis=1), axis=1)
    assert np.abs(np.argmax(2 * mass > mass[:, -1:], axis=1) - 32).max() <= 1


def test_legs_open_and_close_at_the_cadence():
    walkers = replace(SMALL, frames=100)
    recording = walkers.recording("test-0001", "test-0001-nm-01")
    lower = walkers.seen(recording, 90.0)[:, 44:]
    columns = np.asarray(lower.any(axis=1))
    spread = 64 - np.argmax(columns[:, ::-1], axis=1) - np.argmax(columns, axis=1)
    spectrum = np.abs(np.fft.rfft((spread - spread.mean()) * np.hanning(100), 2000))
    steps_per_second = np.fft.rfftfreq(2000, 1 / 25)[np.argmax(spectrum)]
    at = joints(recording.pose)
    apart = at["l_ankle"][:, 0] - at["r_ankle"][:, 0]
    crossings = np.flatnonzero(np.diff(np.sign(apart)))
    assert steps_per_second == pytest.approx(25.0 / np.diff(crossings).mean(), rel=0.08)


def test_progress_counts_all_sequences(tmp_path):
    seen = []
    SMALL.build(tmp_path, progress=lambda done, total: seen.append((done, total)))
    assert seen[-1][0] == seen[-1][1] == len(seen)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"views": ()}, "at least one view"),
        ({"views": (0.0, 0.0)}, "each once"),
        ({"views_train": (3, 2)}, "least ≤ most"),
        ({"identities_test": -1}, "at least one"),
        ({"frames": 0}, "at least 1"),
        ({"recordings_probe": (1, 1)}, "for each of nm, bg, cl"),
    ],
)
def test_descriptions_that_cannot_be_built_are_refused(change, message):
    with pytest.raises(ConfigurationError, match=message):
        replace(SMALL, **change)
