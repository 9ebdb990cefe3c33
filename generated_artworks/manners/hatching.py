"""Hatching: a scene in families of pen lines that cross where it is dark, like an etching."""

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageFilter, ImageOps

from generated_artworks.colour import Colour, luma
from generated_artworks.hand import Hand, between
from generated_artworks.marks import CANVAS, Pen, resampled, turned, waver
from generated_artworks.scene import Cartoon
from generated_artworks.sheet import blank, mount, pen_on


def hatching(rng: np.random.Generator, cartoon: Cartoon, hand: Hand) -> Image.Image:
    """Stroke: spacing. Density: layers. Rhythm: swaying lines. Line: weight of the pen.

    On a middle ground the shades are hatched in the darkest ink and the lights in the lightest.
    """
    inks = cartoon.inks
    ground = inks.ground if rng.random() < 0.3 else inks.paper
    seen = cartoon.image(CANVAS // 2)
    plate = _tinted(rng, seen, cartoon, ground)
    pen = pen_on(plate)
    tone, middle = _tone(seen), luma(ground) / 255
    layers = 2 + round(2 * hand.density)
    lean = rng.uniform(0, np.pi)
    for layer in range(layers):
        turn = lean + layer * (np.pi / layers + 0.2)
        part = (layer + 0.55) / (layers + 0.4)
        if middle > 0.3:
            _family(rng, pen, tone < min(middle, 0.9) * (1 - part), inks.darkest, turn, hand)
        if middle < 0.7:
            _family(rng, pen, tone > middle + (1 - middle) * part, inks.lightest, turn + 0.4, hand)
    _contours(rng, pen, cartoon, inks.darkest if middle > 0.4 else inks.lightest, hand)
    return mount(rng, plate, inks.paper, rng.uniform(0.06, 0.1), 0.6)


def _tone(seen: Image.Image) -> NDArray[np.float64]:
    """Lightness `[CANVAS / 2, CANVAS / 2]`, spread over 0 … 1."""
    grey = ImageOps.autocontrast(seen.convert("L"), cutoff=1)
    return np.asarray(grey, np.float64) / 255


def _tinted(
    rng: np.random.Generator, seen: Image.Image, cartoon: Cartoon, ground: Colour
) -> Image.Image:
    """The paper under the lines: a thin tint and the accent's spots, a little out of register."""
    sheet = blank(ground)
    wash = seen.filter(ImageFilter.BoxBlur(1)).resize(sheet.size, Image.Resampling.BILINEAR)
    sheet = Image.blend(sheet, wash, rng.choice([0.0, 0.15, 0.35]))
    accented = np.array([shape.accent for shape in cartoon.scene])[cartoon.labels]
    spots = Image.fromarray((accented * 205).astype(np.uint8))
    register = rng.integers(-5, 6, 2).tolist()
    sheet.paste(cartoon.inks.accent, register, spots)
    return sheet


def _family(
    rng: np.random.Generator, pen: Pen, where: NDArray[np.bool_], ink: Colour, angle: float,
    hand: Hand,
) -> None:  # fmt: skip
    """One family of parallel lines, drawn only where the mask `[CANVAS / 2, CANVAS / 2]` holds."""
    n, reach, pitch = 96, CANVAS * 0.72, between(4.6, 8, hand.stroke)
    rows = int(2 * reach / pitch)
    along = np.linspace(-reach, reach, n)[None] + rng.uniform(-6, 6, (rows, 1))
    sway = between(0.5, 9, hand.rhythm) * waver(rng, 1, n, 3) + 0.7 * waver(rng, rows, n, 12)
    across = (np.arange(rows) * pitch - reach)[:, None] + rng.normal(0, 0.4, (rows, 1)) + sway
    lines = turned(np.stack([along, across], axis=-1), angle)
    cell = np.moveaxis(lines[..., ::-1], -1, 0).astype(int) // 2
    on = ((cell >= 0) & (cell < CANVAS // 2)).all(axis=0)
    on &= where[tuple(cell.clip(0, CANVAS // 2 - 1))] & (rng.random(on.shape) > 0.012)
    on[:, -1] = False  # so that no run goes on into the next row
    lines = lines.reshape(-1, 2)
    fill, width = (*ink, 225), round(between(1, 2.8, hand.line))
    for start, end in _runs(on.ravel()):
        pen.line(lines[start:end].ravel().tolist(), fill=fill, width=width)


def _contours(
    rng: np.random.Generator, pen: Pen, cartoon: Cartoon, ink: Colour, hand: Hand
) -> None:
    """Outlines of what is seen, broken where something stands before it."""
    seen = np.bincount(cartoon.labels.ravel(), minlength=len(cartoon.scene))
    for label, shape in enumerate(cartoon.scene):
        if label == 0 or seen[label] < 200:
            continue
        points = resampled(shape.outline * CANVAS, 5)
        front = cartoon.labels[cartoon.at(points)] <= label
        points = points + 0.9 * waver(rng, 2, len(points), max(3, len(points) // 12)).T
        width = round(between(1, 3, hand.line)) if shape.outlined else 1
        for start, end in _runs(front):
            pen.line(points[start:end].ravel().tolist(), fill=(*ink, 235), width=width)


def _runs(on: NDArray[np.bool_]) -> list[tuple[int, int]]:
    """Where runs of at least two begin and end."""
    change = np.diff(np.concatenate([[0], on.astype(np.int8), [0]]))
    starts, ends = np.flatnonzero(change == 1).tolist(), np.flatnonzero(change == -1).tolist()
    return [(a, b) for a, b in zip(starts, ends, strict=True) if b - a > 1]
