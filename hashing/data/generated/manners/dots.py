"""Dots: a scene built of touches that mix in the eye."""

import numpy as np
from PIL import Image

from hashing.data.generated.colour import mixed
from hashing.data.generated.hand import Hand, between
from hashing.data.generated.marks import CANVAS, Points
from hashing.data.generated.scene import Cartoon
from hashing.data.generated.sheet import blank, mount, pen_on


def dots(rng: np.random.Generator, cartoon: Cartoon, hand: Hand) -> Image.Image:
    """Stroke: size. Density: overlap. Rhythm: ruled or scattered. Line: size follows tone."""
    inks = cartoon.inks
    ground = mixed(inks.paper, inks.ground, 0.25)
    plate = blank(ground)
    pen = pen_on(plate)
    pitch = between(8.5, 15, hand.stroke)
    points = _places(rng, pitch, hand.rhythm)
    cell = cartoon.at(points + rng.normal(0, 0.12 * pitch, points.shape))
    radius = (
        pitch * between(0.42, 0.62, hand.density) * (1 + 0.1 * rng.standard_normal(len(points)))
    )
    contrast = np.abs(cartoon.value[cell] - sum(ground) / 765)
    radius *= 1 - hand.line * 0.65 * (1 - contrast).clip(0, 1) ** 1.5
    colour = (
        cartoon.colour[cell]
        + rng.normal(0, 9, (len(points), 3))
        + rng.normal(0, 8, (len(points), 1))
    )
    stray = rng.random(len(points)) < 0.04
    colour[stray] = 0.5 * colour[stray] + 0.5 * np.array(inks.accent)
    squash = rng.uniform(0.86, 1.0, len(points))
    corners = np.stack([points[:, 0] - radius, points[:, 1] - radius * squash,
                        points[:, 0] + radius, points[:, 1] + radius * squash], axis=1)  # fmt: skip
    fills = colour.clip(0, 255).astype(int).tolist()
    for corner, fill in zip(corners.tolist(), fills, strict=True):
        pen.ellipse(corner, fill=(*fill, 235))
    return mount(rng, plate, inks.paper, rng.uniform(0.03, 0.06), 0.8)


def _places(rng: np.random.Generator, pitch: float, freedom: float) -> Points:
    """A hexagonal lattice, loosened, in random order of painting."""
    rows, columns = int(CANVAS / (pitch * 0.866)) + 3, int(CANVAS / pitch) + 3
    y, x = np.mgrid[-1 : rows - 1, -1 : columns - 1].reshape(2, -1).astype(np.float64)
    points = np.stack([(x + 0.5 * (y % 2)) * pitch, y * pitch * 0.866], axis=1)
    points += rng.normal(0, between(0.03, 0.38, freedom) * pitch, points.shape)
    return points[rng.permutation(len(points))]
