"""Facets: a scene seen through cut glass; every plane shifts it and catches the light anew."""

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw

from hashing.data.generated.hand import Hand, between
from hashing.data.generated.marks import CANVAS, Points, box
from hashing.data.generated.scene import Cartoon
from hashing.data.generated.sheet import mount, pen_on


def facets(rng: np.random.Generator, cartoon: Cartoon, hand: Hand) -> Image.Image:
    """Stroke: light on the planes. Density: planes. Rhythm: free directions. Line: edges drawn."""
    planes = _broken(rng, cartoon, hand)
    which = _drawn(planes)
    row, column = np.mgrid[0:CANVAS, 0:CANVAS]
    shift = rng.normal(0, between(4, 11, hand.stroke), (2, len(planes)))[:, which]
    seen = np.stack([column, row], axis=-1) + np.moveaxis(shift, 0, -1)
    image = cartoon.colour(cartoon.at(seen)).astype(np.float32)
    image += _light(rng, planes, hand)[which, None]
    image += _gleam(rng, planes, which, row, column, hand)[..., None]
    plate = Image.fromarray(image.clip(0, 255).astype(np.uint8))
    _edges(plate, planes, cartoon, hand)
    return mount(rng, plate, cartoon.inks.paper, rng.uniform(0.045, 0.08))


def _drawn(planes: list[Points]) -> NDArray[np.uint8]:
    """Which plane lies at each pixel."""
    sheet = Image.new("L", (CANVAS, CANVAS), 0)
    pen = ImageDraw.Draw(sheet)
    for label, plane in enumerate(planes):
        pen.polygon(plane.ravel().tolist(), fill=label)
    return np.asarray(sheet)


def _light(rng: np.random.Generator, planes: list[Points], hand: Hand) -> NDArray[np.float32]:
    """How much lighter each plane is."""
    tilt = rng.normal(0, between(8, 20, hand.stroke), len(planes))
    return tilt.astype(np.float32)


def _gleam(
    rng: np.random.Generator, planes: list[Points], which: NDArray[np.uint8],
    row: NDArray[np.int_], column: NDArray[np.int_], hand: Hand,
) -> NDArray[np.float32]:  # fmt: skip
    """A gradient across each plane, brightest at one of its edges."""
    centre = np.array([plane.mean(axis=0) for plane in planes], np.float32)
    size = np.array([np.ptp(plane, axis=0).max() for plane in planes], np.float32)
    angle = rng.uniform(0, 2 * np.pi, len(planes))
    steep = between(18, 46, hand.stroke) / size
    slope = (np.stack([np.cos(angle), np.sin(angle)]) * steep).astype(np.float32)
    start = -(slope.T * centre).sum(axis=1)
    return start[which] + slope[0][which] * column + slope[1][which] * row


def _edges(plate: Image.Image, planes: list[Points], cartoon: Cartoon, hand: Hand) -> None:
    """The lines where planes meet."""
    width = round(between(0, 3, hand.line))
    if width == 0:
        return
    pen = pen_on(plate)
    fill = (*cartoon.inks.line, round(between(60, 200, hand.line)))
    for plane in planes:
        pen.line([*plane.ravel().tolist(), *plane[0].tolist()], fill=fill, width=width)


def _broken(rng: np.random.Generator, cartoon: Cartoon, hand: Hand) -> list[Points]:
    """The sheet split by straight cuts, finer where the scene has more to tell."""
    goal = round(between(34, 130, hand.density))
    accents = rng.uniform(0, np.pi) + np.array([0, np.pi / 2, rng.uniform(0.5, 1.1)])
    pieces = [(1e9, box(0, 0, CANVAS, CANVAS))]
    while len(pieces) < goal:
        at = max(range(len(pieces)), key=lambda i: pieces[i][0])
        _, piece = pieces.pop(at)
        angle = rng.choice(accents) + rng.normal(0, between(0.05, 0.6, hand.rhythm))
        halves = _cut(rng, piece, angle)
        pieces.extend((_interest(rng, cartoon, half), half) for half in halves)
    return [piece for _, piece in pieces]


def _interest(rng: np.random.Generator, cartoon: Cartoon, piece: Points) -> float:
    """Large and varied pieces are cut first."""
    x, y = piece[:, 0], piece[:, 1]
    area = 0.5 * abs(float((x * np.roll(y, -1) - y * np.roll(x, -1)).sum()))
    centre = piece.mean(axis=0)
    inside = np.vstack([centre + (piece - centre) * part for part in (0.25, 0.6)])
    spread = float(np.ptp(cartoon.value(cartoon.at(inside))))
    return area * (0.25 + spread) * rng.uniform(0.6, 1.4)


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
