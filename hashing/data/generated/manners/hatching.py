"""Hatching: a scene in crossing pen lines over a pale tint, like an etching."""

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageFilter

from hashing.data.generated.colour import luma
from hashing.data.generated.hand import Hand, between
from hashing.data.generated.marks import CANVAS, Pen, Points, resampled, waver
from hashing.data.generated.scene import Cartoon
from hashing.data.generated.sheet import blank, mount, pen_on


def hatching(rng: np.random.Generator, cartoon: Cartoon, hand: Hand) -> Image.Image:
    """Stroke: spacing. Density: layers. Rhythm: follows the form. Line: weight of the pen."""
    inks = cartoon.inks
    plate = _tinted(rng, cartoon)
    pen = pen_on(plate)
    dark = luma(inks.paper) < 120
    ink = inks.ramp[int(inks.ramp.sum(axis=1).argmax() if dark else inks.ramp.sum(axis=1).argmin())]
    fill = (*ink.tolist(), 225)
    tone = cartoon.value if not dark else 1 - cartoon.value
    tone = (tone - tone.min()) / max(float(np.ptp(tone)), 0.2)
    pitch = between(6, 10.5, hand.stroke)
    lean = rng.uniform(0, np.pi)
    layers = 2 + round(2 * hand.density)
    for layer, threshold in enumerate(np.linspace(0.82, 0.22, layers)):
        turn = lean + layer * (np.pi / layers + 0.2)
        for run in _runs(rng, tone < threshold, pitch * (1 + 0.12 * layer), turn, hand):
            pen.line(run.ravel().tolist(), fill=fill, width=round(between(1, 3, hand.line)))
    _contours(rng, pen, cartoon, tuple(ink.tolist()), hand)
    return mount(rng, plate, inks.paper, rng.uniform(0.07, 0.11), 0.6)


def _tinted(rng: np.random.Generator, cartoon: Cartoon) -> Image.Image:
    """The paper under the lines: the scene's colours, thin and a little out of register."""
    strength = rng.choice([0.0, 0.25, 0.45])
    sheet = blank(cartoon.inks.paper)
    wash = Image.fromarray(cartoon.colour).filter(ImageFilter.BoxBlur(1)).resize(sheet.size)
    shift = tuple(rng.integers(-4, 5, 2).tolist())
    tint = Image.blend(sheet, wash, float(strength))
    moved = sheet.copy()
    moved.paste(tint, shift)
    return moved


def _runs(
    rng: np.random.Generator, where: NDArray[np.bool_], pitch: float, angle: float, hand: Hand
) -> list[Points]:
    """Strokes `[n, 2]` of one family of parallel lines, only where the mask holds."""
    n, reach = 96, CANVAS * 0.72
    rows = int(2 * reach / pitch)
    along = np.linspace(-reach, reach, n)[None] + rng.uniform(-6, 6, (rows, 1))
    sway = between(0.5, 7, hand.rhythm) * waver(rng, 1, n, 3) + 0.9 * waver(rng, rows, n, 12)
    across = (np.arange(rows) * pitch - reach)[:, None] + rng.normal(0, 0.5, (rows, 1)) + sway
    cos, sin, middle = np.cos(angle), np.sin(angle), CANVAS / 2
    x, y = middle + along * cos - across * sin, middle + along * sin + across * cos
    lines = np.stack([x, y], axis=-1)
    inside = (np.abs(lines - middle) < middle).all(axis=-1)
    cell = (lines / 2).astype(int).clip(0, CANVAS // 2 - 1)
    on = where[cell[..., 1], cell[..., 0]] & inside
    on &= rng.random(on.shape) > 0.012
    padded = np.zeros((rows, n + 2), np.int8)
    padded[:, 1:-1] = on
    change = np.diff(padded, axis=1)
    starts, ends = np.argwhere(change == 1), np.argwhere(change == -1)
    return [lines[r, a:b] for (r, a), (_, b) in zip(starts, ends, strict=True) if b - a > 1]


def _contours(
    rng: np.random.Generator, pen: Pen, cartoon: Cartoon, ink: tuple[int, ...], hand: Hand
) -> None:
    """Outlines of what is seen in front, drawn once or twice."""
    seen = np.bincount(cartoon.labels.ravel(), minlength=len(cartoon.scene))
    for label, shape in enumerate(cartoon.scene):
        if seen[label] < 60 or (not shape.outlined and seen[label] > 2000):
            continue
        points = resampled(shape.outline * CANVAS, 5)
        row, column = cartoon.at(points)
        front = cartoon.labels[row, column] <= label
        points = points + 1.0 * waver(rng, 2, len(points), max(3, len(points) // 12)).T
        width = round(between(1, 3, hand.line))
        for start, end in _spans(front):
            pen.line(points[start:end].ravel().tolist(), fill=(*ink, 235), width=width)


def _spans(on: NDArray[np.bool_]) -> list[tuple[int, int]]:
    """Where runs of at least three begin and end."""
    change = np.diff(np.concatenate([[0], on.astype(np.int8), [0]]))
    starts, ends = np.flatnonzero(change == 1).tolist(), np.flatnonzero(change == -1).tolist()
    return [(a, b) for a, b in zip(starts, ends, strict=True) if b - a > 2]
