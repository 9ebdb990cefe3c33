"""Woodblock: flat inks with the grain of the plank, graded skies, a dark key block."""

import numpy as np
from PIL import Image, ImageChops, ImageDraw

from generated_artworks.colour import Colour, Inks, mixed
from generated_artworks.hand import Hand, between
from generated_artworks.marks import CANVAS, box, polygon, ribbon, rough, waver
from generated_artworks.scene import Cartoon, Shape
from generated_artworks.sheet import Box, blank, mount, pen_on, stencil, texture

_TAKEN = [max(0, min(255, round(8.5 * (v - 47)))) for v in range(256)]
"""How far the key block's ink took, by the height of the wood."""


def woodblock(rng: np.random.Generator, cartoon: Cartoon, hand: Hand) -> Image.Image:
    """Stroke: wood grain. Density: graded inks. Rhythm: misregister. Line: the key block."""
    inks = cartoon.inks
    plate = blank(cartoon.scene[0].colour(inks, 0.8))
    wood = texture(rng, "wood")
    if rng.random() < 0.25:
        wood = wood.transpose(Image.Transpose.ROTATE_90)
    key = Image.new("L", plate.size, 0)
    key_pen = ImageDraw.Draw(key)
    for shape in cartoon.scene:
        _print(rng, plate, shape, inks, wood, hand)
        _key(rng, key_pen, shape, between(0.8, 5, hand.line))
    plate.paste(inks.darkest, mask=ImageChops.multiply(key, wood.point(_TAKEN)))
    sheet = mount(rng, plate, inks.paper, rng.uniform(0.055, 0.085), 1.3)
    _seal(rng, sheet, inks.accent)
    return sheet


def _print(
    rng: np.random.Generator, plate: Image.Image, shape: Shape, inks: Inks, wood: Image.Image,
    hand: Hand,
) -> None:  # fmt: skip
    """One block's ink: its grain shows, and large areas are wiped from full to thin."""
    shift = rng.normal(0, between(0.3, 2.2, hand.rhythm), 2)
    mask, place = stencil(rough(rng, shape.outline * CANVAS, 0.7, 9) + shift)
    colour = shape.colour(inks, 0.15)
    plate.paste(colour, place, mask)
    if min(mask.size) < 24:
        return
    wiped = ImageChops.multiply(mask, _wipe(shape, place, between(1.2, 2.6, hand.density)))
    plate.paste(shape.colour(inks, 0.95), place, wiped)
    strength = between(0.12, 0.4, hand.stroke)
    bare = [round(max(0, min(255, (112 - v) * 5)) * strength) for v in range(256)]
    grain = ImageChops.multiply(mask, wood.crop(place).point(bare))
    plate.paste(mixed(colour, inks.paper, 0.5), place, grain)


def _wipe(shape: Shape, place: Box, sharp: float) -> Image.Image:
    """From nothing at the shape's beginning to full at its end."""
    low, high = shape.span
    pixels = np.arange(place[shape.axis], place[shape.axis + 2]) / CANVAS
    part = (pixels - low) / max(high - low, 1e-3)
    row = (255 * ((part - 0.5) * sharp + 0.5).clip(0, 1)).astype(np.uint8)
    ramp = Image.fromarray(row[None] if shape.axis == 0 else row[:, None])
    return ramp.resize((place[2] - place[0], place[3] - place[1]))


def _key(rng: np.random.Generator, pen: ImageDraw.ImageDraw, shape: Shape, width: float) -> None:
    """The contour as it was carved: swelling and thinning. What lies behind is cleared."""
    outline = rough(rng, shape.outline * CANVAS, 0.6, 6)
    pen.polygon(outline.ravel().tolist(), fill=0)
    if not shape.outlined:
        return
    closed = np.vstack([outline, outline[:1]])
    swell = width * (0.75 + 0.4 * waver(rng, 1, len(closed), 7)[0]).clip(0.2, 1.6)
    pen.polygon(ribbon(closed, swell).ravel().tolist(), fill=255)


def _seal(rng: np.random.Generator, sheet: Image.Image, accent: Colour) -> None:
    """The printer's mark."""
    pen = pen_on(sheet)
    x = CANVAS * (0.86 if rng.random() < 0.7 else 0.1)
    y = CANVAS * rng.uniform(0.74, 0.82)
    polygon(pen, rough(rng, box(x, y, x + 15, y + 24), 0.8, 4), accent, 0.92)
    for i in range(3):
        pen.line([x + 3, y + 5 + 7 * i, x + 12, y + 4 + 7 * i], fill=(250, 244, 232, 220), width=2)
