"""What a classifier takes for what, one network or several side by side."""

from collections.abc import Mapping, Sequence

import matplotlib
import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from numpy.typing import NDArray

from hashing.training.epochs import Epoch
from hashing.training.plots.learning import draw_accuracy, draw_losses
from hashing.training.plots.style import INK, STYLE, label_axes


def confusion(matrix: NDArray[np.int64], classes: Sequence[str], title: str) -> Figure:
    """Row-normalised confusion matrix with n and accuracy; the numbers are shown where they fit."""
    side = min(3 + 0.28 * len(classes), 9)
    with matplotlib.rc_context({**STYLE, "axes.grid": False}):
        figure = Figure(figsize=(side + 0.6, side), layout="constrained")
        draw_confusion(figure.subplots(), matrix, classes, f"{title}\n{counted(matrix)}")
    return figure


def classifier_sheet(
    by_name: Mapping[str, Sequence[Epoch]],
    confusions: Mapping[str, NDArray[np.int64]],
    classes: Sequence[str],
) -> Figure:
    """Networks side by side: loss and accuracy by epoch, below them what each confuses."""
    with matplotlib.rc_context(STYLE):
        figure = Figure(figsize=(max(10, 4 * len(confusions)), 8), layout="constrained")
        above, below = figure.subfigures(2, 1)  # type: ignore[misc]
        left, right = above.subplots(1, 2)
        draw_losses(left, by_name)
        draw_accuracy(right, by_name)
        places = below.subplots(1, len(confusions), squeeze=False)[0]
        for axes, (name, matrix) in zip(places, confusions.items(), strict=True):
            axes.grid(visible=False)
            draw_confusion(axes, matrix, classes, f"{name}, {counted(matrix)}")
    return figure


def draw_confusion(
    axes: Axes, matrix: NDArray[np.int64], classes: Sequence[str], title: str
) -> None:
    """Shares of each true class, in these axes; the numbers where they fit."""
    shares = matrix / np.maximum(matrix.sum(axis=1, keepdims=True), 1)
    axes.imshow(shares, cmap="Blues", vmin=0, vmax=1)
    if len(classes) <= 40:
        axes.set_xticks(range(len(classes)), classes, rotation=60, ha="right")
        axes.set_yticks(range(len(classes)), classes)
    if len(classes) <= 15:
        for (row, column), share in np.ndenumerate(shares):
            if share >= 0.005:
                colour = "white" if share > 0.55 else INK
                axes.text(column, row, f"{100 * share:.0f}", ha="center", va="center", color=colour)
    label_axes(axes, title, "found", "true")


def counted(matrix: NDArray[np.int64]) -> str:
    """How many were classified, and the share of them that was right."""
    total = int(matrix.sum())
    return f"n = {total:,}, accuracy {np.trace(matrix) / max(total, 1):.3f}"
