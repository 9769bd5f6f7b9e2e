"""Reading a clip from a folder of PNG images, and bringing raw ones to the field's size."""

import re
import warnings
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from gaitbench.data.normalise import normalised
from gaitbench.data.opengait.clips import Bits, level
from gaitbench.data.opengait.pickles import AnyArray
from gaitbench.errors import DataError

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


def read_images(paths: Sequence[Path]) -> tuple[AnyArray | list[AnyArray], int]:
    """Return the silhouettes of PNG images, in the natural order of their names.

    Images that are all `SIZE` rows high and of one width are taken as they are. All others are cut to the
    body's rows, scaled to `SIZE` rows, and cut or padded to `SIZE` columns around the median column of
    the body's mass (`gaitbench.data.normalise`); scaling takes the nearest pixel.

    Returns:
        An array [t, h, w], and how many raw images were left out because they show no body.

    Raises:
        DataError: If an image cannot be read; the message names it.
    """
    images = [_read(path) for path in sorted(paths, key=lambda p: natural(p.name))]
    shapes = {image.shape for image in images}
    if len(shapes) == 1 and images[0].shape[0] == SIZE:
        return np.stack(images), 0
    top = level(0.0, max(float(image.max(initial=0)) for image in images))
    clip: list[AnyArray] = []
    for image in images:
        body: Bits = image >= (top + 1) // 2
        if np.count_nonzero(body) >= LEAST_BODY_PX:
            clip.append(normalised(body[None].astype(np.uint8), SIZE, SIZE)[0])
    if not clip:
        raise DataError(
            f"none of {len(images)} images shows a body of {LEAST_BODY_PX} pixels or more"
        )
    return np.stack(clip), len(images) - len(clip)


def _read(path: Path) -> AnyArray:
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
                plain = image if image.mode in ("1", "L", "I", "I;16") else image.convert("L")
                return np.asarray(plain)
    except (
        OSError,
        SyntaxError,
        ValueError,
        UnidentifiedImageError,
        Image.DecompressionBombError,
        Image.DecompressionBombWarning,
    ) as error:
        raise DataError(f"{path.name} cannot be read as PNG: {error}") from error
