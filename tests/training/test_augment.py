import numpy as np
import pytest
import torch
from pydantic import TypeAdapter, ValidationError

from gaitbench.core.random_streams import stream
from gaitbench.training.augment import augmented, warped
from gaitbench.training.augmentations import (
    Augmentation,
    DrawnAugmentation,
    Erase,
    Flip,
    Perspective,
    Rotate,
    draw_augmentation,
    homography,
    perspective,
    rotation,
)

ALL = (
    Perspective(probability=0.5),
    Flip(probability=0.5),
    Rotate(probability=0.5),
    Erase(probability=0.5),
)


def some_clips(n=3, t=2, h=16, w=11, seed=0):
    rng = np.random.default_rng(seed)
    return torch.from_numpy((rng.random((n, t, h, w)) < 0.5).astype(np.uint8))


def blob(h=32, w=22):
    """One clip with a body that has no symmetry."""
    clip = torch.zeros(1, 1, h, w, dtype=torch.uint8)
    clip[..., 6:26, 8:14] = 1
    clip[..., 8:12, 13:18] = 1
    return clip


def slowly_warped(frame, matrix):
    """Pull every new pixel from where it was, one at a time."""
    h, w = frame.shape
    old, new = np.linalg.inv(matrix), np.zeros((h, w))
    for row in range(h):
        for column in range(w):
            x, y, z = old @ (column, row, 1)
            x, y = x / z, y / z
            left, top = int(np.floor(x)), int(np.floor(y))
            for r, c in ((top, left), (top, left + 1), (top + 1, left), (top + 1, left + 1)):
                if 0 <= r < h and 0 <= c < w:
                    new[row, column] += frame[r, c] * (1 - abs(x - c)) * (1 - abs(y - r))
    return new


def test_nothing_drawn_gives_the_very_same_clips():
    clips = some_clips()
    assert augmented(clips, [DrawnAugmentation()] * 3) is clips


@pytest.mark.parametrize(
    "kind",
    [Rotate(probability=1, degrees=0), Perspective(probability=1, inset=0)],
)
def test_no_strength_changes_nothing(kind):
    clips = some_clips()
    drawn = [draw_augmentation((kind,), np.random.default_rng(i), 16, 11) for i in range(3)]
    assert torch.equal(augmented(clips, drawn), clips)


def test_a_flip_mirrors_and_is_its_own_inverse():
    clips = some_clips()
    flip = [Flip(probability=1).draw(np.random.default_rng(0), 16, 11)] * 3
    once = augmented(clips, flip)
    assert torch.equal(once, clips.flip(-1))
    assert torch.equal(augmented(once, flip), clips)
    assert clips.dtype == once.dtype == torch.uint8


def test_a_quarter_turn_moves_a_known_pixel():
    clips = torch.zeros(1, 1, 9, 9, dtype=torch.uint8)
    clips[0, 0, 4, 8] = 1
    turned = warped(clips, rotation(90, 9, 9)[None])
    # Counter-clockwise, the pixel at the right comes to the top.
    assert turned.nonzero().tolist() == [[0, 0, 0, 4]]


@pytest.mark.parametrize("degrees", [-9.7, 3.3, 10])
def test_a_rotation_keeps_the_middle_and_every_distance(degrees):
    matrix = rotation(degrees, 64, 44)
    middle = np.array([43 / 2, 63 / 2, 1])
    assert np.allclose(matrix @ middle, middle)
    assert np.linalg.det(matrix) == pytest.approx(1)
    assert np.allclose(matrix[:2, :2] @ matrix[:2, :2].T, np.eye(2))


def test_a_homography_maps_its_points():
    old = [(1.0, 0.0), (30.0, 2.0), (29.0, 33.0), (0.0, 31.0)]
    new = [(0.0, 0.0), (32.0, 0.0), (32.0, 32.0), (0.0, 32.0)]
    matrix = homography(old, new)
    for (x, y), target in zip(old, new, strict=True):
        u, v, z = matrix @ (x, y, 1)
        assert (u / z, v / z) == pytest.approx(target)


