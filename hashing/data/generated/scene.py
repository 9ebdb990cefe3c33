"""Scenes: what figurative manners depict, as shapes with values, and the cartoon made of them.

A value is lightness as painters use the word: 0 dark … 1 light.
"""

from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw

from hashing.data.generated.colour import Inks
from hashing.data.generated.marks import CANVAS, Points


@dataclass(frozen=True)
class Shape:
    """One area of a scene, in the unit square (x to the right, y down).

    value, foot: values at the shape's beginning and end along `across`.
    across: 0 when the value changes from top to foot, 1 when it changes from left to right.
    flow: the direction its surface runs in, radians; brushes and hatching follow it.
    accent: painted with the palette's accent. outlined: large enough to deserve a contour.
    """

    outline: Points
    value: float
    foot: float
    across: int = 0
    flow: float = 0.0
    accent: bool = False
    outlined: bool = True


Scene = list[Shape]
"""Shapes from back to front; the first covers everything."""


@dataclass(frozen=True)
class Cartoon:
    """A scene drawn in flat preparation: every manner that depicts takes its colours from here.

    labels: uint8 `[CANVAS / 2, CANVAS / 2]`, the index of the shape seen. value: float32, same
    shape. colour: uint8 `[…, 3]`. flow: float32, radians.
    """

    scene: Scene
    inks: Inks

    @cached_property
    def labels(self) -> NDArray[np.uint8]:
        """Which shape is seen at each pixel."""
        side = CANVAS // 2
        sheet = Image.new("L", (side, side), 0)
        pen = ImageDraw.Draw(sheet)
        for label, shape in enumerate(self.scene):
            pen.polygon((shape.outline * side).ravel().tolist(), fill=label)
        return np.asarray(sheet)

    @cached_property
    def _planes(self) -> NDArray[np.float32]:
        """Per shape: value = c₀ + c₁·x + c₂·y, x and y in the unit square."""
        rows = []
        for shape in self.scene:
            start, end = shape.outline.min(axis=0), shape.outline.max(axis=0)
            axis = 0 if shape.across else 1
            low, high = max(start[axis], -0.2), min(end[axis], 1.2)
            slope = (shape.foot - shape.value) / max(high - low, 1e-3)
            rows.append([shape.value - slope * low, *((slope, 0) if axis == 0 else (0, slope))])
        return np.array(rows, np.float32)

    @cached_property
    def value(self) -> NDArray[np.float32]:
        """Lightness at each pixel."""
        side = CANVAS // 2
        at = np.linspace(0, 1, side, dtype=np.float32)
        plane = self._planes[self.labels]
        value = plane[..., 0] + plane[..., 1] * at[None] + plane[..., 2] * at[:, None]
        result: NDArray[np.float32] = value.clip(0, 1)
        return result

    @cached_property
    def colour(self) -> NDArray[np.uint8]:
        """Colour at each pixel."""
        ramps = np.stack([self.inks.ramp, accent_ramp(self.inks)])
        accented = np.array([shape.accent for shape in self.scene], np.uint8)[self.labels]
        return ramps[accented, (self.value * 255).astype(np.uint8)]

    @cached_property
    def flow(self) -> NDArray[np.float32]:
        """Direction of the surface at each pixel."""
        return np.array([shape.flow for shape in self.scene], np.float32)[self.labels]

    def at(self, points: Points) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
        """Row and column of the cartoon's pixel under each canvas point `[…, 2]`."""
        cell = (points / 2).astype(np.intp).clip(0, CANVAS // 2 - 1)
        return cell[..., 1], cell[..., 0]


def accent_ramp(inks: Inks) -> NDArray[np.uint8]:
    """The accent from shade to light, uint8 `[256, 3]`: its own colour at value .6."""
    accent = np.array(inks.accent, np.float64)
    at = np.linspace(0, 1, 256)[:, None]
    shade = accent * (0.45 + 0.55 * np.minimum(at / 0.6, 1))
    light = (250 - shade) * np.maximum(at - 0.6, 0)
    return (shade + light).round().clip(0, 255).astype(np.uint8)


def shape_colour(shape: Shape, inks: Inks, part: float = 0.5) -> tuple[int, int, int]:
    """A shape's colour at `part` (0 … 1) of the way from its beginning to its end."""
    value = min(max(shape.value + (shape.foot - shape.value) * part, 0), 1)
    ramp = accent_ramp(inks) if shape.accent else inks.ramp
    red, green, blue = ramp[int(value * 255)].tolist()
    return red, green, blue
