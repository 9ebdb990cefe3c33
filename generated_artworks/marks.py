"""Hand-made marks: wavering lines, rough outlines, ribbons. All lengths are canvas pixels."""

import numpy as np
from numpy.typing import NDArray
from PIL import ImageDraw

from generated_artworks.colour import Colour

CANVAS = 448
"""Pictures are drawn on a square of this side and reduced to the size asked for."""

Points = NDArray[np.float64]
"""`[…, 2]`, x to the right and y down."""

Pen = ImageDraw.ImageDraw


def waver(rng: np.random.Generator, rows: int, n: int, cycles: int) -> Points:
    """Smooth noise `[rows, n]`, mean 0 and deviation 1, periodic along each row."""
    t = np.arange(n) / n
    frequency = rng.integers(1, cycles + 1, (rows, 4, 1))
    phase = rng.uniform(0, 2 * np.pi, (rows, 4, 1))
    noise: Points = np.sin(2 * np.pi * frequency * t + phase).sum(axis=1) / np.sqrt(2)
    return noise


def box(x0: float, y0: float, x1: float, y1: float) -> Points:
    """A rectangle's corners."""
    return np.array([[x0, y0], [x1, y0], [x1, y1], [x0, y1]], np.float64)


def disc(x: float, y: float, radius: float, n: int = 40) -> Points:
    """A circle's outline."""
    angle = np.arange(n) * (2 * np.pi / n)
    return np.stack([x + radius * np.cos(angle), y + radius * np.sin(angle)], axis=1)


def turned(points: Points, angle: float) -> Points:
    """Points given from the canvas's centre, rotated by `angle` radians, as canvas points."""
    cos, sin = np.cos(angle), np.sin(angle)
    result: Points = points @ np.array([[cos, sin], [-sin, cos]]) + CANVAS / 2
    return result


def resampled(outline: Points, step: float) -> Points:
    """A closed outline with a point about every `step` pixels."""
    closed = np.vstack([outline, outline[:1]])
    length = np.concatenate([[0], np.hypot(*np.diff(closed, axis=0).T).cumsum()])
    at = np.linspace(0, length[-1], max(8, int(length[-1] / step)), endpoint=False)
    return np.stack([np.interp(at, length, closed[:, c]) for c in (0, 1)], axis=1)


def rough(
    rng: np.random.Generator, outline: Points, amount: float, step: float = 7, period: float = 42
) -> Points:
    """A closed outline as a hand cuts it: wavering by `amount` over `period` pixels or more."""
    points = resampled(outline, step)
    noise = waver(rng, 2, len(points), max(3, int(len(points) * step / period)))
    result: Points = points + amount * noise.T
    return result


def rounded(outline: Points, rounds: int = 2) -> Points:
    """A closed outline with its corners cut (Chaikin 1974), ever smoother with more rounds."""
    for _ in range(rounds):
        following = np.roll(outline, -1, axis=0)
        outline = np.stack(
            [0.75 * outline + 0.25 * following, 0.25 * outline + 0.75 * following], axis=1
        ).reshape(-1, 2)
    return outline


def ribbon(path: Points, width: Points | float) -> Points:
    """The outline of a line whose width may change along the way."""
    tangent = np.gradient(path, axis=0)
    tangent /= np.maximum(np.hypot(tangent[:, 0], tangent[:, 1]), 1e-6)[:, None]
    half = np.broadcast_to(np.asarray(width, np.float64) / 2, len(path))[:, None]
    normal = np.stack([-tangent[:, 1], tangent[:, 0]], axis=1) * half
    return np.vstack([path + normal, (path - normal)[::-1]])


def polygon(pen: Pen, outline: Points, colour: Colour, opacity: float = 1.0) -> None:
    """Fill an outline; the pen must be in RGBA mode for an opacity below 1 to show."""
    pen.polygon(outline.ravel().tolist(), fill=(*colour, round(255 * opacity)))
