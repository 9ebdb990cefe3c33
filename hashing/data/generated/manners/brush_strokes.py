"""Brush strokes: a scene laid in with a loaded brush, coarse first, then finer, in relief."""

from functools import lru_cache

import numpy as np
from PIL import Image

from hashing.data.generated.hand import Hand, between
from hashing.data.generated.marks import CANVAS
from hashing.data.generated.scene import Cartoon
from hashing.data.generated.sheet import mount

_ANGLES = 24


def brush_strokes(rng: np.random.Generator, cartoon: Cartoon, hand: Hand) -> Image.Image:
    """Stroke: brush size. Density: coats. Rhythm: freedom of direction. Line: relief of paint."""
    plate = Image.fromarray(cartoon.colour).resize((CANVAS, CANVAS))
    height = Image.new("L", plate.size, 90)
    width = between(13, 26, hand.stroke)
    for part, count in ((1.7, 110), (1.0, 300), (0.55, 240)):
        _coat(
            rng,
            plate,
            height,
            cartoon,
            hand,
            width * part,
            round(count * between(0.7, 1.2, hand.density)),
        )
    relief = np.asarray(height, np.int16)
    slope = (relief[1:, 1:] - relief[:-1, :-1]) * between(0.05, 0.2, hand.line)
    lit = np.asarray(plate, np.float32).copy()
    lit[1:, 1:] += slope[..., None]
    plate = Image.fromarray(lit.clip(0, 255).astype(np.uint8))
    return mount(rng, plate, cartoon.inks.paper, rng.uniform(0.03, 0.06), 2.2)


def _coat(rng, plate, height, cartoon, hand, width, count) -> None:  # type: ignore[no-untyped-def]
    """One coat of strokes of one brush."""
    points = rng.uniform(0, CANVAS, (count, 2))
    row, column = cartoon.at(points)
    turn = cartoon.flow[row, column] + rng.normal(0, between(0.1, 0.8, hand.rhythm), count)
    colour = (
        cartoon.colour[row, column] + rng.normal(0, 10, (count, 1)) + rng.normal(0, 6, (count, 3))
    )
    fills = colour.clip(0, 255).astype(int).tolist()
    angles = (np.round(turn / np.pi * _ANGLES).astype(int) % _ANGLES).tolist()
    variants = rng.integers(0, 4, count).tolist()
    for (x, y), fill, angle, variant in zip(points.tolist(), fills, angles, variants, strict=True):
        mask, ridges = _stamp(round(width), angle, variant)
        at = round(x - mask.width / 2), round(y - mask.height / 2)
        plate.paste(tuple(fill), at, mask)
        height.paste(ridges, at, mask)


@lru_cache(maxsize=4096)
def _stamp(width: int, angle: int, variant: int) -> tuple[Image.Image, Image.Image]:
    """The trace of one stroke: where paint lies (L), and how high (L)."""
    rng = np.random.default_rng((width, variant))
    length = width * (2.6 + 0.5 * variant)
    side = int(length + width) + 4
    y, x = np.mgrid[0:side, 0:side].astype(np.float32) - side / 2
    turn = angle * np.pi / _ANGLES
    along, across = x * np.cos(turn) + y * np.sin(turn), y * np.cos(turn) - x * np.sin(turn)
    across = across - (variant - 1.5) * 0.12 * width * (2 * along / length) ** 2
    hair = (across + width / 2).clip(0, width - 1e-3)
    bristles = rng.uniform(0, 1, int(width) + 2).astype(np.float32)
    load = np.interp(hair, np.arange(len(bristles)), bristles).astype(np.float32)
    reach = length / 2 * (0.75 + 0.25 * load)
    inside = ((reach - np.abs(along)) / 2.5).clip(0, 1) * ((width / 2 - np.abs(across)) / 1.5).clip(
        0, 1
    )
    dry = (1.15 - 0.9 * (along / length + 0.5) * (1 - load)).clip(0, 1)
    mask = Image.fromarray((255 * inside * dry).astype(np.uint8))
    ridges = Image.fromarray((60 + 190 * load).astype(np.uint8))
    return mask, ridges
