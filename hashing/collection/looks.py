"""How a picture looks at a glance: thumbnails of it and of its parts, by which copies are told."""

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from hashing.images import opened_preview

GLANCE, LOOK = 8, 32
"""Sides of the two thumbnails that tell copies: one to find pairs, one to be sure of them."""

WHOLE = (0.0, 0.0, 0.0, 0.0)
PARTS = {
    GLANCE: (WHOLE, (0.03,) * 4),
    LOOK: (
        WHOLE,
        *((share,) * 4 for share in (0.01, 0.02, 0.03, 0.04, 0.05)),
        *((a, b, 0.015 - a, 0.015 - b) for a in (0.0, 0.015) for b in (0.0, 0.015)),
    ),
}
"""The parts of a picture that are looked at, as the shares left out at the left, top, right and
bottom: copies that lost 1 to 5 % at every edge look like one of them, and copies shifted a little.
At 8 x 8 pixels one middle is like all of these."""


def glance(preview: bytes) -> tuple[tuple[int, int], NDArray[np.uint8]]:
    """Width and height of a preview; its whole and its middle in 8 x 8 pixels, uint8 `[2, 192]`.

    Raises ImageError for what is none.
    """
    with opened_preview(preview) as image:
        shape = image.size
        return shape, look(image, GLANCE)


def look(image: Image.Image, side: int) -> NDArray[np.uint8]:
    """The parts of a picture as thumbnails of `side` pixels, uint8 `[B, 3·side²]`; whole first."""
    wide, high = image.size
    # Lets the JPEG decoder do most of the shrinking.
    enough = 8 * side
    image.draft("RGB", (enough, enough))
    small = image.convert("RGB")
    drafted = max(1, round(wide / small.width))
    factor = max(1, min(small.size) // enough)
    small = small.reduce(factor)
    # Not the size in whole pixels, whose last ones are less than full: lines of a page would shift.
    width, height = wide / drafted / factor, high / drafted / factor
    boxes = [
        (left * width, top * height, (1 - right) * width, (1 - bottom) * height)
        for left, top, right, bottom in PARTS[side]
    ]
    thumbnails = [small.resize((side, side), Image.Resampling.BOX, box) for box in boxes]
    return np.stack([np.asarray(thumbnail).reshape(-1) for thumbnail in thumbnails])
