"""Projections of the plane, and what a picture shows through one."""

from functools import cache

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float32]
Points = NDArray[np.float64]


@cache
def grid(side: int) -> Points:
    """The middles of a square's pixels, x and y, `[2, side²]`."""
    y, x = np.mgrid[:side, :side] + 0.5
    return np.stack([x.reshape(-1), y.reshape(-1)])


def projection(source: Points, target: Points) -> Points:
    """The eight numbers of the projection that takes four points `[4, 2]` to four others."""
    rows = []
    for (x, y), (u, v) in zip(source, target, strict=True):
        rows.append([x, y, 1, 0, 0, 0, -u * x, -u * y])
        rows.append([0, 0, 0, x, y, 1, -v * x, -v * y])
    found: Points = np.linalg.solve(np.array(rows, float), target.reshape(-1).astype(float))
    return found


def square_corners(side: int) -> Points:
    """The corners of a square, clockwise from the upper left, `[4, 2]`."""
    return np.array([(0, 0), (side, 0), (side, side), (0, side)], float)


def project(numbers: Points, points: Points) -> tuple[Points, Points, Points]:
    """Where points come to lie, and by what they were divided."""
    a, b, c, d, e, f, g, h = numbers
    x, y = points
    w = g * x + h * y + 1
    w = np.where(np.abs(w) < 1e-6, 1e-6, w)
    return (a * x + b * y + c) / w, (d * x + e * y + f) / w, w


def corners_of(numbers: Points, side: int) -> Points:
    """Where the corners of a square of `side` come to lie, `[4, 2]`."""
    u, v, _ = project(numbers, square_corners(side).T)
    return np.stack([u, v], axis=1)


def sample(picture: Floats, u: Points, v: Points) -> tuple[Floats, NDArray[np.bool_]]:
    """Values at places of a picture (bilinear), and which of them lie within it."""
    height, width = picture.shape
    inside = (u >= 0) & (u <= width) & (v >= 0) & (v <= height)
    x, y = np.clip(u - 0.5, 0, width - 1), np.clip(v - 0.5, 0, height - 1)
    left, top = x.astype(np.intp), y.astype(np.intp)
    right, below = np.minimum(left + 1, width - 1), np.minimum(top + 1, height - 1)
    s, t = (x - left).astype(np.float32), (y - top).astype(np.float32)
    upper = picture[top, left] * (1 - s) + picture[top, right] * s
    lower = picture[below, left] * (1 - s) + picture[below, right] * s
    values: Floats = upper * (1 - t) + lower * t
    return values, inside
