"""Grid: a hand-ruled lattice of tiles whose tones drift across the sheet."""

from itertools import pairwise

import numpy as np
from PIL import Image

from generated_artworks.colour import Colour, Inks, luma, mixed
from generated_artworks.hand import Hand, between
from generated_artworks.marks import CANVAS, Pen, Points, box, disc, polygon, rough
from generated_artworks.sheet import blank, mount, pen_on, texture


def grid(rng: np.random.Generator, inks: Inks, hand: Hand) -> Image.Image:
    """Stroke: motifs within tiles. Density: tiles. Rhythm: uneven rules. Line: gap width."""
    plate = blank(inks.ground)
    pen = pen_on(plate)
    margin = rng.uniform(0.05, 0.09)
    columns, rows = (_rules(rng, hand, margin) for _ in range(2))
    gap = between(0.5, 6.5, hand.line)
    colours = _colours(rng, inks, len(rows) - 1, len(columns) - 1)
    for i, (y0, y1) in enumerate(pairwise(rows)):
        for j, (x0, x1) in enumerate(pairwise(columns)):
            tile = box(x0 + gap, y0 + gap, x1 - gap, y1 - gap)
            _tile(rng, pen, tile, colours[i][j], inks, between(0.0, 0.6, hand.stroke))
    plate = Image.blend(plate, texture(rng, "mottle").convert("RGB"), 0.04)
    return mount(rng, plate, inks.paper, margin - 0.012)


def _rules(rng: np.random.Generator, hand: Hand, margin: float) -> list[float]:
    """Where the rules run, in pixels."""
    count = round(between(4, 11, hand.density) + rng.uniform(-1, 1))
    widths = rng.dirichlet(np.full(count, between(60, 2.5, hand.rhythm))) + 0.25 / count
    at = margin + (1 - 2 * margin) * np.concatenate([[0], widths.cumsum() / widths.sum()])
    return [float(v) for v in at * CANVAS]


def _colours(rng: np.random.Generator, inks: Inks, rows: int, columns: int) -> list[list[Colour]]:
    """Tones that drift from tile to tile, with a few accents."""
    y, x = np.mgrid[0:rows, 0:columns] / max(rows, columns)
    angle, period = rng.uniform(0, 2 * np.pi), rng.uniform(0.7, 2.2)
    drift = np.sin(period * np.pi * (x * np.cos(angle) + y * np.sin(angle)) + rng.uniform(0, 6))
    place = (drift + 1) * 2 + rng.normal(0, rng.uniform(0.2, 0.9), (rows, columns))
    accents = rng.random((rows, columns)) < rng.uniform(0.03, 0.12)
    accents[rng.integers(rows), rng.integers(columns)] = True
    ramp = sorted(inks.tones, key=luma)
    return [
        [
            inks.accent if accents[i, j] else _between_steps(ramp, float(place[i, j]))
            for j in range(columns)
        ]
        for i in range(rows)
    ]


def _between_steps(ramp: list[Colour], place: float) -> Colour:
    place = min(max(place, 0), len(ramp) - 1.001)
    return mixed(ramp[int(place)], ramp[int(place) + 1], place % 1)


def _tile(
    rng: np.random.Generator, pen: Pen, tile: Points, colour: Colour, inks: Inks, motif: float
) -> None:
    """One tile in two thin coats that do not quite meet, and perhaps a motif."""
    for coat in range(2):
        polygon(pen, rough(rng, tile + rng.normal(0, 0.8, 2), 0.8, 12), colour, 0.6 + 0.3 * coat)
    if rng.random() >= motif:
        return
    other = inks.tones[int(rng.integers(5))] if rng.random() < 0.85 else inks.accent
    (x0, y0), (x1, y1) = tile[0], tile[2]
    kind = int(rng.integers(4))
    if kind == 0:
        radius = min(x1 - x0, y1 - y0) * rng.uniform(0.25, 0.42)
        figure = disc((x0 + x1) / 2, (y0 + y1) / 2, radius)
    elif kind == 1:
        figure = np.delete(tile, rng.integers(4), axis=0)
    elif kind == 2:
        x, y = tile[int(rng.integers(4))]
        figure = disc(x, y, min(x1 - x0, y1 - y0) * 0.96).clip(tile[0], tile[2])
    else:
        figure = tile.mean(axis=0) + (tile - tile.mean(axis=0)) * rng.uniform(0.4, 0.7)
    polygon(pen, rough(rng, figure, 0.7), other, 0.9)
