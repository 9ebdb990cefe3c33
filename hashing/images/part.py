"""A part of a picture: cut along a box, straightened where it is seen aslant, turned, mirrored."""

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from hashing.errors import UsageError
from hashing.images.frames import Corners, is_convex, side_lengths
from hashing.images.projection import projection

LEAST_SIDE = 16
CROPS = (1.0, 0.8, 0.65, 0.5, 0.4)
"""Sides of the centred crops in which a work on a wall is looked for, as shares."""
TURNS = (
    None,
    Image.Transpose.ROTATE_90,
    Image.Transpose.ROTATE_180,
    Image.Transpose.ROTATE_270,
    Image.Transpose.FLIP_LEFT_RIGHT,
    Image.Transpose.FLIP_TOP_BOTTOM,
    Image.Transpose.TRANSPOSE,
    Image.Transpose.TRANSVERSE,
)
"""The eight ways in which a picture can be held and mirrored."""


def read_box(text: str) -> Corners:
    """A box as corners: `left,top,right,bottom`, or x and y of four corners from the upper left on.

    All are shares of width and height from 0 to 1. Raises UsageError for anything else.
    """
    try:
        values = [float(part) for part in text.split(",")]
    except ValueError:
        values = []
    if len(values) not in (4, 8) or not all(0 <= value <= 1 for value in values):
        raise UsageError(
            "expected a box as left,top,right,bottom (or x,y of four corners), each from 0 to 1, "
            f"found {text[:80]!r}"
        )
    if len(values) == 4:
        left, top, right, bottom = values
        if left >= right or top >= bottom:
            raise UsageError(f"expected a box with left < right and top < bottom, found {text!r}")
        return (left, top), (right, top), (right, bottom), (left, bottom)
    pairs = list(zip(values[::2], values[1::2], strict=True))
    if not is_convex(np.array(pairs)):
        raise UsageError(
            "expected the corners of a box one after the other, clockwise from the upper left, "
            f"found {text[:80]!r}"
        )
    return tuple(pairs)


def cut(image: Image.Image, corners: Corners) -> Image.Image:
    """What lies within four corners, as a rectangle. Raises UsageError where that is too small."""
    points = np.array(corners) * image.size
    sides = side_lengths(points)
    width, height = round((sides[0] + sides[2]) / 2), round((sides[1] + sides[3]) / 2)
    if min(width, height) < LEAST_SIDE:
        raise UsageError(
            f"expected a box of at least {LEAST_SIDE} pixels on each side, found {width} x {height}"
        )
    target = np.array([(0, 0), (width, 0), (width, height), (0, height)], float)
    return image.transform(
        (width, height),
        Image.Transform.PERSPECTIVE,
        projection(target, points).tolist(),
        Image.Resampling.BICUBIC,
    )


def shrunk(corners: Corners, share: float) -> Corners:
    """The corners drawn towards their middle."""
    points = np.array(corners)
    middle = points.mean(axis=0)
    return tuple((float(x), float(y)) for x, y in middle + share * (points - middle))


def crops(image: Image.Image) -> list[Image.Image]:
    """The picture and its middle, ever smaller; none below 16 pixels."""
    found = []
    width, height = image.size
    for share in CROPS:
        size = round(share * width), round(share * height)
        if min(size) >= LEAST_SIDE:
            left, top = (width - size[0]) // 2, (height - size[1]) // 2
            found.append(image.crop((left, top, left + size[0], top + size[1])))
    return found


def turned(image: Image.Image) -> list[Image.Image]:
    """The picture in all eight ways in which it can be held and mirrored, as it is first."""
    return [image if turn is None else image.transpose(turn) for turn in TURNS]


def project(image: Image.Image, corners: NDArray[np.float64], size: tuple[int, int]) -> Image.Image:
    """A picture laid onto four corners (x, y in pixels) of a black ground of some size."""
    width, height = image.size
    square = np.array([(0, 0), (width, 0), (width, height), (0, height)], float)
    numbers = projection(corners, square).tolist()
    return image.transform(size, Image.Transform.PERSPECTIVE, numbers, Image.Resampling.BICUBIC)
