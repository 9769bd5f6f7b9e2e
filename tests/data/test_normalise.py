import numpy as np

from gaitbench.data.normalise import columns_from, median_columns, normalised


def blob(top, bottom, left, right, size=20):
    frame = np.zeros((1, size, size), np.uint8)
    frame[0, top:bottom, left:right] = 1
    return frame


def test_the_median_column_is_the_first_past_half_of_the_mass():
    assert median_columns(blob(3, 9, 4, 9)).tolist() == [6]
    assert median_columns(np.zeros((1, 5, 5), np.uint8)).tolist() == [0]


def test_columns_outside_of_the_image_are_empty():
    frame = blob(0, 20, 0, 20)
    cut = columns_from(np.concatenate([frame, frame]), np.array([-2, 17]), 6)
    np.testing.assert_array_equal(cut[:, 0], [[0, 0, 1, 1, 1, 1], [1, 1, 1, 0, 0, 0]])


def test_a_body_is_stretched_to_the_full_height_and_centred():
    out = normalised(blob(5, 15, 2, 7), 40, 30)[0]
    assert out.any(axis=1).all()
    columns = np.flatnonzero(out.any(axis=0))
    assert len(columns) == 20
    assert abs(np.median(columns) - 15) <= 1


def test_normalised_frames_stay_as_they_are_and_empty_ones_empty():
    frames = normalised(blob(5, 15, 2, 7), 20, 20)
    np.testing.assert_array_equal(normalised(frames, 20, 20), frames)
    assert not normalised(np.zeros((2, 9, 9), np.uint8), 12, 12).any()
