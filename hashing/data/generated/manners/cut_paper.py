"""Cut paper: a scene of coloured sheets, scissor-cut, lying on each other with soft shadows."""

import numpy as np
from PIL import Image, ImageDraw, ImageFilter

from hashing.data.generated.hand import Hand, between
from hashing.data.generated.marks import CANVAS, Points, resampled
from hashing.data.generated.scene import Cartoon, Shape, shape_colour
from hashing.data.generated.sheet import blank, mount, texture


def cut_paper(rng: np.random.Generator, cartoon: Cartoon, hand: Hand) -> Image.Image:
    """Stroke: length of a snip. Density: painted sheets. Rhythm: careless edge. Line: shadow."""
    plate = blank(shape_colour(cartoon.scene[0], cartoon.inks))
    brushed = texture(rng, "bristle").convert("RGB")
    depth = between(2.5, 8, hand.line)
    for shape in cartoon.scene[1:]:
        mask = Image.new("L", plate.size, 0)
        outline = _snipped(rng, shape, hand)
        ImageDraw.Draw(mask).polygon(outline.ravel().tolist(), fill=255)
        _shade(plate, mask, depth if shape.outlined else depth * 0.5)
        plate.paste(shape_colour(shape, cartoon.inks, 0.3), mask=mask)
    plate = Image.blend(plate, brushed, between(0.0, 0.09, hand.density))
    return mount(rng, plate, cartoon.inks.paper, rng.uniform(0.045, 0.075), 0.6)


def _snipped(rng: np.random.Generator, shape: Shape, hand: Hand) -> Points:
    """Straight snips, as scissors go round."""
    step = between(7, 26, hand.stroke) * (1 if shape.outlined else 0.5)
    points = resampled(shape.outline * CANVAS, step)
    spread = between(0.5, 2.6, hand.rhythm) * (1 if shape.outlined else 0.4)
    return points + rng.normal(0, spread, points.shape)


def _shade(plate: Image.Image, mask: Image.Image, depth: float) -> None:
    """The shadow that a raised sheet throws down and to the right."""
    shadow = Image.new("L", plate.size, 0)
    shadow.paste(mask, (round(depth * 0.5), round(depth * 0.8)))
    blurred = shadow.filter(ImageFilter.BoxBlur(depth * 0.6))
    plate.paste((16, 14, 22), mask=blurred.point([round(v * 0.34) for v in range(256)]))
