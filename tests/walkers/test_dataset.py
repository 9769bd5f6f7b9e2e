from dataclasses import replace

import numpy as np
import pytest

from gaitbench.core.errors import ConfigurationError
from gaitbench.data.silhouettes import Silhouettes
from gaitbench.data.source import DataSource
from gaitbench.evaluation.pairs import check_mates
from gaitbench.walkers import dataset
from gaitbench.walkers.body import joints
from gaitbench.walkers.dataset import RULES, Walkers, WalkersBody, WalkersGait

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


def test_every_search_of_the_rules_finds_mates_and_only_the_first_is_the_headline(small):
    probes, gallery = (small.table.iloc[small.split(f"test.{s}")] for s in ("probe", "gallery"))
    check_mates(probes, gallery, RULES)
    asked = [(s.name, s.probes, s.excluded, s.headline) for s in RULES.searches]
    assert asked == [
        ("all", (), "same-view", True),
        ("nm", ("nm",), "same-view", False),
        ("bg", ("bg",), "same-view", False),
        ("cl", ("cl",), "same-view", False),
        ("in the wild: nothing excluded", (), "nothing", False),
    ]
    assert small.meta["rules"] == RULES.model_dump(mode="json")


def people_of(walkers, monkeypatch):
    """Return what tells three people apart: the body of each, and the manner before a walk varies it."""
    manners: list[str] = []

    def unvaried(gait, rng):
        manners.append(repr((gait.curves.tolist(), sorted(gait.manner.items()))))
        return gait

    monkeypatch.setattr(dataset, "vary", unvaried)
    bodies = []
    for i in range(1, 4):
        recording = walkers.recording(f"test-{i:04d}", f"test-{i:04d}-nm-01")
        at = joints(recording.pose)
        thigh = np.linalg.norm(at["l_hip"] - at["l_knee"], axis=1)
        assert thigh == pytest.approx(np.full(len(thigh), thigh[0]))
        bodies.append(repr((recording.shape, round(float(thigh[0]), 9))))
    return bodies, manners


@pytest.mark.parametrize(
    ("make", "n_bodies", "n_manners"), [(Walkers, 3, 3), (WalkersBody, 3, 1), (WalkersGait, 1, 3)]
)
def test_controls_differ_in_body_alone_or_in_gait_alone(monkeypatch, make, n_bodies, n_manners):
    bodies, manners = people_of(make(identities_test=3), monkeypatch)
    assert (len(set(bodies)), len(set(manners))) == (n_bodies, n_manners)


def test_each_control_has_people_of_its_own(monkeypatch):
    found = [people_of(make(), monkeypatch) for make in (Walkers, WalkersBody, WalkersGait)]
    for kind in range(2):
        everybody = [set(people[kind]) for people in found]
        assert len(set.union(*everybody)) == sum(map(len, everybody))


def test_controls_are_as_the_walkers_that_they_belong_to_and_for_tests_alone():
    chosen = replace(SMALL, frames=12, height=32, width=32, seed=4)
    body, gait = chosen.controls()
    assert isinstance(body, WalkersBody)
    assert isinstance(gait, WalkersGait)
    assert (body.name, gait.name) == ("walkers-body", "walkers-gait")
    assert (body.differing, gait.differing) == ("body", "gait")
    for control in (body, gait):
        as_walkers = Walkers(**vars(control) | {"differing": "body and gait"})
        assert as_walkers == replace(chosen, identities_train=0, identities_validation=0)
    assert len({DataSource.of(d).key for d in (chosen, body, gait)}) == 3


def test_a_control_holds_test_people_alone(tmp_path):
    control = replace(SMALL, frames=4, height=16, width=16).controls()[1]
    data = built(control, tmp_path)
    assert data.name == "walkers-gait"
    assert set(data.splits) == {"test.gallery", "test.probe"}
    assert set(data.table["identity"]) == {"test-0001", "test-0002"}


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
