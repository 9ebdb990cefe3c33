"""Scenes: what figurative manners depict, as shapes with values, and the cartoon made of them.

A value is lightness as painters use the word: 0 dark … 1 light.
"""

from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw

from generated_artworks.colour import Colour, Inks
from generated_artworks.marks import CANVAS, Points


@dataclass(frozen=True)
class Shape:
    """One area of a scene, in the unit square (x to the right, y down).

    value, end: values where the shape begins and where it ends along `axis`.
    axis: 1 when the value changes downwards, 0 when it changes to the right.
    flow: the direction its surface runs in, radians; brushes follow it.
    accent: painted with the palette's accent. outlined: large enough to deserve a contour.
    """

    outline: Points
    value: float
    end: float
    axis: int = 1
    flow: float = 0.0
    accent: bool = False
    outlined: bool = True

    @property
    def span(self) -> tuple[float, float]:
        """Where its value begins and ends to change, in the unit square."""
        along = self.outline[:, self.axis]
        return max(float(along.min()), -0.05), min(float(along.max()), 1.05)

    def colour(self, inks: Inks, part: float) -> Colour:
        """Its colour at `part` (0 … 1) of the way from beginning to end."""
        value = min(max(self.value + (self.end - self.value) * part, 0), 1)
        red, green, blue = inks.ramps[int(self.accent), int(value * 255)].tolist()
        return red, green, blue


Scene = list[Shape]
"""Shapes from back to front; the first covers everything."""


Place = tuple[NDArray[np.intp], NDArray[np.intp]]
"""Rows and columns of canvas pixels."""


@dataclass(frozen=True)
class Cartoon:
    """A scene drawn in flat preparation: every manner that depicts takes its colours from here."""

    scene: Scene
    inks: Inks

    @cached_property
    def labels(self) -> NDArray[np.uint8]:
        """Which shape is seen at each pixel: uint8 `[CANVAS, CANVAS]`."""
        sheet = Image.new("L", (CANVAS, CANVAS), 0)
        pen = ImageDraw.Draw(sheet)
        for label, shape in enumerate(self.scene):
            pen.polygon((shape.outline * CANVAS).ravel().tolist(), fill=label)
        return np.asarray(sheet)

    @cached_property
    def _planes(self) -> NDArray[np.float32]:
        """Coefficients `[3, shapes]`: value = c₀ + c₁·column + c₂·row."""
        rows = []
        for shape in self.scene:
            low, high = shape.span
            slope = (shape.end - shape.value) / max(high - low, 1e-3)
            slopes = (slope / CANVAS, 0.0) if shape.axis == 0 else (0.0, slope / CANVAS)
            rows.append([shape.value - slope * low, *slopes])
        return np.array(rows, np.float32).T.copy()

    def at(self, points: Points) -> Place:
        """The pixel under each canvas point `[…, 2]`, or the nearest on the canvas."""
        pixel = points.astype(np.intp).clip(0, CANVAS - 1)
        return pixel[..., 1], pixel[..., 0]

    def value(self, place: Place) -> NDArray[np.float32]:
        """Lightness there, 0 … 1."""
        row, column = place
        labels = self.labels[place]
        start, across, down = (plane[labels] for plane in self._planes)
        result: NDArray[np.float32] = (start + across * column + down * row).clip(0, 1)
        return result

    def colour(self, place: Place) -> NDArray[np.uint8]:
        """Colour there, uint8 `[…, 3]`."""
        first = np.array([256 * shape.accent for shape in self.scene], np.int16)
        step = first[self.labels[place]] + (self.value(place) * 255).astype(np.uint8)
        return self.inks.ramps.reshape(512, 3).take(step, axis=0)

    def flow(self, place: Place) -> NDArray[np.float32]:
        """Direction of the surface there, radians."""
        return np.array([shape.flow for shape in self.scene], np.float32)[self.labels[place]]

    def image(self, side: int) -> Image.Image:
        """The cartoon itself, reduced to `side` pixels without smoothing."""
        at = (np.arange(side) * CANVAS) // side
        return Image.fromarray(self.colour((at[:, None], at[None])))
