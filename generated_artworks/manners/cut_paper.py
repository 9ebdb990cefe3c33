"""Cut paper: a scene of coloured sheets, scissor-cut, lying on each other with soft shadows."""

import numpy as np
from PIL import Image, ImageFilter

from generated_artworks.colour import Colour
from generated_artworks.hand import Hand, between
from generated_artworks.marks import CANVAS, Points, resampled
from generated_artworks.scene import Cartoon, Shape
from generated_artworks.sheet import blank, mount, stencil, texture


def cut_paper(rng: np.random.Generator, cartoon: Cartoon, hand: Hand) -> Image.Image:
    """Stroke: length of a snip. Density: painted sheets. Rhythm: careless edge. Line: shadow."""
    plate = blank(cartoon.scene[0].colour(cartoon.inks, 0.5))
    for shape in cartoon.scene[1:]:
        depth = between(2.5, 8, hand.line) * (1 if shape.outlined else 0.5)
        _lay(plate, _snipped(rng, shape, hand), shape.colour(cartoon.inks, 0.3), depth)
    painted = texture(rng, "bristle").convert("RGB")
    plate = Image.blend(plate, painted, between(0.0, 0.07, hand.density))
    return mount(rng, plate, cartoon.inks.paper, rng.uniform(0.045, 0.075), 0.6)


def _snipped(rng: np.random.Generator, shape: Shape, hand: Hand) -> Points:
    """Straight snips, as scissors go round."""
    step = between(7, 26, hand.stroke) * (1 if shape.outlined else 0.5)
    points = resampled(shape.outline * CANVAS, step)
    spread = between(0.5, 2.6, hand.rhythm) * (1 if shape.outlined else 0.4)
    return points + rng.normal(0, spread, points.shape)


def _lay(plate: Image.Image, outline: Points, colour: Colour, depth: float) -> None:
    """A sheet, and the shadow it throws down and to the right."""
    mask, (left, top, right, bottom) = stencil(outline)
    pad = int(2 * depth)
    shadow = Image.new("L", (right - left + 2 * pad, bottom - top + 2 * pad), 0)
    shadow.paste(86, (pad, pad), mask)
    shadow = shadow.filter(ImageFilter.BoxBlur(depth * 0.6))
    at = left - pad + round(depth * 0.5), top - pad + round(depth * 0.8)
    plate.paste((16, 14, 22), at, shadow)
    plate.paste(colour, (left, top), mask)
