"""What is made of a decoded picture: the network's square view, and previews."""

import io
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Literal

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from hashing.errors import ImageError
from hashing.images import jpeg

MOST_PREVIEW_SIDE = 4096
MOST_PREVIEW_WORK = 1 << 28
"""Pixels of a preview times the scans over them: a second."""
NO_PREVIEW = "expected a preview that is a JPEG picture, found a broken one"
BROKEN = (OSError, ValueError, SyntaxError, Image.DecompressionBombError)
"""What Pillow raises for a JPEG that is none."""

Fit = Literal["crop", "stretch"]
"""How a picture becomes square: its centre is cut out, or its sides are scaled apart."""
_COARSE = [value & 0xF8 | 4 for value in range(256)] * 3
"""Each channel in steps of 8."""


def to_square(image: Image.Image, size: int, fit: Fit) -> NDArray[np.uint8]:
    """The network's view of an RGB picture: uint8 `[size, size, 3]`, antialiased, bilinear."""
    width, height = image.size
    side = min(width, height)
    left, top = (width - side) // 2, (height - side) // 2
    box = (left, top, left + side, top + side) if fit == "crop" else (0, 0, width, height)
    if (width, height) != (size, size):
        image = image.resize((size, size), Image.Resampling.BILINEAR, box=box)
    return np.array(image, dtype=np.uint8)


def encode_jpeg(image: Image.Image, max_side: int, quality: int = 85) -> bytes:
    """A JPEG preview of an RGB picture, its longer side at most `max_side`; never enlarges.

    It carries pixels only: no comment, Exif data or profile that the picture came with.
    Raises ImageError where it cannot be encoded.
    """
    preview = image.copy()
    preview.info = {}
    preview.thumbnail((max_side, max_side))
    buffer = io.BytesIO()
    try:
        preview.save(buffer, "JPEG", quality=quality, optimize=True)
    except (OSError, ValueError) as error:
        raise ImageError(f"a preview cannot be encoded: {error}") from error
    return buffer.getvalue()


def main_colours(small: Image.Image, most: int) -> tuple[NDArray[np.uint8], NDArray[np.intp]]:
    """The main colours of a small RGB picture, uint8 `[n, 3]` with n ≤ most, and their pixels."""
    # the median cut of coarse shades takes a third of the time, and their pixels' means are exact
    cells = np.asarray(small.point(_COARSE).quantize(most)).reshape(-1)
    counts = np.bincount(cells)
    pixels = np.asarray(small).reshape(-1, 3)
    sums = np.stack([np.bincount(cells, weights=pixels[:, band]) for band in range(3)], axis=1)
    there = counts > 0
    colours = np.rint(sums[there] / counts[there, None]).astype(np.uint8)
    return colours, counts[there]


def checked_preview(data: bytes) -> bytes:
    """A preview from elsewhere, with nothing in it but its pixels. Raises ImageError.

    Its header is read and no pixel decoded, which costs a browser that shows it as much as one of
    ours: it may have at most `MOST_PREVIEW_SIDE` pixels a side.
    """
    if not data.startswith(jpeg.MAGIC):
        raise ImageError("expected a preview that is a JPEG picture, found something else")
    parts = jpeg.take_apart(data)
    try:
        with Image.open(io.BytesIO(parts.picture), formats=("JPEG",)) as header:
            width, height = header.size
    except BROKEN as error:
        raise ImageError(NO_PREVIEW) from error
    if max(width, height) > MOST_PREVIEW_SIDE:
        raise ImageError(
            f"expected a preview of at most {MOST_PREVIEW_SIDE} pixels a side, found "
            f"{max(width, height)}"
        )
    if width * height * parts.scans > MOST_PREVIEW_WORK:
        raise ImageError(f"expected a preview of fewer scans, found {parts.scans}")
    return parts.picture


@contextmanager
def opened_preview(data: bytes) -> Iterator[Image.Image]:
    """A preview that an index kept, its pixels not decoded yet: `draft` may make it smaller.

    The index may be a stranger's. Raises ImageError for what `checked_preview` refuses, and in
    the block for pixels that cannot be decoded.
    """
    picture = io.BytesIO(checked_preview(data))
    try:
        with Image.open(picture, formats=("JPEG",)) as image:
            yield image
    except BROKEN as error:
        raise ImageError(NO_PREVIEW) from error


def decoded_preview(data: bytes) -> Image.Image:
    """A preview that an index kept, in RGB. Raises ImageError.

    Of any shape: that of a scroll is thinner than what `decode` takes.
    """
    with opened_preview(data) as image:
        return image.convert("RGB")
