"""Woodblock: flat inks with the grain of the plank, graded skies, a dark key block."""

import numpy as np
from PIL import Image, ImageChops, ImageDraw

from hashing.data.generated.colour import Colour, mixed
from hashing.data.generated.hand import Hand, between
from hashing.data.generated.marks import CANVAS, box, polygon, ribbon, rough, waver
from hashing.data.generated.scene import Cartoon, Shape, shape_colour
from hashing.data.generated.sheet import blank, mount, pen_on, texture, worn


def woodblock(rng: np.random.Generator, cartoon: Cartoon, hand: Hand) -> Image.Image:
    """Stroke: wood grain. Density: graded inks. Rhythm: misregister. Line: the key block."""
    inks = cartoon.inks
    plate = blank(shape_colour(cartoon.scene[0], inks, 0.8))
    wood = texture(rng, "wood")
    if rng.random() < 0.25:
        wood = wood.transpose(Image.Transpose.ROTATE_90)
    key = Image.new("L", plate.size, 0)
    key_pen = ImageDraw.Draw(key)
    for shape in cartoon.scene:
        shift = rng.normal(0, between(0.3, 2.2, hand.rhythm), 2)
        _print(rng, plate, shape, cartoon, wood, shift, hand)
        _key(rng, key_pen, shape, between(0.8, 5, hand.line))
    dark = inks.ramp[inks.ramp.sum(axis=1).argmin()].tolist()
    plate.paste(tuple(dark), mask=worn(key, wood, 62, 30))
    sheet = mount(rng, plate, inks.paper, rng.uniform(0.055, 0.085), 1.3)
    _seal(rng, sheet, inks.accent)
    return sheet


def _print(rng, plate, shape, cartoon, wood, shift, hand) -> None:  # type: ignore[no-untyped-def]
    """One block's ink: its grain shows, and large areas are wiped from full to thin."""
    mask = Image.new("L", plate.size, 0)
    outline = rough(rng, shape.outline * CANVAS, 0.7, 9) + shift
    ImageDraw.Draw(mask).polygon(outline.ravel().tolist(), fill=255)
    colour = shape_colour(shape, cartoon.inks, 0.15)
    plate.paste(colour, mask=mask)
    if not (shape.outlined or shape is cartoon.scene[0]):
        return
    foot = shape_colour(shape, cartoon.inks, 0.95)
    plate.paste(foot, mask=ImageChops.multiply(mask, _wipe(shape, hand)))
    grain = wood.point(
        [round((255 - v) * between(0.1, 0.5, hand.stroke) * (v < 118)) for v in range(256)]
    )
    plate.paste(mixed(colour, cartoon.inks.paper, 0.5), mask=ImageChops.multiply(mask, grain))


def _wipe(shape: Shape, hand: Hand) -> Image.Image:
    """From nothing at the shape's beginning to full at its end."""
    axis = 0 if shape.across else 1
    low, high = (shape.outline[:, axis].clip(0, 1) * CANVAS)[[0, 0]]
    low, high = shape.outline[:, axis].min() * CANVAS, min(shape.outline[:, axis].max(), 1) * CANVAS
    part = (np.arange(CANVAS) - low) / max(high - low, 1)
    sharp = between(1.2, 2.6, hand.density)
    row = (255 * ((part - 0.5) * sharp + 0.5).clip(0, 1)).astype(np.uint8)
    ramp = Image.fromarray(row[None] if shape.across else row[:, None])
    return ramp.resize((CANVAS, CANVAS))


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
