import numpy as np
import pytest
import torch

from gaitbench.core.random_streams import stream
from gaitbench.occlusion.apply import occlude
from gaitbench.occlusions.moving import Dynamic, Patch, Pole, pass_by


def test_the_first_position_is_uniform_among_all_that_overlap():
    lefts = [int(pass_by(stream(k), (1, 1), 5, 1, 11)[0][0]) for k in range(3000)]
    values, counts = np.unique(lefts, return_counts=True)
    assert values.tolist() == list(range(-4, 11))
    assert counts.min() > 140  # 200 expected, standard deviation 14
    assert counts.max() < 260


@pytest.mark.parametrize("frame", [1, 40, 500])
def test_every_frame_has_the_same_law(frame):
    lefts = [int(pass_by(stream(k), (0.5, 1), 5, frame + 1, 11)[0][frame]) for k in range(2000)]
    assert np.unique(lefts).tolist() == list(range(-4, 11))
    assert np.mean(lefts) == pytest.approx(3, abs=0.4)


def test_the_object_keeps_its_speed_and_direction_and_another_follows():
    directions = set()
    for k in range(20):
        left, drawn = pass_by(stream(k), (2, 2), 4, 60, 20)
        directions.add(drawn["direction"])
        steps = np.diff(left)
        # 23 positions: either on by two pixels, or in again from the other side.
        assert set(steps.tolist()) <= {2 * int(drawn["direction"]), -21 * int(drawn["direction"])}
        assert (steps == -21 * int(drawn["direction"])).any()
    assert directions == {-1, 1}


def test_speed_is_in_proportion_to_the_width():
    for width in (22, 44, 64, 128):
        drawn = Pole(speed=(0.75, 0.75)).draw(stream(0), 3, 64, width)
        assert drawn.parameters["speed_px"] == pytest.approx(0.75 * width / 64)


def test_the_patch_stands_on_the_lower_edge_and_has_its_size():
    for k in range(20):
        drawn = Patch().draw(stream(k), 30, 64, 64)
        hidden = occlude(torch.ones((1, 30, 64, 64)), [drawn]).hidden[0]
        widest = hidden.any(1).sum(1).max()
        heights = hidden.any(2).sum(1)
        assert set(heights.tolist()) == {int(float(drawn.parameters["height"]) * 64)}
        assert hidden[:, -1].any(1).all()
        assert widest <= int(drawn.amount * 64)
        assert 0.4 <= float(drawn.parameters["height"]) <= 0.6


def test_the_patch_s_width_and_height_are_drawn_separately():
    drawn = [Patch().draw(stream(k), 1, 64, 64) for k in range(200)]
    pairs = np.array([[d.amount, float(d.parameters["height"])] for d in drawn])
    assert abs(np.corrcoef(pairs.T)[0, 1]) < 0.2


def test_the_pole_is_as_high_as_the_frame():
    hidden = occlude(torch.ones((1, 9, 64, 64)), [Pole().draw(stream(0), 9, 64, 64)]).hidden[0]
    assert torch.equal(hidden.any(1), hidden.all(1))
    assert hidden.any(1).any(1).all()


def test_dynamic_is_either_and_its_pole_is_narrower():
    shapes = {"patch": 0, "pole": 0}
    for k in range(300):
        drawn = Dynamic((0.5, 0.5)).draw(stream(k), 40, 64, 64)
        shapes[str(drawn.parameters["shape"])] += 1
        boxes = drawn.steps[0].boxes
        assert boxes is not None
        width, top = boxes[0, 0, 3] - boxes[0, 0, 2], boxes[0, 0, 0]
        pole = drawn.parameters["shape"] == "pole"
        assert (width, top) == ((19, 0) if pole else (32, 32))
    assert 110 < shapes["patch"] < 190
    drawn = Dynamic((0.1, 0.1)).draw(stream(1), 4, 64, 64)
    assert occlude(torch.ones((1, 4, 64, 64)), [drawn]).share < 0.02


def test_released_motion_starts_at_the_left_edge_and_leaves_for_good():
    drawn = Pole((0.25, 0.25), (2, 2), "released-code").draw(stream(0), 50, 32, 32)
    hidden = occlude(torch.ones((1, 50, 32, 32)), [drawn]).hidden[0]
    assert hidden[0, 0].nonzero().flatten().tolist() == list(range(8))
    assert hidden[3, 0].nonzero().flatten().tolist() == list(range(6, 14))
    assert not hidden[16:].any()


def test_speed_0_stands_still():
    boxes = Patch(speed=(0, 0)).draw(stream(0), 5, 32, 22).steps[0].boxes
    assert boxes is not None
    assert (boxes == boxes[:1]).all()
