"""Whether one picture is seen in another: it is laid over it until both agree best.

A projection of the plane (eight numbers) is improved step by step so that the correlation of the
picture with what lies below it grows: ECC, Evangelidis & Psarakis, "Parametric Image Alignment
Using Enhanced Correlation Coefficient Maximization", 2008; coarse to fine. Lightness and contrast
do not matter to a correlation, and what changes slowly (a lamp, a glare) is taken away before the
last one, so that it tells drawing from drawing and not light from dark.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view
from numpy.typing import NDArray
from PIL import Image

from hashing.images.frames import Corners, is_convex
from hashing.images.projection import (
    Floats,
    Points,
    corners_of,
    grid,
    project,
    projection,
    sample,
    square_corners,
)

SIDES = (16, 32, 64)
"""Pixels of the picture's sides at each step; it is laid onto a square."""
ROUNDS = 12
"""Improvements at each step, at most."""
STILL = 0.02
"""Pixels of the square below which a corner has come to rest."""
SLOW = 8
"""What varies over more than an eighth of the picture's side varies slowly."""
LARGEST = 320
"""Pixels of the longer side of the picture that is looked in."""
INSIDE = 0.7
"""Share of the picture that has to lie within the other one."""
WANDER = 0.3
"""How far a corner may be from where it began, of the longer side of the part."""
PLACES = 40
"""Pixels of the longer side of the picture in which a place to begin is looked for."""
SCALES = (1.0, 0.9, 0.8, 0.7, 0.6, 0.5, 0.42, 0.35)
"""Sizes that are tried there, of the largest that fits."""
REFINED = 8
"""Places to begin at that are followed."""
SURE = 0.9
"""A correlation after which no other is."""


@dataclass(frozen=True)
class Seen:
    """The picture that is seen best.

    place: which of those looked for. correlation: −1 … 1, of what is left when all that varies
    slowly has gone. corners: where, in shares.
    """

    place: int
    correlation: float
    corners: Corners


def grey(image: Image.Image, largest: int = LARGEST) -> Floats:
    """A picture to look in: float32 `[H, W]`, at most `largest` on its longer side."""
    small = image.convert("L")
    small.thumbnail((largest, largest), Image.Resampling.BOX)
    return np.asarray(small, np.float32)


@dataclass(frozen=True, eq=False)
class Wanted:
    """A picture to look for. pixels: float32 `[64, 64]`, its whole; ratio: width by height."""

    pixels: Floats
    ratio: float


def wanted(image: Image.Image) -> Wanted:
    """A picture as it is looked for."""
    side = SIDES[-1]
    small = image.convert("L").resize((side, side), Image.Resampling.BOX)
    return Wanted(np.asarray(small, np.float32), image.width / image.height)


def seek(within: Floats, pictures: Sequence[Wanted], near: Sequence[Corners] = ()) -> Seen | None:
    """Which of some pictures is seen in another, and where; None where none is placed at all.

    within: as `grey` gives it. near: corners, in shares, at which one may be, too. Of all places
    to begin at, the `REFINED` that look best are followed to where the agreement is best.
    """
    if min(within.shape) < SIDES[0]:
        return None
    size = np.array([within.shape[1], within.shape[0]])
    at = [np.array(corners, np.float64) * size for corners in near]
    begun = []
    for place, picture in enumerate(pictures):
        for corners in [_placed(within, picture), *at]:
            score = _agrees(within, picture.pixels, corners, SIDES[0])
            begun.append((-score, place, corners))
    begun.sort(key=lambda start: start[:2])
    best: Seen | None = None
    for _, place, start in begun[:REFINED]:
        corners = _refined(within, pictures[place].pixels, start)
        if corners is None:
            continue
        found = _agrees(within, pictures[place].pixels, corners, SIDES[-1], quick=True)
        if best is None or found > best.correlation:
            shares = np.clip(corners / size, 0, 1).tolist()
            best = Seen(place, found, tuple((x, y) for x, y in shares))
        if found > SURE:
            break
    return best


def agreement(within: Floats, picture: Wanted, corners: Corners) -> float:
    """The correlation of a picture's drawing with what lies within some corners, −1 … 1."""
    size = np.array([within.shape[1], within.shape[0]])
    return _agrees(within, picture.pixels, np.array(corners) * size, SIDES[-1], quick=True)


def _placed(within: Floats, picture: Wanted) -> Points:
    """The upright rectangle `[4, 2]` of the picture's shape in which it correlates best."""
    small = _reduced(within, max(1, round(max(within.shape) / PLACES)))
    factor = within.shape[0] / small.shape[0]
    height, width = small.shape
    fits = min(width / picture.ratio, height)
    best, rectangle = -2.0, (0.0, 0.0, float(width), float(height))
    for scale in SCALES:
        h = max(4, round(scale * fits))
        w = max(4, round(scale * fits * picture.ratio))
        if h > height or w > width:
            continue
        template = _resized(picture.pixels, (w, h))
        template = template - template.mean()
        windows = sliding_window_view(small, (h, w))
        spread = np.sqrt(np.maximum(windows.var(axis=(2, 3)) * h * w, 1e-6))
        size = max(float(np.linalg.norm(template)), 1e-6)
        scores = np.einsum("yxij,ij->yx", windows, template) / (spread * size)
        y, x = np.unravel_index(int(scores.argmax()), scores.shape)
        if scores[y, x] > best:
            best, rectangle = float(scores[y, x]), (float(x), float(y), float(x + w), float(y + h))
    left, top, right, bottom = rectangle
    found: Points = np.array([(left, top), (right, top), (right, bottom), (left, bottom)]) * factor
    return found


