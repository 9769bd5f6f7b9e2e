"""Reading a clip from a folder of PNG images, and bringing raw ones to the field's size."""

import re
import warnings
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from gaitbench.core.errors import DataError
from gaitbench.data.normalise import normalised
from gaitbench.data.readers.opengait.clips import Bits, level
from gaitbench.data.readers.opengait.pickles import MAX_BYTES, AnyArray

if TYPE_CHECKING:
    from PIL import Image

SIZE = 64
"""Rows and columns of normalised silhouettes."""

LEAST_BODY_PX = 40
"""Raw images with less body are left out; OpenGait wants more than 10,000 as the sum of values to 255."""

_LARGEST_PX = 2**26
_DIGITS = re.compile(r"(\d+)")


def natural(text: str) -> tuple[list[tuple[int, str]], str]:
    """Return a key that sorts "2" before "10", and by spelling where numbers are equal.

    >>> sorted(["10.png", "9.png", "09.png"], key=natural)
    ['09.png', '9.png', '10.png']
    """
    parts = _DIGITS.split(text)
    return [(int(p), "") if i % 2 else (0, p) for i, p in enumerate(parts)], text


def read_images(paths: Sequence[Path]) -> tuple[AnyArray, int]:
    """Return the silhouettes of PNG images, in the natural order of their names.

    Images that are all `SIZE` rows high and of one width are taken as they are. All others are cut to the
    body's rows, scaled to `SIZE` rows, and cut or padded to `SIZE` columns around the median column of
    the body's mass (`gaitbench.data.normalise`); scaling takes the nearest pixel. Raw images are read and
    reduced one by one, so that a clip never lies in memory at their size.

    Returns:
        An array [t, h, w], and how many raw images were left out because they show no body.

    Raises:
        DataError: If an image cannot be read; the message names it.
    """
    ordered = sorted(paths, key=lambda p: natural(p.name))
    sizes = {_size(path) for path in ordered}
    if len(sizes) > 1 or next(iter(sizes))[0] != SIZE:
        return _reduced(ordered)
    height, width = sizes.pop()
    if len(ordered) * height * width > MAX_BYTES:
        raise DataError(
            f"{len(ordered)} images of {height}×{width} pixels, more than the {MAX_BYTES} bytes that a "
            "clip can sensibly have"
        )
    return np.stack([_read(path) for path in ordered]), 0


def _reduced(paths: Sequence[Path]) -> tuple[AnyArray, int]:
    """Return raw images as binary frames of the field's size, and how many show nobody.

    What counts as body depends on the largest value of the whole clip. An image that stays below the range
    of a brighter one does not reach half of it anywhere, and so shows no body.
    """
    clip: list[AnyArray] = []
    top = 0
    for path in paths:
        image = _read(path)
        own = level(0.0, float(image.max(initial=0)))
        if own > top:
            clip.clear()
            top = own
        body: Bits = image >= (top + 1) // 2
        if np.count_nonzero(body) >= LEAST_BODY_PX:
            clip.append(normalised(body[None].astype(np.uint8), SIZE, SIZE)[0])
    if not clip:
        raise DataError(
            f"none of {len(paths)} images shows a body of {LEAST_BODY_PX} pixels or more"
        )
    return np.stack(clip), len(paths) - len(clip)


def _size(path: Path) -> tuple[int, int]:
    """Return the rows and columns that an image's header states."""
    with _opened(path) as image:
        return image.height, image.width


def _read(path: Path) -> AnyArray:
    with _opened(path) as image:
        plain = image if image.mode in ("1", "L", "I", "I;16") else image.convert("L")
        return np.asarray(plain)


@contextmanager
def _opened(path: Path) -> Iterator["Image.Image"]:
    """Open an image without reading its pixels yet.

    Raises:
        DataError: If anything about it cannot be read, also while it is open.
    """
    # Imported here: only trees of images need it. matplotlib depends on it, so it is installed.
    from PIL import Image, UnidentifiedImageError

    try:
        with warnings.catch_warnings():
            warnings.simplefilter("error", Image.DecompressionBombWarning)
            with Image.open(path, formats=["PNG"]) as image:
                if image.width * image.height > _LARGEST_PX:
                    raise DataError(
                        f"{path.name} claims {image.width}×{image.height} pixels, more than any camera has"
                    )
                yield image
    except (
        OSError,
        SyntaxError,
        ValueError,
        UnidentifiedImageError,
        Image.DecompressionBombError,
        Image.DecompressionBombWarning,
    ) as error:
        raise DataError(f"{path.name} cannot be read as PNG: {error}") from error
