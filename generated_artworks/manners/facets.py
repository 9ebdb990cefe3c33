"""Facets: a scene seen through cut glass; every plane shifts it and catches the light anew."""

import heapq
import math

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw

from generated_artworks.hand import Hand, between
from generated_artworks.marks import CANVAS, Points, box
from generated_artworks.scene import Cartoon
from generated_artworks.sheet import mount, pen_on

_Piece = list[list[float]]

_COARSE = 56
"""Side of the sketch that tells where cuts are due."""


def facets(rng: np.random.Generator, cartoon: Cartoon, hand: Hand) -> Image.Image:
    """Stroke: light on the planes. Density: planes. Rhythm: free directions. Line: edges drawn."""
    planes = _broken(rng, cartoon, hand)
    which = _drawn(planes)
    image = _refracted(rng, cartoon, which, between(4, 11, hand.stroke)).astype(np.float32)
    image += _light(rng, planes, which, hand.stroke)[..., None]
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


def _refracted(
    rng: np.random.Generator, cartoon: Cartoon, which: NDArray[np.uint8], shift: float
) -> NDArray[np.uint8]:
    """The cartoon, displaced by a few pixels behind each plane."""
    across, down = rng.normal(0, shift, (2, int(which.max()) + 1)).round().astype(np.int32)
    pixels = np.asarray(cartoon.image(CANVAS).convert("RGBA")).view(np.uint32).ravel()
    at = (
        np.arange(pixels.size, dtype=np.int32).reshape(which.shape)
        + (down * CANVAS + across)[which]
    )
    seen: NDArray[np.uint8] = pixels.take(at, mode="clip").view(np.uint8)
    return seen.reshape(*which.shape, 4)[..., :3]


def _light(
    rng: np.random.Generator, planes: list[Points], which: NDArray[np.uint8], strength: float
) -> NDArray[np.float32]:
    """How much lighter each pixel is: a level for each plane, and a gradient across it."""
    centre = np.array([plane.mean(axis=0) for plane in planes])
    size = np.array([np.ptp(plane, axis=0).max() for plane in planes])
    angle = rng.uniform(0, 2 * np.pi, len(planes))
    slope = np.stack([np.cos(angle), np.sin(angle)]) * between(18, 46, strength) / size
    level = rng.normal(0, between(8, 20, strength), len(planes)) - (slope.T * centre).sum(axis=1)
    level, across, down = np.vstack([level, slope]).astype(np.float32)
    at = np.arange(CANVAS, dtype=np.float32)
    result: NDArray[np.float32] = level[which] + across[which] * at + down[which] * at[:, None]
    return result


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
    tone = np.asarray(cartoon.image(_COARSE).convert("L"), np.float64) / 255
    goal = round(between(34, 130, hand.density))
    accents = rng.uniform(0, np.pi) + np.array([0, np.pi / 2, rng.uniform(0.5, 1.1)])
    pieces = [(0.0, box(0, 0, CANVAS, CANVAS).tolist())]
    while len(pieces) < goal:
        _, piece = heapq.heappop(pieces)
        angle = rng.choice(accents) + rng.normal(0, between(0.05, 0.6, hand.rhythm))
        for half in _cut(piece, float(angle), rng.uniform(0.3, 0.7)):
            heapq.heappush(pieces, (-_interest(tone, half) * rng.uniform(0.6, 1.4), half))
    return [np.array(piece) for _, piece in pieces]


def _interest(tone: NDArray[np.float64], piece: _Piece) -> float:
    """Large and varied pieces are cut first."""
    across, down = zip(*piece, strict=True)
    x, y = sum(across) / len(piece), sum(down) / len(piece)
    scale = _COARSE / CANVAS
    seen = [tone[int((y + v) / 2 * scale), int((x + u) / 2 * scale)] for u, v in piece]
    extent = (max(across) - min(across)) * (max(down) - min(down))
    return float(extent * (0.25 + max(seen) - min(seen)))


def _cut(piece: _Piece, angle: float, part: float) -> tuple[_Piece, _Piece]:
    """A convex polygon cut in this direction, `part` of the way across."""
    side = [y * math.cos(angle) - x * math.sin(angle) for x, y in piece]
    level = min(side) + part * (max(side) - min(side))
    halves: tuple[_Piece, _Piece] = ([], [])
    for i, (x, y) in enumerate(piece):
        here, before = side[i] - level, side[i - 1] - level
        if (here > 0) != (before > 0):
            u, v = piece[i - 1]
            way = before / (before - here)
            for half in halves:
                half.append([u + (x - u) * way, v + (y - v) * way])
        halves[here > 0].append([x, y])
    return halves
