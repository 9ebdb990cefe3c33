"""Facets: a scene broken into planes that catch the light differently."""

import numpy as np
from PIL import Image

from hashing.data.generated.colour import mixed
from hashing.data.generated.hand import Hand, between
from hashing.data.generated.marks import CANVAS, Points, box, polygon
from hashing.data.generated.scene import Cartoon
from hashing.data.generated.sheet import blank, mount, pen_on


def facets(rng: np.random.Generator, cartoon: Cartoon, hand: Hand) -> Image.Image:
    """Stroke: light on the planes. Density: planes. Rhythm: free directions. Line: edges drawn."""
    inks = cartoon.inks
    plate = blank(inks.ground)
    pen = pen_on(plate)
    light = rng.uniform(0, 2 * np.pi)
    gleam = between(7, 26, hand.stroke)
    for facet in _broken(rng, cartoon, hand):
        centre = facet.mean(axis=0)
        colour = cartoon.colour[cartoon.at(_samples(facet))].mean(axis=0)
        tilt = np.cos(light - rng.uniform(0, 2 * np.pi))
        base = tuple((colour + gleam * tilt).clip(0, 255).astype(int).tolist())
        polygon(pen, facet, base)
        passage = np.vstack([facet[:2], centre[None]])
        polygon(pen, passage, inks.line if tilt < 0 else (255, 252, 240), 0.05 + 0.09 * hand.stroke)
        if hand.line > 0.15:
            edge = mixed(base, inks.line, 0.5)
            width = round(between(0, 3, hand.line))
            pen.line([*facet.ravel().tolist(), *facet[0].tolist()], fill=(*edge, 190), width=width)
    return mount(rng, plate, inks.paper, rng.uniform(0.045, 0.08))


def _samples(facet: Points) -> Points:
    """Points well inside a convex facet."""
    centre = facet.mean(axis=0)
    return np.vstack([centre + (facet - centre) * part for part in (0.25, 0.6)])


def _broken(rng: np.random.Generator, cartoon: Cartoon, hand: Hand) -> list[Points]:
    """The sheet split by straight cuts, finer where the scene has more to tell."""
    goal = round(between(70, 210, hand.density))
    accents = rng.uniform(0, np.pi) + np.array([0, np.pi / 2, rng.uniform(0.5, 1.1)])
    pieces = [(1e9, box(0, 0, CANVAS, CANVAS))]
    while len(pieces) < goal:
        at = max(range(len(pieces)), key=lambda i: pieces[i][0])
        _, piece = pieces.pop(at)
        angle = rng.choice(accents) + rng.normal(0, between(0.08, 0.7, hand.rhythm))
        halves = _cut(rng, piece, angle)
        pieces.extend((_interest(rng, cartoon, half), half) for half in halves)
    return [piece for _, piece in pieces]


def _interest(rng: np.random.Generator, cartoon: Cartoon, piece: Points) -> float:
    x, y = piece[:, 0], piece[:, 1]
    area = 0.5 * abs(float((x * np.roll(y, -1) - y * np.roll(x, -1)).sum()))
    spread = float(np.ptp(cartoon.value[cartoon.at(_samples(piece))]))
    return area * (0.12 + spread) * rng.uniform(0.6, 1.4)


def _cut(rng: np.random.Generator, piece: Points, angle: float) -> list[Points]:
    """A convex polygon cut by a line through a point near its middle."""
    along = np.array([np.cos(angle), np.sin(angle)])
    side = (piece - piece.mean(axis=0)) @ np.array([-along[1], along[0]])
    side = side - rng.uniform(0.3, 0.7) * np.ptp(side) - side.min()
    following, beyond = np.roll(piece, -1, axis=0), np.roll(side, -1)
    halves: tuple[list[Points], list[Points]] = ([], [])
    for a, b, sa, sb in zip(piece, following, side, beyond, strict=True):
        halves[int(sa > 0)].append(a)
        if (sa > 0) != (sb > 0):
            crossing = a + (b - a) * (sa / (sa - sb))
            halves[0].append(crossing)
            halves[1].append(crossing)
    return [np.array(half) for half in halves if len(half) > 2] or [piece]
