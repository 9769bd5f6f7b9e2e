"""What counts as a clip of silhouettes, and where its edge is."""

import numpy as np
import pytest

from gaitbench.core.errors import DataError
from gaitbench.data.readers.opengait.clips import binary_clip

BODY = np.zeros((3, 8, 6), bool)
BODY[:, 1:7, 2:4] = True


def read(found, min_frames=2):
    return binary_clip(found, min_frames=min_frames)


@pytest.mark.parametrize(
    "found",
    [
        BODY,
        BODY.astype(np.uint8),
        255 * BODY.astype(np.uint8),
        BODY.astype(np.int64),
        255 * BODY.astype(np.int64),
        BODY.astype(np.float32),
        255 * BODY.astype(np.float64),
        65535 * BODY.astype(np.uint16),
        255 * BODY[:, None].astype(np.uint8),
        255 * BODY[..., None].astype(np.uint8),
        list(255 * BODY.astype(np.uint8)),
        [255 * BODY.astype(np.uint8)],
    ],
    ids=lambda found: str(np.asarray(found).dtype) + str(np.asarray(found).shape),
)
def test_ways_of_storing_the_same(found):
    before = np.array(found, copy=True)
    clip = read(found)
    assert clip.dtype == np.bool_
    np.testing.assert_array_equal(clip, BODY)
    np.testing.assert_array_equal(np.asarray(found), before)


def test_the_edge_is_at_half_of_the_largest_possible_value():
    clip = 255 * BODY.astype(np.uint8)
    clip[0, 0, :4] = 127, 128, 1, 254
    assert read(clip)[0, 0].tolist() == [False, True, False, True, False, False]
    grey = np.where(BODY, 0.5, 0.49)
    np.testing.assert_array_equal(read(grey), BODY)
    # A clip whose brightest pixel is grey is still one of 0 to 255.
    np.testing.assert_array_equal(read(np.where(BODY, 200, 100).astype(np.uint8)), BODY)


@pytest.mark.parametrize(
    ("found", "message"),
    [
        (BODY[0], r"shape \[8, 6\] is not \[frames, height, width\]"),
        (np.zeros((3, 3, 8, 6), np.uint8), r"shape \[3, 3, 8, 6\].*channels are no silhouettes"),
        (BODY[None], r"channels are no silhouettes"),
        (BODY[None, None], r"shape \[1, 1, 3, 8, 6\] is not"),
        (BODY[:1], r"1 frame, fewer than 2 \(--min-frames\)"),
        (BODY[:0], r"empty: shape \[0, 8, 6\]"),
        (BODY[:, :, :0], "empty"),
        ([], "empty: a list without frames"),
        ([BODY[0], BODY[0, 1:]], "frames of different sizes in one clip: 7×6, 8×6"),
        ([BODY, BODY], r"a list of arrays \[3, 8, 6\]"),
        (BODY.astype(complex), "values are complex128"),
        (BODY.astype("U1"), "values are <U1"),
        (np.where(BODY, np.nan, 1.0), "36 values are not numbers"),
        (np.where(BODY, np.inf, 1.0), "36 values are not numbers"),
        (np.where(BODY, -1, 1), "values from -1 to 1 are no images"),
        (np.where(BODY, 1e6, 1), "values from 1 to 1e\\+06 are no images"),
        (np.zeros((3, 8, 6), np.uint8), "all frames are black"),
        (np.zeros((3, 8, 6), bool), "all frames are black"),
        (11 * BODY.astype(np.uint8), "the largest value is 11: labels of body parts"),
    ],
)
def test_what_is_no_clip(found, message):
    with pytest.raises(DataError, match=message):
        read(found)


def test_a_kind_of_number_that_ends_below_the_half():
    np.testing.assert_array_equal(read(BODY.astype(np.int8)), BODY)
    with pytest.raises(DataError, match="no pixel reaches half of 255, the largest value is 127"):
        read(127 * BODY.astype(np.int8))


def test_short_clips_can_be_wanted():
    assert len(read(BODY[:1], min_frames=1)) == 1
    with pytest.raises(DataError, match="3 frames, fewer than 4"):
        read(BODY, min_frames=4)
