from dataclasses import replace

import numpy as np
import pytest

from gaitbench.core.errors import DataError
from gaitbench.core.random_streams import stream
from gaitbench.walkers.anthropometry import draw_physique
from gaitbench.walkers.body import JOINTS, PARTS, Camera, Shape, joints, render
from gaitbench.walkers.gait import draw_gait
from gaitbench.walkers.kinematics import walk
from gaitbench.walkers.outfit import Backpack, Coat

VIEWS = (0.0, 36.0, 90.0, 144.0, 180.0)
LENGTHS = draw_physique(stream(0, "body"), spread=0.0).lengths
SHAPE = Shape.average(LENGTHS.stature)


@pytest.fixture(scope="module")
def pose():
    return walk(draw_gait(stream(0, "gait"), spread=0.0), LENGTHS, 26, phase=0.0)


@pytest.mark.parametrize("view", VIEWS)
def test_frames_are_binary_centred_and_full(pose, view):
    frames = render(pose, SHAPE, Camera(view)).frames
    assert frames.shape == (26, 64, 64)
    assert set(np.unique(frames)) == {0, 1}
    assert frames[:, [0, -1]].any(axis=2).all()
    mass = np.cumsum(frames.sum(axis=1), axis=1)
    median = np.argmax(2 * mass > mass[:, -1:], axis=1)
    assert np.abs(median - 32).max() <= 1


@pytest.mark.parametrize("view", VIEWS)
def test_parts_cover_exactly_the_silhouette(pose, view):
    bag = Backpack(0.2, 0.3, 0.5).solids(pose, SHAPE)
    rendered = render(pose, SHAPE, Camera(view), extras=bag, parts=True)
    assert rendered.parts is not None
    np.testing.assert_array_equal(rendered.parts > 0, rendered.frames)
    assert rendered.parts.max() <= len(PARTS)


def test_the_nearer_side_is_seen(pose):
    parts = render(pose, SHAPE, Camera(90.0), parts=True).parts
    assert parts is not None
    left, right = (np.count_nonzero(parts == PARTS.index(p) + 1) for p in ("l_leg", "r_leg"))
    assert left > 1.5 * right


def test_the_walker_goes_to_the_left_in_the_side_view(pose):
    parts = render(pose, SHAPE, Camera(90.0), parts=True).parts
    assert parts is not None
    # At its contact the left foot is in front.
    leg = np.argwhere(parts[0] == PARTS.index("l_leg") + 1)
    assert leg[leg[:, 0] > 56, 1].mean() < 28


def test_a_bag_on_the_back_shows_behind_and_a_coat_fills_between_the_legs(pose):
    plain = render(pose, SHAPE, Camera(90.0)).frames
    bag = render(pose, SHAPE, Camera(90.0), extras=Backpack(0.25, 0.3, 0.5).solids(pose, SHAPE))
    assert bag.frames[:, 12:26].sum() > 1.2 * plain[:, 12:26].sum()
    coat = Coat(1.1, 0.03, 1.1)
    clad = render(pose, coat.filled(SHAPE), Camera(90.0), extras=coat.solids(pose, SHAPE)).frames
    assert clad[:, 34:46].sum() > 1.2 * plain[:, 34:46].sum()


def test_size_and_girth_change_what_is_seen_as_they_should(pose):
    thin = render(pose, SHAPE, Camera(90.0)).frames
    thick = render(pose, replace(SHAPE, waist_depth=0.4, chest_depth=0.4), Camera(90.0)).frames
    assert thick.sum() > 1.1 * thin.sum()
    small = render(pose, SHAPE, Camera(90.0), height=32, width=22).frames
    assert small.shape == (26, 32, 22)


def test_the_input_stays_as_it_was(pose):
    before = pose.copy()
    render(pose, SHAPE, Camera(36.0))
    np.testing.assert_array_equal(pose, before)


def test_poses_that_cannot_be_rendered_are_refused(pose):
    with pytest.raises(DataError, match=r"one row per joint; got \(26, 3, 3\)"):
        render(pose[:, :3], SHAPE, Camera())
    with pytest.raises(DataError, match="Move the camera away"):
        render(pose, SHAPE, Camera(0.0, distance_m=0.8))


def test_joints_are_found_by_name(pose):
    at = joints(pose)
    assert tuple(at) == JOINTS
    assert (at["head"][:, 2] > at["neck"][:, 2]).all()
    assert (at["l_hip"][:, 1] > at["r_hip"][:, 1]).all()