@pytest.mark.parametrize("width", [64, 44])
def test_perspective_moves_its_corners_to_those_of_the_uncut_frame(width):
    cut = (64 - width) / 2
    matrix = perspective((3, 7), (9, 1), 64, width)
    corners = {(3, 0): (0, 0), (57, 0): (64, 0), (63, 64): (64, 64), (9, 64): (0, 64)}
    for (x, y), (u, v) in corners.items():
        found = matrix @ (x - cut, y, 1)
        assert found[:2] / found[2] == pytest.approx((u - cut, v))


def test_perspective_draws_the_corners_that_opengait_draws():
    kind = Perspective(probability=1)
    moved = []
    for i in range(400):
        back = np.linalg.inv(kind.draw(np.random.default_rng(i), 64, 64).matrix)
        points = [back @ corner for corner in ((0, 0, 1), (64, 0, 1), (64, 64, 1), (0, 64, 1))]
        moved.append([p[0] / p[2] for p in points])
    found = np.round(np.array(moved)).astype(int)
    assert set(found[:, 0]) == set(found[:, 3]) == set(range(10))
    assert set(found[:, 1]) == set(found[:, 2]) == set(range(54, 64))


@pytest.mark.parametrize("seed", range(6))
def test_warping_agrees_with_a_slow_reference(seed):
    clip = blob()
    drawn = draw_augmentation(
        (Perspective(probability=1), Flip(probability=1), Rotate(probability=1)),
        np.random.default_rng(seed),
        32,
        22,
    )
    expected = slowly_warped(clip[0, 0].numpy().astype(float), drawn.matrix)
    found = augmented(clip, [drawn])[0, 0].numpy()
    clear = abs(expected - 0.5) > 1e-3
    assert clear.mean() > 0.95
    assert np.array_equal(found[clear], (expected >= 0.5)[clear])


def test_all_frames_of_a_clip_move_alike_and_the_clips_given_stay():
    clips = blob().expand(2, 5, 32, 22).clone()
    before = clips.clone()
    drawn = [draw_augmentation(ALL, np.random.default_rng(i), 32, 22) for i in (3, 4)]
    found = augmented(clips, drawn)
    assert torch.equal(clips, before)
    assert torch.equal(found, found[:, :1].expand_as(found))
    assert found.unique().tolist() == [0, 1]


def test_erasing_clears_one_box_of_the_drawn_size():
    clips = torch.ones(1, 2, 64, 44, dtype=torch.uint8)
    kind = Erase(probability=1)
    for i in range(50):
        drawn = kind.draw(np.random.default_rng(i), 64, 44)
        top, left, bottom, right = drawn.box
        assert 0 <= top < bottom <= 64
        assert 0 <= left < right <= 44
        share = (bottom - top) * (right - left) / (64 * 44)
        assert 0.04 < share < 0.21
        found = augmented(clips, [drawn])
        assert int((found == 0).sum()) == 2 * (bottom - top) * (right - left)


def test_a_box_that_never_fits_is_left_out():
    assert Erase(probability=1, area=(2.0, 3.0)).draw(np.random.default_rng(0), 8, 8).nothing


def test_draws_depend_on_the_clip_alone():
    def drawn(n):
        return [draw_augmentation(ALL, stream(0, "augment", i), 16, 11) for i in range(n)]

    few, many = drawn(3), drawn(9)
    clips = some_clips(9)
    assert torch.equal(augmented(clips[:3], few), augmented(clips, many)[:3])
    assert torch.equal(augmented(clips, many), augmented(clips, drawn(9)))


def test_probabilities_are_kept():
    count = sum(
        not draw_augmentation((Flip(probability=0.2),), stream(0, "p", i), 16, 11).nothing
        for i in range(2000)
    )
    assert 340 < count < 460


@pytest.mark.parametrize(
    "wrong",
    [{"name": "blur", "probability": 1}, {"name": "flip"}, {"name": "flip", "probability": 2}],
)
def test_an_unknown_or_impossible_augmentation_is_refused(wrong):
    with pytest.raises(ValidationError):
        TypeAdapter(Augmentation).validate_python(wrong)
