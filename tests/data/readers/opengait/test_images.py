"""Clips from folders of PNG images."""

import tracemalloc

import numpy as np
import pytest
from PIL import Image

from gaitbench.core.errors import DataError
from gaitbench.data.normalise import normalised
from gaitbench.data.readers.opengait import images
from gaitbench.data.readers.opengait.images import natural, read_images


def written(folder, content, mode=None):
    folder.mkdir(exist_ok=True)
    for name, image in content.items():
        picture = Image.fromarray(image)
        (picture.convert(mode) if mode else picture).save(folder / name)
    return sorted(folder.iterdir())


def body(height, width, top, bottom, left, right):
    image = np.zeros((height, width), np.uint8)
    image[top:bottom, left:right] = 255
    return image


def test_frames_come_in_natural_order(tmp_path):
    numbered = {f"f{n}.png": np.full((64, 44), n, np.uint8) for n in (10, 9, 100)}
    clip, left_out = read_images(written(tmp_path, numbered))
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


def test_reducing_one_by_one_is_as_good_as_all_at_once(tmp_path):
    """Also where a bright image shows only later that the earlier ones hold no body."""
    rng = np.random.default_rng(0)
    raw = {}
    for number, top in enumerate((1, 1, 255, 1, 255, 200, 90)):
        image = np.zeros((90, 120), np.uint8)
        image[10 + number : 70, 30 + 2 * number : 60] = rng.integers(0, top + 1, (60 - number, 1))
        raw[f"{number}.png"] = image
    clip, left_out = read_images(written(tmp_path, raw))
    bodies = [body for image in raw.values() if (body := image >= 128).sum() >= 40]
    assert 0 < len(bodies) < len(raw)
    np.testing.assert_array_equal(clip, normalised(np.stack(bodies).astype(np.uint8), 64, 64))
    assert left_out == len(raw) - len(bodies)


def test_raw_images_are_not_held_in_memory(tmp_path):
    raw = {f"{number}.png": body(600, 800, 40, 500, 300, 400) for number in range(30)}
    paths = written(tmp_path, raw)
    read_images(paths[:1])
    tracemalloc.start()
    try:
        clip, _ = read_images(paths)
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert clip.shape == (30, 64, 64)
    # A frame of 600×800 has half a megabyte, and counting its mass takes some of that size.
    assert peak < 8 * 600 * 800


def test_ready_images_of_more_than_a_clip_can_have(tmp_path, monkeypatch):
    paths = written(tmp_path, {f"{n}.png": body(64, 64, 3, 60, 10, 20) for n in range(3)})
    monkeypatch.setattr(images, "MAX_BYTES", 2 * 64 * 64)
    with pytest.raises(DataError, match="3 images of 64×64 pixels, more than the 8192 bytes"):
        read_images(paths)


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
