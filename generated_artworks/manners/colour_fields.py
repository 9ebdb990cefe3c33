"""Colour fields: soft-edged areas of thin, layered paint."""

from itertools import pairwise

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from generated_artworks.colour import Colour, Inks
from generated_artworks.hand import Hand, between
from generated_artworks.marks import CANVAS
from generated_artworks.sheet import mount, texture

_SIDE = CANVAS // 2
_Field = NDArray[np.float32]


def colour_fields(rng: np.random.Generator, inks: Inks, hand: Hand) -> Image.Image:
    """Stroke: grain of the washes. Density: fields. Rhythm: imbalance. Line: sharp edges."""
    streaks = _noise(rng, "bristle", vertical=rng.random() < 0.3)
    cloud, mottle = _noise(rng, "cloud"), _noise(rng, "mottle")
    wash = 0.5 * cloud + between(0.1, 0.4, hand.stroke) * streaks + 0.3 * mottle
    canvas = np.empty((_SIDE, _SIDE, 3), np.float32)
    canvas[:] = inks.ground
    canvas *= 1 + 0.10 * wash[..., None]
    tooth = _noise(rng, "tooth")
    ragged = 0.008 * mottle + 0.012 * cloud + 0.0035 * tooth
    ragged += between(0.001, 0.006, hand.stroke) * streaks
    feather = between(0.04, 0.008, hand.line)
    colours = [*inks.tones[:4], inks.accent]
    for i, area in enumerate(_areas(rng, hand)):
        colour = colours[i % 4] if rng.random() < 0.8 else inks.accent
        _lay(canvas, area, colour, ragged, feather, wash)
    plate = Image.fromarray(canvas.clip(0, 255).astype(np.uint8))
    return mount(rng, plate, inks.paper, between(0.04, 0.08, rng.random()))


def _noise(rng: np.random.Generator, name: str, vertical: bool = False) -> _Field:
    field = ((np.asarray(texture(rng, name, _SIDE)) - 127.5) / 55).astype(np.float32)
    return field.T if vertical else field


def _lay(
    canvas: _Field, area: tuple[float, ...], colour: Colour, ragged: _Field, feather: float,
    wash: _Field,
) -> None:  # fmt: skip
    """One field of thin paint, thinner towards its edge."""
    x0, y0, x1, y1 = area
    at = np.linspace(0, 1, _SIDE, dtype=np.float32)
    inside = np.minimum(np.minimum(at - x0, x1 - at)[None], np.minimum(at - y0, y1 - at)[:, None])
    cover = ((inside + ragged) / feather + 0.5).clip(0, 1)
    body = ((inside + 2 * ragged) / 0.16 + 0.4).clip(0, 1)
    cover *= (0.72 + 0.2 * body + 0.09 * wash).clip(0, 1)
    paint = np.array(colour, np.float32) * (1 + 0.03 * wash[..., None])
    canvas += (paint - canvas) * cover[..., None]


def _areas(rng: np.random.Generator, hand: Hand) -> list[tuple[float, ...]]:
    """Where the fields lie, in parts of the sheet."""
    count = 2 + round(2 * hand.density + rng.uniform(-0.3, 0.9))
    inset, gap = between(0.10, 0.16, rng.random()), between(0.012, 0.05, rng.random())
    heights = rng.dirichlet(np.full(count, between(14, 1.6, hand.rhythm)))
    heights = (heights + 0.08) / (heights + 0.08).sum() * (1 - 2 * inset)
    edges = inset + np.concatenate([[0], heights.cumsum()])
    layout = rng.choice(["stacked", "beside", "nested"], p=[0.6, 0.18, 0.22])
    if layout == "nested":
        steps = np.linspace(inset, 0.36, count)
        drop = rng.uniform(0, 0.09)
        drops = drop * np.arange(count) / count
        return [(s, s + d, 1 - s, 1 - s + d) for s, d in zip(steps, drops, strict=True)]
    spans = [(a + gap / 2, b - gap / 2) for a, b in pairwise(edges.tolist())]
    if layout == "beside":
        return [(a, inset, b, 1 - inset) for a, b in spans]
    return [(inset, a, 1 - inset, b) for a, b in spans]
