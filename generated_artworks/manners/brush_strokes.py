"""Brush strokes: a scene laid in with a loaded brush, as large as the place allows, in relief."""

from functools import lru_cache

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageFilter

from generated_artworks.hand import Hand, between
from generated_artworks.marks import CANVAS, Points
from generated_artworks.scene import Cartoon
from generated_artworks.sheet import mount

_SIDE = CANVAS // 2
_ANGLES = 24
_SIZES = (1.5, 1.0, 0.62, 0.36)
"""Brushes, in parts of the artist's usual one."""
_FINEST = len(_SIZES) - 1


def brush_strokes(rng: np.random.Generator, cartoon: Cartoon, hand: Hand) -> Image.Image:
    """Stroke: brush size. Density: strokes. Rhythm: freedom of direction. Line: relief of paint."""
    plate = cartoon.image(_SIDE).filter(ImageFilter.BoxBlur(1))
    height = Image.new("L", plate.size, 128)
    width = between(7, 12, hand.stroke)
    many = between(0.8, 1.25, hand.density)
    everywhere = rng.uniform(0, CANVAS, (round(400 * many), 2))
    for places in (everywhere, _edges(rng, cartoon, round(300 * many))):
        _coat(rng, plate, height, cartoon, hand, width, places)
    return mount(rng, _lit(plate, height, hand), cartoon.inks.paper, rng.uniform(0.03, 0.06), 2.2)


def _lit(plate: Image.Image, height: Image.Image, hand: Hand) -> Image.Image:
    """Light from the upper left on the ridges of the paint."""
    raised = height.filter(ImageFilter.Kernel((3, 3), (-1, -1, 0, -1, 0, 1, 0, 1, 1), 4, 128))
    relief = np.asarray(raised, np.float32) - 128
    lit = np.asarray(plate, np.float32) - relief[..., None] * between(0.2, 0.6, hand.line)
    return Image.fromarray(lit.clip(0, 255).astype(np.uint8))


def _edges(rng: np.random.Generator, cartoon: Cartoon, count: int) -> Points:
    """Random places near the borders of shapes, where a picture needs its finer strokes."""
    labels = cartoon.labels
    border = np.zeros(labels.shape, bool)
    border[:, 2:] |= labels[:, 2:] != labels[:, :-2]
    border[2:] |= labels[2:] != labels[:-2]
    found = np.argwhere(border)[:, ::-1]
    return found[rng.integers(0, len(found), count)] + rng.normal(0, 4, (count, 2))


def _coat(
    rng: np.random.Generator, plate: Image.Image, height: Image.Image, cartoon: Cartoon,
    hand: Hand, width: float, points: Points,
) -> None:  # fmt: skip
    """One coat: at each point a stroke, the largest first."""
    count, here = len(points), cartoon.at(points)
    turn = cartoon.flow(here) + rng.normal(0, between(0.06, 0.6, hand.rhythm), count)
    shade = rng.normal(0, 9, (count, 1)) + rng.normal(0, 5, (count, 3))
    fills = (cartoon.colour(here) + shade).clip(0, 255).astype(int).tolist()
    angles = (np.round(turn / np.pi * _ANGLES).astype(int) % _ANGLES).tolist()
    sizes = _fitting(cartoon, points, turn, width)
    variants = rng.integers(0, 3, count).tolist()
    centres = (points / 2).round().astype(int).tolist()
    for i in np.argsort(sizes, kind="stable").tolist():
        mask, ridges = _stamp(round(width * _SIZES[sizes[i]]), angles[i], variants[i])
        at = centres[i][0] - mask.width // 2, centres[i][1] - mask.width // 2
        plate.paste(tuple(fills[i]), at, mask)
        if sizes[i] < _FINEST:
            height.paste(ridges, at, mask)


def _fitting(
    cartoon: Cartoon, points: Points, turn: NDArray[np.float64], width: float
) -> NDArray[np.int_]:
    """Index of the largest brush whose stroke, from end to end, stays within its shape."""
    along = 3.1 * width * np.stack([np.cos(turn), np.sin(turn)], axis=1)
    here = cartoon.labels[cartoon.at(points)]
    fits = np.ones(len(points), bool)
    sizes = np.full(len(points), _FINEST)
    for size in range(_FINEST - 1, -1, -1):
        for way in (-1.0, -0.5, 0.5, 1.0):
            passed = points + along * (way * _SIZES[size])
            fits &= cartoon.labels[cartoon.at(passed)] == here
        sizes[fits] = size
    return sizes


@lru_cache(maxsize=4096)
def _stamp(width: int, angle: int, variant: int) -> tuple[Image.Image, Image.Image]:
    """The trace of one stroke: where paint lies (L), and how high (L)."""
    rng = np.random.default_rng((width, variant))
    length = width * (2.5 + 0.4 * variant)
    side = int(length + width) + 4
    y, x = np.mgrid[0:side, 0:side].astype(np.float32) - side / 2
    turn = angle * np.pi / _ANGLES
    along, across = x * np.cos(turn) + y * np.sin(turn), y * np.cos(turn) - x * np.sin(turn)
    across = across - (variant - 1) * 0.1 * width * (2 * along / length) ** 2
    hairs = rng.uniform(0, 1, 2 * width + 2)
    load = np.interp(2 * (across + width / 2), np.arange(len(hairs)), hairs)
    taper = np.sqrt((1 - (2 * across / width) ** 2).clip(0, 1))
    reach = length / 2 * (0.5 + 0.3 * taper + 0.2 * load)
    inside = ((reach - np.abs(along)) / 1.5).clip(0, 1)
    inside *= (width / 2 - np.abs(across) + 0.5).clip(0, 1)
    dry = (1.2 - 0.9 * (along / length + 0.5) * (1 - load)).clip(0, 1)
    mask = Image.fromarray((255 * inside * dry).astype(np.uint8))
    ridges = Image.fromarray((40 + 180 * load).astype(np.uint8))
    return mask, ridges
