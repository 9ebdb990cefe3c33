"""Dots: a scene built of touches that mix in the eye."""

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageFilter

from generated_artworks.colour import luma
from generated_artworks.hand import Hand, between
from generated_artworks.marks import CANVAS, Pen, Points, turned
from generated_artworks.scene import Cartoon
from generated_artworks.sheet import blank, mount, pen_on


def dots(rng: np.random.Generator, cartoon: Cartoon, hand: Hand) -> Image.Image:
    """Stroke: size. Density: overlap. Rhythm: ruled or scattered. Line: size follows tone."""
    inks = cartoon.inks
    ground = inks.ground if rng.random() < 0.35 else inks.paper
    under = cartoon.image(CANVAS // 4).filter(ImageFilter.BoxBlur(3)).resize((CANVAS, CANVAS))
    plate = Image.blend(blank(ground), under, rng.uniform(0.15, 0.6))
    pen = pen_on(plate)
    pitch = between(7.5, 12.5, hand.stroke)
    points = _places(rng, pitch, hand.rhythm)
    place = cartoon.at(points)
    radius = pitch * between(0.46, 0.6, hand.density) * rng.normal(1, 0.08, len(points))
    contrast = np.abs(cartoon.value(place) - luma(ground) / 255)
    radius *= 1 - 0.55 * hand.line * (1 - 1.6 * contrast).clip(0, 1)
    shade = rng.normal(0, 8, (len(points), 1)) + rng.normal(0, 5, (len(points), 3))
    colour = cartoon.colour(place) + shade
    stray = rng.random(len(points)) < 0.025
    colour[stray] += 0.55 * (np.array(inks.accent) - colour[stray])
    _touch(rng, pen, points, radius, colour)
    return mount(rng, plate, inks.paper, rng.uniform(0.04, 0.07), 0.8)


def _touch(
    rng: np.random.Generator, pen: Pen, points: Points, radius: NDArray[np.float64], colour: Points
) -> None:
    """Each dot, a little wider than high."""
    half = np.stack([radius, radius * rng.uniform(0.86, 1.0, len(radius))], axis=1)
    corners = np.hstack([points - half, points + half]).tolist()
    fills = colour.clip(0, 255).astype(int).tolist()
    for corner, fill in zip(corners, fills, strict=True):
        pen.ellipse(corner, fill=(*fill, 240))


def _places(rng: np.random.Generator, pitch: float, freedom: float) -> Points:
    """A hexagonal lattice, turned and loosened, in random order of painting."""
    count = int(1.65 * CANVAS / pitch)
    row, column = np.mgrid[0:count, 0:count].reshape(2, -1).astype(np.float64)
    across = column - 0.5 * count + 0.5 * (row % 2)
    lattice = np.stack([across, 0.866 * (row - 0.5 * count)], axis=1)
    points = turned(lattice * pitch, rng.uniform(0, np.pi))
    points += rng.normal(0, between(0.02, 0.3, freedom) * pitch, points.shape)
    points = points[((points > 0) & (points < CANVAS)).all(axis=1)]
    return points[rng.permutation(len(points))]
