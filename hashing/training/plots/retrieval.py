"""How well is found: curves, and a sheet of real queries."""

from collections.abc import Mapping, Sequence

import matplotlib
import numpy as np
from matplotlib.figure import Figure
from numpy.typing import NDArray

from hashing.metrics import RetrievalMetrics
from hashing.training.plots.style import RIGHT, STYLE, WRONG, colours, label_axes


def precision_recall(by_length: Mapping[int, RetrievalMetrics], title: str) -> Figure:
    """Precision against recall, one line per code length."""
    with matplotlib.rc_context(STYLE):
        figure = Figure(figsize=(4.4, 3.4), layout="constrained")
        axes = figure.subplots()
        for colour, (bits, metrics) in zip(colours(len(by_length)), by_length.items(), strict=True):
            recall, precision = np.array(metrics.curve).T
            axes.plot(recall, precision, color=colour, label=f"{bits} bits")
        axes.set(xlim=(0, 1), ylim=(0, 1.02))
        axes.legend(loc="lower left")
        label_axes(axes, title, "recall", "precision")
    return figure


def map_by_length(by_field: Mapping[str, Mapping[int, RetrievalMetrics]]) -> Figure:
    """Mean AP by code length, one line per label field; the band spans the orders of tied items."""
    with matplotlib.rc_context(STYLE):
        figure = Figure(figsize=(4.4, 3.4), layout="constrained")
        axes = figure.subplots()
        for colour, (name, by_length) in zip(colours(len(by_field)), by_field.items(), strict=True):
            bits = list(by_length)
            values = [metrics.mean_average_precision for metrics in by_length.values()]
            worst = [metrics.mean_average_precision_worst for metrics in by_length.values()]
            best = [metrics.mean_average_precision_best for metrics in by_length.values()]
            axes.fill_between(bits, worst, best, color=colour, alpha=0.15, linewidth=0)
            axes.plot(bits, values, color=colour, marker="o", markersize=4, label=name)
            for x, y in zip(bits, values, strict=True):
                axes.annotate(
                    f"{y:.3f}",
                    (x, y),
                    xytext=(0, 6),
                    textcoords="offset points",
                    ha="center",
                    fontsize=8,
                )
        axes.set_xscale("log", base=2)
        axes.set_xticks(bits, [str(length) for length in bits])
        axes.minorticks_off()
        axes.margins(x=0.12)
        axes.set_ylim(0, 1.08)
        axes.legend(loc="lower right")
        label_axes(axes, "mAP by code length (band: best and worst order of ties)", "bits", "")
    return figure


def retrieval_sheet(
    queries: NDArray[np.uint8],
    answers: Sequence[NDArray[np.uint8]],
    right: Sequence[Sequence[bool]],
    titles: Sequence[str],
) -> Figure:
    """Queries at the left, their nearest items in order, a green or red rule below each.

    queries: uint8 `[n, S, S, 3]`; answers: for each query uint8 `[k, S, S, 3]`; right: whether
    each answer is relevant; titles: of the queries.
    """
    columns = 1 + max(len(row) for row in answers)
    with matplotlib.rc_context({**STYLE, "axes.grid": False}):
        figure = Figure(figsize=(columns * 0.95, len(queries) * 1.12))
        grid = figure.subplots(
            len(queries),
            columns,
            squeeze=False,
            gridspec_kw={
                "width_ratios": [1.15] + [1] * (columns - 1),
                "wspace": 0.06,
                "hspace": 0.3,
            },
        )
        for axes in grid.flat:
            axes.set_axis_off()
        for row, query in enumerate(queries):
            grid[row, 0].imshow(query)
            grid[row, 0].set_title(titles[row], fontsize=7, pad=2)
            for column, picture in enumerate(answers[row], start=1):
                axes = grid[row, column]
                axes.imshow(picture)
                colour = RIGHT if right[row][column - 1] else WRONG
                axes.plot(
                    [0, 1],
                    [-0.05, -0.05],
                    color=colour,
                    linewidth=3,
                    clip_on=False,
                    solid_capstyle="butt",
                    transform=axes.transAxes,
                )
    return figure
