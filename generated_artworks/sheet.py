"""The sheet: cached textures, mounting a picture with its margin, and the paper's grain."""

from functools import lru_cache

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw

from generated_artworks.colour import Colour
from generated_artworks.marks import CANVAS, Pen, Points, box, rough

_TILE = 640

Box = tuple[int, int, int, int]
"""Left, top, right, bottom."""


_TEXTURES = {
    "grain": (0.45, 0.45),
    "tooth": (1.6, 1.6),
    "mottle": (14, 14),
    "cloud": (60, 60),
    "wood": (150, 1.8),
    "bristle": (60, 1.2),
}
"""Each is noise, smoothed over so many pixels along x and across it."""


@lru_cache(maxsize=len(_TEXTURES))
def _tile(name: str) -> Image.Image:
    """A whole texture, spread over 0 … 255."""
    along, across = _TEXTURES[name]
    seed = list(_TEXTURES).index(name)
    noise = np.fft.rfft2(np.random.default_rng(seed).standard_normal((_TILE, _TILE)))
    fy = 2 * np.pi * np.fft.fftfreq(_TILE)[:, None] * across
    fx = 2 * np.pi * np.fft.rfftfreq(_TILE)[None] * along
    field = np.fft.irfft2(noise / (1 + fx**2 + fy**2) ** 1.5, s=(_TILE, _TILE))
    field = (field - field.mean()) / field.std()
    return Image.fromarray((127.5 + 55 * field).clip(0, 255).astype(np.uint8))


def texture(rng: np.random.Generator, name: str, size: int = CANVAS) -> Image.Image:
    """A random cut of the named texture: an L picture, mean about 127, deviation about 55."""
    x, y, flip = rng.integers(0, (_TILE - size, _TILE - size, 4)).tolist()
    cut = _tile(name).crop((x, y, x + size, y + size))
    if flip & 1:
        cut = cut.transpose(Image.Transpose.FLIP_LEFT_RIGHT)
    return cut.transpose(Image.Transpose.FLIP_TOP_BOTTOM) if flip & 2 else cut


def blank(colour: Colour) -> Image.Image:
    """An empty canvas."""
    return Image.new("RGB", (CANVAS, CANVAS), colour)


def pen_on(image: Image.Image) -> Pen:
    """A pen that lays translucent colour on an RGB picture."""
    return ImageDraw.Draw(image, "RGBA" if image.mode == "RGB" else None)


def stencil(outline: Points) -> tuple[Image.Image, Box]:
    """A mask of the outline's inside, no larger than needed, and its place on the canvas."""
    low = np.floor(outline.min(axis=0) - 1).clip(0, CANVAS - 1).astype(int)
    high = np.maximum(np.ceil(outline.max(axis=0) + 2).clip(0, CANVAS).astype(int), low + 1)
    mask = Image.new("L", (high - low).tolist(), 0)
    ImageDraw.Draw(mask).polygon((outline - low).ravel().tolist(), fill=255)
    return mask, (*low.tolist(), *high.tolist())


def mount(
    rng: np.random.Generator, plate: Image.Image, paper: Colour, margin: float, uneven: float = 1.2
) -> Image.Image:
    """Lay the picture on its paper: `margin` is a part of the side, `uneven` the edge in pixels."""
    sheet = Image.new("RGB", plate.size, paper)
    mask = Image.new("L", (CANVAS, CANVAS), 0)
    low, high = margin * CANVAS, (1 - margin) * CANVAS
    edge = rough(rng, box(low, low - 1, high, high - 3), uneven, period=160)
    edge += rng.normal(0, 0.3, edge.shape)
    ImageDraw.Draw(mask).polygon(edge.ravel().tolist(), fill=255)
    sheet.paste(plate, mask=mask.resize(plate.size, Image.Resampling.BOX))
    return sheet


def finished(rng: np.random.Generator, image: Image.Image, size: int) -> Image.Image:
    """Reduced to `size` pixels, with the paper's grain."""
    small = image.resize((size, size), Image.Resampling.BOX if CANVAS % size == 0 else None)
    grain = np.asarray(texture(rng, "grain", size), np.float32)
    light = np.asarray(texture(rng, "cloud", size), np.float32)
    factor = 1 + (grain - 127.5) * 0.00038 + (light - 127.5) * 0.00018
    pixels: NDArray[np.float32] = np.asarray(small, np.float32) * factor[..., None]
    return Image.fromarray(pixels.clip(0, 255).astype(np.uint8))
