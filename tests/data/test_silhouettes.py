"""What networks see of a data set: its frames, their middle columns, and what is done to them later."""

import numpy as np
import pytest

from gaitbench.core.errors import DataError
from gaitbench.data.silhouettes import Silhouettes, SilhouettesWriter
from gaitbench.data.source import seen_data

HEIGHT = WIDTH = 16
FRAMES = np.random.default_rng(0).integers(0, 2, (5, HEIGHT, WIDTH), dtype=np.uint8)


@pytest.fixture
def folder(tmp_path):
    with SilhouettesWriter(tmp_path, name="tiny", height=HEIGHT, width=WIDTH) as writer:
        writer.add(FRAMES, identity="a", condition="nm", view="090", recording="1")
    return tmp_path


@pytest.mark.parametrize(
    ("size", "shrink", "columns"),
    [
        ((16, 16), 1, slice(0, 16)),
        ((16, 12), 1, slice(2, 14)),
        ((8, 8), 2, slice(0, 16)),
        ((8, 6), 2, slice(2, 14)),
        ((4, 3), 4, slice(2, 14)),
    ],
)
def test_frames_keep_their_resolution_and_lose_columns_on_both_sides(folder, size, shrink, columns):
    data = Silhouettes.open(folder).seen(*size)
    assert (data.height, data.width, data.shrink) == (16, columns.stop - columns.start, shrink)
    assert (data.height // data.shrink, data.width // data.shrink) == size
    assert not data.averaged
    np.testing.assert_array_equal(data.frames(0), FRAMES[:, :, columns])
    np.testing.assert_array_equal(
        data.unpack(np.array([[4], [1]]))[:, 0], FRAMES[[4, 1], :, columns]
    )


def test_an_energy_image_is_averaged_later_from_all_frames(folder):
    data = Silhouettes.open(folder).seen(8, 6, "energy-image")
    assert (data.averaged, data.shrink) == (True, 2)
    np.testing.assert_array_equal(data.frames(0), FRAMES[:, :, 2:14])


def test_another_representation_is_another_opened_data_set(folder):
    silhouettes = seen_data(folder, 8, 6, "silhouettes")
    assert not silhouettes.averaged
    assert seen_data(folder, 8, 6, "energy-image").averaged
    assert seen_data(folder, 8, 6, "silhouettes") is silhouettes


@pytest.mark.parametrize("size", [(12, 12), (16, 13), (8, 9)])
def test_a_size_that_does_not_divide_is_refused(folder, size):
    with pytest.raises(DataError, match=f"16×16 cannot be reduced to the {size[0]}×{size[1]}"):
        Silhouettes.open(folder).seen(*size)
