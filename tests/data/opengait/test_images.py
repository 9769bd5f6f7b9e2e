"""Clips from folders of PNG images."""

import numpy as np
import pytest
from PIL import Image

from gaitbench.data.opengait.images import natural, read_images
from gaitbench.errors import DataError


def written(folder, images, mode=None):
    folder.mkdir(exist_ok=True)
    for name, image in images.items():
        picture = Image.fromarray(image)
        (picture.convert(mode) if mode else picture).save(folder / name)
    return sorted(folder.iterdir())


def body(height, width, top, bottom, left, right):
    image = np.zeros((height, width), np.uint8)
    image[top:bottom, left:right] = 255
    return image


def test_frames_come_in_natural_order(tmp_path):
    images = {f"f{n}.png": np.full((64, 44), n, np.uint8) for n in (10, 9, 100)}
    clip, left_out = read_images(written(tmp_path, images))
    assert np.asarray(clip)[:, 0, 0].tolist() == [9, 10, 100]
    assert (np.asarray(clip).shape, left_out) == ((3, 64, 44), 0)


def test_natural_order_of_equal_numbers_is_by_spelling():
    assert sorted(["7", "007", "a7", "10"], key=natural) == ["007", "7", "10", "a7"]


def test_raw_frames_are_cut_scaled_and_centred(tmp_path):
    raw = {
        "a.png": body(240, 320, 40, 168, 100, 140),
        "b.png": body(240, 320, 100, 132, 10, 20),
        "c.png": body(90, 60, 0, 90, 0, 30),
        "d.png": body(240, 320, 5, 8, 5, 8),
    }
    clip, left_out = read_images(written(tmp_path, raw))
    clip = np.asarray(clip)
    # The last one shows nine pixels.
    assert (clip.shape, left_out) == ((3, 64, 64), 1)
    assert clip.any(axis=2).all()
    mass = np.cumsum(clip.sum(axis=1), axis=1)
    assert np.abs(np.argmax(2 * mass > mass[:, -1:], axis=1) - 32).max() <= 1
    assert [frame.any(axis=0).sum() for frame in clip] == [20, 20, pytest.approx(21, abs=1)]


@pytest.mark.parametrize("mode", ["1", "L", "P", "RGB", "RGBA", "LA"])
def test_modes_of_images(mode, tmp_path):
    clip, _ = read_images(written(tmp_path, {"a.png": body(64, 64, 3, 60, 10, 20)}, mode))
    assert np.count_nonzero(clip) == 570


def test_sixteen_bits(tmp_path):
    image = body(64, 64, 3, 60, 10, 20).astype(np.uint16) * 257
    clip, _ = read_images(written(tmp_path, {"a.png": image}))
    assert np.asarray(clip).max() == 65535


@pytest.mark.parametrize("cut", [0, 10, 60])
def test_a_damaged_image_is_named(cut, tmp_path):
    (path,) = written(tmp_path, {"a.png": body(64, 64, 3, 60, 10, 20)})
    path.write_bytes(path.read_bytes()[:cut])
    with pytest.raises(DataError, match=r"a\.png cannot be read as PNG"):
        read_images([path])


def test_only_png_is_read_whatever_the_name(tmp_path):
    Image.fromarray(body(64, 64, 3, 60, 10, 20)).save(tmp_path / "a.gif")
    with pytest.raises(DataError, match=r"a\.gif cannot be read as PNG"):
        read_images([tmp_path / "a.gif"])


def test_an_image_that_claims_too_many_pixels(tmp_path):
    (path,) = written(tmp_path, {"a.png": np.zeros((1, 1), np.uint8)})
    data = bytearray(path.read_bytes())
    data[16:24] = b"\x00\x00\x40\x00\x00\x00\x40\x00"
    # The checksum of the header belongs to its content.
    import zlib

    data[29:33] = zlib.crc32(bytes(data[12:29])).to_bytes(4, "big")
    path.write_bytes(bytes(data))
    with pytest.raises(DataError, match=r"a\.png (claims 16384×16384|cannot be read)"):
        read_images([path])


def test_images_without_anybody(tmp_path):
    paths = written(tmp_path, {"a.png": np.zeros((30, 30), np.uint8)})
    with pytest.raises(DataError, match="none of 1 images shows a body of 40 pixels"):
        read_images(paths)
