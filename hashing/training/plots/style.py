"""The one quiet style of a report's pictures: thin lines, no boxes."""

from typing import Any

from matplotlib.axes import Axes

INK, FAINT, ACCENT = "#22282f", "#c9ced4", "#c8472b"
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
    "legend.frameon": False,
    "lines.linewidth": 1.6,
    "figure.dpi": 110,
}


def label_axes(axes: Axes, title: str, x: str, y: str) -> None:
    """Title, and what both axes are."""
    axes.set_title(title)
    axes.set_xlabel(x)
    axes.set_ylabel(y)


def colours(count: int) -> list[str]:
    """As many colours as there are series, from the beginning again where there are more."""
    return [SERIES[number % len(SERIES)] for number in range(count)]
