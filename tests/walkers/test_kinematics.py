import numpy as np
import pytest

from gaitbench.core.random_streams import stream
from gaitbench.walkers.anthropometry import draw_physique
from gaitbench.walkers.body import joints
from gaitbench.walkers.gait import draw_gait, vary
from gaitbench.walkers.kinematics import walk


def drawn_walk(person, frames=60):
    gait = vary(draw_gait(stream(1, person, "gait")), stream(1, person, "walk"))
    lengths = draw_physique(stream(1, person, "body")).lengths
    return joints(walk(gait, lengths, frames, phase=0.2)), lengths


@pytest.mark.parametrize("person", range(6))
def test_bones_keep_their_lengths(person):
    at, lengths = drawn_walk(person)
    for upper, lower, length in (
        ("hip", "knee", lengths.thigh),
        ("knee", "ankle", lengths.shank),
        ("shoulder", "elbow", lengths.upper_arm),
        ("elbow", "wrist", lengths.forearm),
    ):
        for side in ("l", "r"):
            bone = np.linalg.norm(at[f"{side}_{lower}"] - at[f"{side}_{upper}"], axis=1)
            np.testing.assert_allclose(bone, length, rtol=1e-6)


@pytest.mark.parametrize("person", range(6))
def test_knees_bend_backwards_and_elbows_forwards(person):
    at, _ = drawn_walk(person)
    for side in ("l", "r"):
        hip, knee, ankle = (at[f"{side}_{j}"] for j in ("hip", "knee", "ankle"))
        middle = hip + (ankle - hip) * 0.5
        assert (knee - middle)[:, 0].min() > -0.02
        shoulder, elbow, wrist = (at[f"{side}_{j}"] for j in ("shoulder", "elbow", "wrist"))
        assert (elbow - 0.5 * (shoulder + wrist))[:, 0].max() < 0.02


@pytest.mark.parametrize("person", range(6))
def test_feet_stay_where_they_stand(person):
    at, _ = drawn_walk(person)
    lowest = np.min([at[f"{s}_{p}"][:, 2] for s in ("l", "r") for p in ("heel", "toe")], axis=0)
    assert np.abs(lowest).max() < 0.03
    for side in ("l", "r"):
        # Flat on the ground: heel and toe both within two centimetres of it.
        heel, toe = at[f"{side}_heel"], at[f"{side}_toe"]
        flat = (heel[:, 2] < 0.02) & (toe[:, 2] < 0.02)
        flat = flat[:-1] & flat[1:]
        assert flat.any()
        slip = np.abs(np.diff(0.5 * (heel + toe)[:, 0]))[flat]
        assert np.median(slip) < 0.012  # a walker goes 5 cm a frame


def test_normal_gait_has_a_normal_speed_and_bounce():
    lengths = draw_physique(stream(0, "b"), spread=0.0).lengths
    at = joints(walk(draw_gait(stream(0, "g"), spread=0.0), lengths, 101, phase=0.0))
    speed = (at["pelvis"][-1, 0] - at["pelvis"][0, 0]) / 4.0
    assert 1.1 < speed < 1.5
    assert 0.02 < np.ptp(at["pelvis"][:, 2]) < 0.06


def test_arms_swing_against_the_legs():
    at, _ = drawn_walk(0)
    for side in ("l", "r"):
        arm = at[f"{side}_wrist"][:, 0] - at[f"{side}_shoulder"][:, 0]
        leg = at[f"{side}_ankle"][:, 0] - at[f"{side}_hip"][:, 0]
        assert np.corrcoef(arm, leg)[0, 1] < -0.5


def test_one_persons_walks_are_more_alike_than_two_persons():
    persons = [draw_gait(stream(2, p)) for p in range(8)]
    walks = [[vary(g, stream(2, p, k)).curves for k in range(2)] for p, g in enumerate(persons)]
    within = np.mean([np.linalg.norm(a - b) for a, b in walks])
    between = np.mean(
        [np.linalg.norm(a.curves - b.curves) for a in persons for b in persons if a is not b]
    )
    assert within < 0.6 * between
