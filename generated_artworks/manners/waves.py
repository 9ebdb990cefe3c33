"""Waves: families of lines that move together."""

import numpy as np
from PIL import Image

from generated_artworks.colour import Colour, Inks, luma, mixed
from generated_artworks.hand import Hand, between
from generated_artworks.marks import CANVAS, Points, polygon, ribbon, waver
from generated_artworks.sheet import blank, mount, pen_on


def waves(rng: np.random.Generator, inks: Inks, hand: Hand) -> Image.Image:
    """Stroke: height. Density: lines. Rhythm: how freely they drift. Line: contour width."""
    plate = blank(inks.ground)
    pen = pen_on(plate)
    count = round(between(9, 34, hand.density) * rng.uniform(0.85, 1.15))
    curves = _curves(rng, hand, count)
    colours = _sequence(rng, inks, count)
    thick = between(1.2, 4.5, hand.line)
    filled = rng.random() < between(0.75, 0.35, hand.line)
    for curve, colour in zip(curves, colours, strict=True):
        if filled:
            polygon(pen, np.vstack([curve, [[640, 900], [-200, 900]]]), colour, 0.96)
        width = thick * (1 + 0.3 * waver(rng, 1, len(curve), 9)[0])
        ink = mixed(colour, inks.line, 0.75) if filled else colour
        polygon(pen, ribbon(curve, width if filled else width * 1.5 + 1), ink, 0.9)
    return mount(rng, plate, inks.paper, rng.uniform(0.05, 0.1))


def _curves(rng: np.random.Generator, hand: Hand, count: int) -> list[Points]:
    """From the far edge to the near one; spacing widens towards the viewer."""
    n = 70
    x = np.linspace(-30, CANVAS + 30, n)
    depth = np.linspace(0, 1, count)
    opening = rng.uniform(1, 1.5)
    base = CANVAS * (0.1 + 0.86 * depth**opening)
    t, d = (x / CANVAS)[None], depth[:, None]
    free = between(0.15, 1.6, hand.rhythm)
    height = CANVAS * between(0.018, 0.06, hand.stroke)
    cycles, drift, phase = rng.uniform((0.5, -1.5, 0), (3, 1.5, 6.3), (3, 3)).T[..., None, None]
    turns = cycles * t + free * drift * d
    shift = np.tensordot((1, 0.6, 0.3), np.sin(2 * np.pi * turns + phase), 1)
    swell = height * (0.5 + 0.8 * np.sin(np.pi * d) + 0.3 * opening * d)
    y = base[:, None] + swell * shift + waver(rng, count, n, 12) * 0.8
    return [np.stack([x, row], axis=1) for row in y]


def _sequence(rng: np.random.Generator, inks: Inks, count: int) -> list[Colour]:
    """A colour for each line: a slow passage through the tones, one or two accents."""
    ramp = sorted(inks.tones, key=luma, reverse=bool(rng.random() < 0.5))
    turns = rng.choice([1, 1, 2, 3])
    place = 2 + 2 * np.cos(np.linspace(0, np.pi * turns, count)) + rng.normal(0, 0.25, count)
    place = place.clip(0, 3.999)
    colours = [mixed(ramp[int(p)], ramp[int(p) + 1], float(p % 1)) for p in place]
    for i in rng.integers(0, count, 2):
        colours[i] = inks.accent
    return colours