def _refined(within: Floats, pixels: Floats, start: Points) -> Points | None:
    """Corners near a start at which a picture agrees best, coarse to fine; None for no such."""
    corners, reach = start, WANDER * float(np.ptp(start, axis=0).max())
    for side in SIDES:
        across = float(np.ptp(corners, axis=0).max())
        coarse = max(1, round(across / side / 1.5))
        corners = _improved(_reduced(within, coarse), _shrunk(pixels, side), corners / coarse)
        corners = corners * coarse
        if not (np.abs(corners - start).max() <= reach and is_convex(corners)):  # NaN, too
            return None
    return corners


def _agrees(
    within: Floats, pixels: Floats, corners: Points, side: int, *, quick: bool = False
) -> float:
    """The correlation of a picture with what lies within corners; −1 where that is outside."""
    seen, inside = _seen(within, corners, side)
    if inside.mean() < INSIDE:
        return -1.0
    template = _shrunk(pixels, side)
    return (
        _correlation(_quick(seen), _quick(template), inside)
        if quick
        else _correlation(seen, template, inside)
    )


def _shrunk(pixels: Floats, side: int) -> Floats:
    """A square picture at one of the `SIDES`."""
    return _reduced(pixels, len(pixels) // side)


def _resized(pixels: Floats, size: tuple[int, int]) -> Floats:
    return np.asarray(Image.fromarray(pixels).resize(size, Image.Resampling.BOX), np.float32)


def _improved(within: Floats, template: Floats, corners: Points) -> Points:
    """Corners `[4, 2]` in pixels at which the template correlates best, from near ones."""
    side = len(template)
    if min(within.shape) < 2:
        return corners
    points = grid(side)
    numbers = projection(square_corners(side), corners)
    dy, dx = np.gradient(within, axis=0), np.gradient(within, axis=1)
    for _ in range(ROUNDS):
        u, v, w = project(numbers, points)
        values, inside = sample(within, u, v)
        if inside.mean() < INSIDE:
            break
        gx, gy = sample(dx, u, v)[0], sample(dy, u, v)[0]
        step = _step(values, gx, gy, u, v, w, points, template.reshape(-1), inside)
        if step is None:
            break
        before = corners_of(numbers, side)
        numbers = numbers + step
        scale = np.ptp(before, axis=0).max() / side
        if np.abs(corners_of(numbers, side) - before).max() < STILL * scale:
            break
    return corners_of(numbers, side)


def _step(
    values: Floats,
    gx: Floats,
    gy: Floats,
    u: Points,
    v: Points,
    w: Points,
    points: Points,
    template: Floats,
    inside: NDArray[np.bool_],
) -> Points | None:
    """The change of the eight numbers that raises the correlation most (eqs. 16 and 18)."""
    x, y = points
    along = gx * u + gy * v
    steepest = np.stack([gx * x, gx * y, gx, gy * x, gy * y, gy, -along * x, -along * y]) / w
    steepest = steepest[:, inside]
    steepest -= steepest.mean(axis=1, keepdims=True)
    image = values[inside] - values[inside].mean()
    wanted = template[inside] - template[inside].mean()
    scale = np.abs(steepest).max(axis=1, keepdims=True)
    if (scale == 0).any() or not image.any() or not wanted.any():
        return None
    steepest = steepest / scale
    hessian = steepest @ steepest.T
    hessian[np.diag_indices(8)] *= 1 + 1e-6
    on_image, on_wanted = steepest @ image, steepest @ wanted
    try:
        solved = np.linalg.solve(hessian, np.stack([on_image, on_wanted], axis=1))
    except np.linalg.LinAlgError:
        return None
    left = float(wanted @ image - on_wanted @ solved[:, 0])
    gain = float(image @ image - on_image @ solved[:, 0]) / left if left > 0 else 0.0
    if left <= 0:  # they disagree: towards the template at the image's own contrast
        gain = float(np.sqrt((image @ image) / (wanted @ wanted)))
    change: Points = (gain * solved[:, 1] - solved[:, 0]) / scale[:, 0]
    return change if np.isfinite(change).all() else None


def _seen(within: Floats, corners: Points, side: int) -> tuple[Floats, NDArray[np.bool_]]:
    """What lies within corners as a square, and which of its pixels lie in the picture."""
    u, v, _ = project(projection(square_corners(side), corners), grid(side))
    values, inside = sample(within, u, v)
    return values.reshape(side, side), inside.reshape(side, side)


def _reduced(picture: Floats, factor: int) -> Floats:
    """A picture at a fraction of its size, by means of `factor` x `factor` pixels."""
    if factor == 1:
        return picture
    height, width = (length // factor * factor for length in picture.shape)
    cells = picture[:height, :width].reshape(height // factor, factor, width // factor, factor)
    reduced: Floats = cells.mean(axis=(1, 3))
    return reduced


def _quick(values: Floats) -> Floats:
    """A square without what varies slowly over it."""
    blur = _blur(len(values))
    quick: Floats = (values - blur @ values @ blur.T).astype(np.float32)
    return quick


@cache
def _blur(side: int) -> Floats:
    """A Gaussian blur of one axis as a matrix whose rows sum to 1."""
    places = np.arange(side)
    apart = (places[:, None] - places) / (side / SLOW)
    weights = np.exp(-(apart**2) / 2)
    blur: Floats = (weights / weights.sum(axis=1, keepdims=True)).astype(np.float32)
    return blur


def _correlation(a: Floats, b: Floats, inside: NDArray[np.bool_]) -> float:
    a, b = a[inside] - a[inside].mean(), b[inside] - b[inside].mean()
    size = float(np.linalg.norm(a) * np.linalg.norm(b))
    return float(a @ b) / size if size > 0 else 0.0
