"""Drips: poured skeins of paint, runs and spatter."""

import numpy as np
from PIL import Image

from hashing.data.generated.colour import Colour, Inks
from hashing.data.generated.hand import Hand, between
from hashing.data.generated.marks import CANVAS, Pen, Points, polygon, ribbon, waver
from hashing.data.generated.sheet import blank, mount, pen_on


def drips(rng: np.random.Generator, inks: Inks, hand: Hand) -> Image.Image:
    """Stroke: weight of the pour. Density: skeins. Rhythm: loops or runs. Line: spatter."""
    plate = blank(inks.ground)
    pen = pen_on(plate)
    colours = [*inks.tones[:3], inks.line, inks.accent]
    running = rng.random() < between(0.85, 0.1, hand.rhythm)
    for colour in colours:
        accent = colour == inks.accent
        count = max(1, round(between(1, 5, hand.density) * (0.4 if accent else 1)))
        for _ in range(count):
            path = _pour(rng, hand)
            width = _weights(rng, path, between(1.8, 6, hand.stroke))
            polygon(pen, ribbon(path, width), colour, 0.95)
            if running:
                _runs(rng, pen, path, width, colour)
        _spatter(rng, pen, colour, round(between(12, 90, hand.line)), between(1.2, 3, hand.stroke))
    return mount(rng, plate, inks.paper, rng.uniform(0.04, 0.075), 0.9)


def _pour(rng: np.random.Generator, hand: Hand) -> Points:
    """A looping path over the sheet."""
    n = 220
    x, y = waver(rng, 2, n, round(between(3, 8, hand.rhythm)))
    reach = CANVAS * rng.uniform(0.16, 0.3)
    centre = CANVAS * rng.uniform(0.32, 0.68, 2)
    start = int(rng.integers(n // 3))
    return np.stack([centre[0] + reach * x, centre[1] + reach * y], axis=1)[start:]


def _weights(rng: np.random.Generator, path: Points, weight: float) -> Points:
    """Thin where the hand moved fast, thick where it lingered."""
    speed = np.hypot(*np.gradient(path, axis=0).T)
    slow = np.median(speed) / (speed + 0.4 * np.median(speed))
    pulse = 1 + 0.35 * waver(rng, 1, len(path), 24)[0]
    width: Points = weight * (slow * pulse).clip(0.25, 2.6)
    width[:12] *= np.linspace(0.1, 1, 12)
    width[-12:] *= np.linspace(1, 0.1, 12)
    return width


def _runs(rng: np.random.Generator, pen: Pen, path: Points, width: Points, colour: Colour) -> None:
    """Paint running down from where it lies thick, ending in a drop."""
    for i in rng.choice(len(path), 7, p=width / width.sum()):
        x, y = path[i]
        length = rng.gamma(2, 34)
        thick = min(width[i], 6) * rng.uniform(0.35, 0.7) + 0.8
        down = np.linspace(0, 1, 20)
        sway = 1.2 * waver(rng, 1, 20, 3)[0] * down
        profile = thick * (0.75 + 0.9 * np.exp(-(((down - 0.95) / 0.06) ** 2)))
        profile[:3] *= (2.4, 1.7, 1.2)
        profile[-1] *= 0.3
        polygon(pen, ribbon(np.stack([x + sway, y + length * down], axis=1), profile), colour, 0.95)


def _spatter(rng: np.random.Generator, pen: Pen, colour: Colour, count: int, weight: float) -> None:
    """Droplets thrown along a few directions."""
    centre = rng.uniform(0.15, 0.85, (3, 2))[rng.integers(0, 3, count)] * CANVAS
    at = centre + rng.standard_t(2.5, (count, 2)) * (42, 34)
    radius = weight * rng.lognormal(-0.35, 0.6, count)
    for (x, y), r in zip(at.tolist(), radius.clip(0.6, 9).tolist(), strict=True):
        pen.ellipse((x - r, y - r * 1.06, x + r * 0.94, y + r), fill=(*colour, 240))
