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
    """Row-normalised confusion matrix with n, accuracy, and what the most frequent class gives.

    The numbers are shown where they fit, otherwise a scale.
    """
    side = min(3 + 0.32 * len(classes), 9)
    with matplotlib.rc_context({**STYLE, "axes.grid": False}):
        figure = Figure(figsize=(side + 1, side), layout="constrained")
        told = f"{counted(matrix)}; always the most frequent: {most_frequent(matrix):.3f}"
        draw_confusion(figure.subplots(), matrix, classes, f"{title}\n{told}")
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
        draw_accuracy(right, by_name, most_frequent(next(iter(confusions.values()))))
        places = below.subplots(1, len(confusions), squeeze=False)[0]
        for axes, (name, matrix) in zip(places, confusions.items(), strict=True):
            axes.grid(visible=False)
            draw_confusion(axes, matrix, classes, f"{name}, {counted(matrix)}")
    return figure


def draw_confusion(
    axes: Axes, matrix: NDArray[np.int64], classes: Sequence[str], title: str
) -> None:
    """Shares of each true class, in these axes; the numbers where they fit."""
    totals = matrix.sum(axis=1)
    shares = 100 * matrix / np.maximum(totals[:, None], 1)
    shown = axes.imshow(shares, cmap="Blues", vmin=0, vmax=100)
    if len(classes) <= 40:
        places = range(len(classes))
        counts = [f"{name} ({total:,})" for name, total in zip(classes, totals, strict=True)]
        axes.set_xticks(places, classes, rotation=60, ha="right", rotation_mode="anchor")
        axes.set_yticks(places, counts)
    if len(classes) > 15:
        bar = axes.figure.colorbar(shown, ax=axes, shrink=0.6, label="% of the true class")
        bar.outline.set_visible(False)
    else:
        for (row, column), share in np.ndenumerate(shares):
            if share >= 0.5:
                colour = "white" if share > 55 else INK
                axes.text(column, row, f"{share:.0f}", ha="center", va="center", color=colour)
    label_axes(axes, title, "found", "true (n)")


def counted(matrix: NDArray[np.int64]) -> str:
    """How many were classified, and the share of them that was right."""
    total = int(matrix.sum())
    return f"n = {total:,}, accuracy {np.trace(matrix) / max(total, 1):.3f}"


def most_frequent(matrix: NDArray[np.int64]) -> float:
    """Accuracy of always naming the class that most queries have."""
    return float(matrix.sum(axis=1).max() / max(matrix.sum(), 1))
