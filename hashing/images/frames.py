"""The largest thing in a photograph that looks like a frame or a canvas: four straight sides.

Edges of a small grey version vote for straight lines (Duda & Hart 1972, with the direction of each
edge, as O'Gorman & Clowes 1976); of the best lines near horizontal and near vertical, two of each
make a quadrilateral, which counts by how much of its sides lies on edges and by its size.
"""

from itertools import combinations

import numpy as np
from numpy.typing import NDArray
from PIL import Image

SIDE = 192
"""Pixels of the longer side that is looked at."""
ANGLES, MOST_TILT = 61, 25.0
"""Directions that are tried around each axis, and degrees they reach."""
LINES = 9
"""Lines that are kept of each direction."""
LEAST_SHARE, MOST_SHARE = 0.08, 0.92
"""Of the photograph's area: a frame takes neither all of it nor nearly nothing."""
LEAST_SUPPORT = 0.55
"""Share of the sides that has to lie on edges."""
NEAR = 2
"""Pixels between a line and an edge that lies on it."""

STEPS = np.linspace(0.04, 0.96, 40)[None, :, None]
"""Places along a side."""

Corners = tuple[tuple[float, float], ...]
"""Upper left, upper right, lower right, lower left; shares of width and height."""


def suggest_box(image: Image.Image) -> Corners | None:
    """The corners of the largest frame-like quadrilateral; None where none is seen."""
    grey = image.convert("L")
    grey.thumbnail((SIDE, SIDE), Image.Resampling.BOX)
    pixels = np.asarray(grey, np.float32)
    height, width = pixels.shape
    if min(height, width) < 2:  # so thin that one row is left
        return None
    strength, across, upright = _edges(pixels)
    rows = _lines(strength * ~upright, across, horizontal=True)
    columns = _lines(strength * upright, across, horizontal=False)
    near = _widened(strength)
    best: tuple[float, NDArray[np.float64]] | None = None
    for top, bottom in combinations(sorted(rows, key=lambda line: _middle(line, width, 0)), 2):
        for left, right in combinations(
            sorted(columns, key=lambda line: _middle(line, height, 1)), 2
        ):
            corners = _corners(top, bottom, left, right)
            if corners is None or not _is_frame(corners, width, height):
                continue
            support = _support(corners, near)
            if support < LEAST_SUPPORT:
                continue
            score = support**2 * np.sqrt(_area(corners) / (width * height))
            if best is None or score > best[0]:
                best = score, corners
    if best is None:
        return None
    shares = np.clip(best[1] / (width, height), 0, 1)
    return tuple((float(x), float(y)) for x, y in shares)


Line = tuple[float, float, float]
"""a, b, c with a·x + b·y = c, and a² + b² = 1."""


def _edges(
    pixels: NDArray[np.float32],
) -> tuple[NDArray[np.float32], NDArray[np.float32], NDArray[np.bool_]]:
    """Which pixels lie on edges (0 or 1), the angle of their gradient, and which are upright."""
    dy, dx = np.gradient(pixels)
    size = np.hypot(dx, dy)
    size[[0, -1], :] = size[:, [0, -1]] = 0
    threshold = max(6.0, float(np.quantile(size, 0.85)))
    strength = (size >= threshold).astype(np.float32)
    return strength, np.arctan2(dy, dx), np.abs(dx) >= np.abs(dy)


