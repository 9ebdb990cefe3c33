"""The sheet: cached textures, mounting a picture with its margin, and the paper's grain."""

from functools import lru_cache

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw

from hashing.data.generated.colour import Colour
from hashing.data.generated.marks import CANVAS, Pen, box, rough

_TILE = 640


@lru_cache(maxsize=16)
def _tile(fine: float, across: float, seed: int) -> Image.Image:
    """Noise of the given correlation lengths (pixels, along x and y), spread over 0 … 255."""
    noise = np.fft.rfft2(np.random.default_rng(seed).standard_normal((_TILE, _TILE)))
    fy = np.fft.fftfreq(_TILE)[:, None] * across
    fx = np.fft.rfftfreq(_TILE)[None] * fine
    field = np.fft.irfft2(noise / (1 + (40 * (fx**2 + fy**2)) ** 1.5), s=(_TILE, _TILE))
    rank = (field - field.mean()) / field.std()
    return Image.fromarray((127.5 + 55 * rank).clip(0, 255).astype(np.uint8))


_TEXTURES = {
    "grain": (1.2, 1.2),
    "tooth": (3, 3),
    "cloud": (90, 90),
    "mottle": (22, 22),
    "wood": (260, 4),
    "bristle": (120, 2.5),
}


def texture(rng: np.random.Generator, name: str, size: int = CANVAS) -> Image.Image:
    """A random cut of the named texture: an L picture, mean about 127, deviation about 55."""
    tile = _tile(*_TEXTURES[name], seed=len(name))
    x, y, flip = rng.integers(0, (_TILE - size, _TILE - size, 4)).tolist()
    cut = tile.crop((x, y, x + size, y + size))
    if flip & 1:
        cut = cut.transpose(Image.Transpose.FLIP_LEFT_RIGHT)
    return cut.transpose(Image.Transpose.FLIP_TOP_BOTTOM) if flip & 2 else cut


def blank(colour: Colour) -> Image.Image:
    """An empty canvas."""
    return Image.new("RGB", (CANVAS, CANVAS), colour)


def pen_on(image: Image.Image) -> Pen:
    """A pen that lays translucent colour on an RGB picture."""
    return ImageDraw.Draw(image, "RGBA" if image.mode == "RGB" else None)


def worn(mask: Image.Image, grain: Image.Image, threshold: int, softness: int) -> Image.Image:
    """A mask with holes where the grain is below the threshold: ink that did not take."""
    table = [round(255 * min(max((v - threshold) / softness + 0.5, 0), 1)) for v in range(256)]
    holes = grain.point(table)
    holes.paste(0, mask=mask.point([255 - v for v in range(256)]))
    return holes


def mount(
    rng: np.random.Generator, plate: Image.Image, paper: Colour, margin: float, uneven: float = 1.2
) -> Image.Image:
    """The picture on its paper: `margin` is a part of the side, `uneven` the edge in pixels."""
    sheet = blank(paper)
    mask = Image.new("L", sheet.size, 0)
    inset = margin * CANVAS
    low, high = inset, CANVAS - inset
    edge = rough(rng, box(low, low - 1, high, high - 3), uneven, step=5)
    ImageDraw.Draw(mask).polygon(edge.ravel().tolist(), fill=255)
    sheet.paste(plate, mask=mask)
    return sheet


def finished(rng: np.random.Generator, image: Image.Image, size: int) -> Image.Image:
    """Reduced to `size` pixels, with the paper's grain."""
    small = image.resize((size, size), Image.Resampling.BOX if CANVAS % size == 0 else None)
    grain = np.asarray(texture(rng, "grain", size), np.float32)
    light = np.asarray(texture(rng, "cloud", size), np.float32)
    factor = 1 + (grain - 127.5) * 0.00042 + (light - 127.5) * 0.00016
    pixels: NDArray[np.float32] = np.asarray(small, np.float32) * factor[..., None]
    return Image.fromarray(pixels.clip(0, 255).astype(np.uint8))
