"""The one picture decoder: files, uploads and training all come through here."""

from pathlib import Path
from typing import Literal

import numpy as np
from numpy.typing import NDArray
from PIL import Image

Fit = Literal["crop", "stretch"]
"""How a picture becomes square: its centre is cut out, or its sides are scaled apart."""


def decode(source: bytes | Path) -> Image.Image:
    """An upright RGB picture. Raises ImageError for anything outside the limits."""
    raise NotImplementedError


def to_square(image: Image.Image, size: int, fit: Fit) -> NDArray[np.uint8]:
    """The network's view of a picture: uint8 `[size, size, 3]`."""
    raise NotImplementedError
