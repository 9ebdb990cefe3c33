"""Drips: paint poured from a stick, pooling where the hand lingered, running and spattering."""

import numpy as np
from PIL import Image

from generated_artworks.colour import Colour, Inks
from generated_artworks.hand import Hand, between
from generated_artworks.marks import CANVAS, Pen, Points, polygon, ribbon, waver
from generated_artworks.sheet import blank, mount, pen_on


def drips(rng: np.random.Generator, inks: Inks, hand: Hand) -> Image.Image:
    """Stroke: weight of the pour. Density: pours. Rhythm: from runs to loops. Line: spatter."""
    plate = blank(inks.ground)
    pen = pen_on(plate)
    layers = [(inks.tones[0], 2.6), (inks.tones[1], 1.5), (inks.line, 1.0), (inks.tones[2], 0.8),
              (inks.accent, rng.choice([0.7, 1.6]))]  # fmt: skip
    for colour, part in layers:
        weight = between(2.0, 5.0, hand.stroke) * part
        pours = round(between(1.0, 3.6, hand.density) * between(0.8, 1.2, hand.rhythm) / part**0.3)
        for _ in range(max(1, pours)):
            path = _pour(rng, hand)
            width = _widths(rng, path, weight)
            polygon(pen, ribbon(path, width), colour, 0.95)
            _pools(rng, pen, path, width, colour)
            _runs(rng, pen, path, width, colour, round(between(9, 0, hand.rhythm)))
        _spatter(
            rng, pen, colour, round(between(10, 80, hand.line)), between(1.3, 2.6, hand.stroke)
        )
    return mount(rng, plate, inks.paper, rng.uniform(0.04, 0.075), 0.9)


def _pour(rng: np.random.Generator, hand: Hand) -> Points:
    """An arm's path over the sheet, flat for runs and looping otherwise."""
    n = 170
    x, y = waver(rng, 2, n, round(between(1.6, 4.6, hand.rhythm)))
    drift = rng.uniform(-0.5, 0.5) * np.linspace(-1, 1, n)
    centre = np.array([0.5, between(0.3, 0.5, hand.rhythm)]) + rng.normal(0, 0.13, 2)
    reach = np.array([0.33, between(0.09, 0.29, hand.rhythm)])
    path: Points = CANVAS * (np.stack([x + drift, y], axis=1) * reach + centre)
    return path[int(rng.integers(n // 4)) :]


def _widths(rng: np.random.Generator, path: Points, weight: float) -> Points:
    """Thin where the hand moved fast, thick where it lingered."""
    speed = np.hypot(*np.gradient(path, axis=0).T)
    slow = (np.median(speed) / (speed + 0.35 * np.median(speed))) ** 1.3
    pulse = np.exp(0.45 * waver(rng, 1, len(path), 14)[0])
    width: Points = weight * (slow * pulse).clip(0.18, 3.2)
    width[:10] *= np.linspace(0.1, 1, 10)
    width[-10:] *= np.linspace(1, 0.1, 10)
    return width


def _pools(rng: np.random.Generator, pen: Pen, path: Points, width: Points, colour: Colour) -> None:
    """Puddles at the slowest places."""
    for i in np.argsort(width)[-30::13]:
        x, y = path[i]
        r = width[i] * rng.uniform(0.7, 1.25)
        pen.ellipse((x - r, y - r * 0.9, x + r, y + r), fill=(*colour, 242))


def _runs(
    rng: np.random.Generator, pen: Pen, path: Points, width: Points, colour: Colour, count: int
) -> None:
    """Paint running down from where it lies thick, ending in a drop."""
    down = np.linspace(0, 1, 24)
    drop = 0.55 * (1 - down) ** 3 + 0.6 + 0.75 * np.exp(-(((down - 0.955) / 0.035) ** 2))
    drop[-1] = 0.25
    for i in rng.choice(len(path), count, p=width / width.sum()):
        x, y = path[i]
        length = 26 + rng.gamma(1.6, 62)
        thick = width[i].clip(2, 9) * rng.uniform(0.45, 0.8)
        sway = 1.3 * waver(rng, 1, 24, 3)[0] * down
        run = np.stack([x + sway, y + length * down], axis=1)
        polygon(pen, ribbon(run, thick * drop), colour, 0.95)


def _spatter(rng: np.random.Generator, pen: Pen, colour: Colour, count: int, weight: float) -> None:
    """Droplets thrown around a few places."""
    centre = rng.uniform(0.15, 0.85, (3, 2))[rng.integers(0, 3, count)] * CANVAS
    at = centre + rng.standard_t(2.5, (count, 2)) * (42, 34)
    radius = weight * rng.lognormal(-0.3, 0.65, count)
    for (x, y), r in zip(at.tolist(), radius.clip(0.7, 10).tolist(), strict=True):
        pen.ellipse((x - r, y - r * 1.06, x + r * 0.94, y + r), fill=(*colour, 242))
