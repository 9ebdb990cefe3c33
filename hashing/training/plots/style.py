"""The one quiet style of a report's pictures: thin lines, no boxes."""

from collections.abc import Iterator
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.colors import LinearSegmentedColormap, to_hex

INK, FAINT, ACCENT = "#22282f", "#c9ced4", "#c8472b"
RAMP = ("#b5cfe2", "#2b6c99", "#0f2c45")
"""From few to many, where series have an order."""
SERIES = ("#c8472b", "#2b6c99", "#d39a2c", "#4f8a5b", "#7d5a9b", "#6b7681")
RIGHT, WRONG = "#4f8a5b", "#c8472b"
STYLE: Any = {  # matplotlib types its keys as literals
    "font.size": 9,
    "font.family": "DejaVu Sans",
    "axes.edgecolor": FAINT,
    "axes.labelcolor": INK,
    "axes.titlesize": 10,
    "axes.titlelocation": "left",
    "axes.titlecolor": INK,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.grid": True,
    "axes.axisbelow": True,
    "grid.color": "#eceff2",
    "xtick.color": "#59636e",
    "ytick.color": "#59636e",
    "legend.facecolor": "white",
    "legend.edgecolor": "none",
    "legend.framealpha": 0.9,
    "lines.linewidth": 1.6,
    "figure.dpi": 110,
    "svg.hashsalt": "arthash",  # the same numbers give the same file
}


def label_axes(axes: Axes, title: str, x: str, y: str) -> None:
    """Title, and what both axes are."""
    axes.set_title(title)
    axes.set_xlabel(x)
    axes.set_ylabel(y)


def colours(count: int) -> list[str]:
    """As many colours as there are series, from the beginning again where there are more."""
    return [SERIES[number % len(SERIES)] for number in range(count)]


def nested(count: int) -> Iterator[tuple[str, float]]:
    """Colour and width of series that have an order, from pale and wide to dark and thin.

    Drawn in this order every one of them is still seen where they lie on each other.
    """
    ramp = LinearSegmentedColormap.from_list("ramp", RAMP)
    for place in np.linspace(0, 1, count) if count > 1 else [1.0]:
        yield to_hex(ramp(place)), 5 - 3.6 * place


def levels(count: int) -> list[Any]:
    """How as many baselines are drawn: dashes, each its own."""
    return [(0, (5 - number % 4, 1 + number % 4)) for number in range(count)]