def _lines(
    strength: NDArray[np.float32], gradient: NDArray[np.float32], *, horizontal: bool
) -> list[Line]:
    """The lines on which most edges lie, apart from each other."""
    ys, xs = np.nonzero(strength)
    if not len(ys):
        return []
    around = np.pi / 2 if horizontal else 0.0
    tilts = np.radians(np.linspace(-MOST_TILT, MOST_TILT, ANGLES)) + around
    directions = gradient[ys, xs]
    reach = int(np.hypot(*strength.shape)) + 1
    votes = np.zeros((ANGLES, 2 * reach), np.float32)
    for row, angle in enumerate(tilts):
        apart = np.abs((directions - angle + np.pi / 2) % np.pi - np.pi / 2)
        near = apart < np.radians(12)
        places = np.round(xs[near] * np.cos(angle) + ys[near] * np.sin(angle)).astype(int) + reach
        votes[row] = np.bincount(places, minlength=2 * reach)[: 2 * reach]
    smooth = votes + np.roll(votes, 1, axis=1) + np.roll(votes, -1, axis=1)
    found: list[Line] = []
    while len(found) < LINES:
        row, place = divmod(int(smooth.argmax()), smooth.shape[1])
        if smooth[row, place] < 0.12 * min(strength.shape):
            break
        angle = tilts[row]
        found.append((float(np.cos(angle)), float(np.sin(angle)), float(place - reach)))
        first, last = max(0, row - 6), row + 7
        smooth[first:last, max(0, place - 4) : place + 5] = 0
    return found


def _middle(line: Line, length: int, axis: int) -> float:
    """Where a line crosses the middle of the picture, along the other axis."""
    along, across = line[axis], line[1 - axis]
    return (line[2] - along * length / 2) / across


def _corners(top: Line, bottom: Line, left: Line, right: Line) -> NDArray[np.float64] | None:
    points = []
    for (a, b, c), (d, e, f) in ((top, left), (top, right), (bottom, right), (bottom, left)):
        determinant = a * e - b * d
        if abs(determinant) < 0.3:
            return None
        points.append(((c * e - b * f) / determinant, (a * f - c * d) / determinant))
    return np.array(points)


def _is_frame(corners: NDArray[np.float64], width: int, height: int) -> bool:
    """Whether it lies in the picture, is convex, and is neither too large nor too long."""
    margin = 0.03 * max(width, height)
    inside = ((corners >= -margin) & (corners <= (width + margin, height + margin))).all()
    share = _area(corners) / (width * height)
    if not inside or not LEAST_SHARE <= share <= MOST_SHARE:
        return False
    lengths = side_lengths(corners)
    across, along = lengths[[0, 2]].mean(), lengths[[1, 3]].mean()
    slim = max(across, along) > 4 * min(across, along)
    return bool(is_convex(corners) and not slim and lengths.min() > 0.15 * min(width, height))


def side_lengths(corners: NDArray[np.float64]) -> NDArray[np.float64]:
    """How long each side is from its corner `[n, 2]` to the next one, `[n]`."""
    lengths: NDArray[np.float64] = np.hypot(*(np.roll(corners, -1, axis=0) - corners).T)
    return lengths


def is_convex(corners: NDArray[np.float64]) -> bool:
    """Whether corners `[n, 2]` turn clockwise (y goes down) at every one of them."""
    sides = np.roll(corners, -1, axis=0) - corners
    after = np.roll(sides, -1, axis=0)
    return bool((sides[:, 0] * after[:, 1] - sides[:, 1] * after[:, 0] > 0).all())


def _area(corners: NDArray[np.float64]) -> float:
    x, y = corners.T
    return float(abs(x @ np.roll(y, -1) - y @ np.roll(x, -1)) / 2)


def _widened(strength: NDArray[np.float32]) -> NDArray[np.float32]:
    """Which pixels have an edge nearby."""
    near = strength.copy()
    for shift in range(1, NEAR + 1):
        for axis in (0, 1):
            near = np.maximum(near, np.roll(strength, shift, axis))
            near = np.maximum(near, np.roll(strength, -shift, axis))
    return near


def _support(corners: NDArray[np.float64], near: NDArray[np.float32]) -> float:
    """How much of its sides lies near edges: the mean of the weakest side's share and of all."""
    height, width = near.shape
    ends = np.roll(corners, -1, axis=0)
    points = corners[:, None] + STEPS * (ends - corners)[:, None]
    columns = points[..., 0].round().astype(int).clip(0, width - 1)
    rows = points[..., 1].round().astype(int).clip(0, height - 1)
    shares = near[rows, columns].mean(axis=1)
    return float(shares.min() + shares.mean()) / 2
