"""How well is found: curves, and a sheet of real queries."""

from collections.abc import Mapping, Sequence
from typing import Any

import matplotlib
import numpy as np
from matplotlib.figure import Figure
from numpy.typing import NDArray

from hashing.training.plots.style import (
    ACCENT,
    INK,
    RIGHT,
    SERIES,
    STYLE,
    WRONG,
    label_axes,
    levels,
    nested,
)
from hashing.training.report import chance

Found = Mapping[str, Any]
"""What `metrics.json` holds of one ranking: `RetrievalMetrics` as plain values."""


def precision_recall(
    by_length: Mapping[str, Found], field: str, baselines: Mapping[str, Found] = {}
) -> Figure:
    """Precision against recall, one line per code length, the baselines dashed, chance dotted."""
    with matplotlib.rc_context(STYLE):
        figure = Figure(figsize=(6.2, 3.4), layout="constrained")
        axes = figure.subplots()
        series = zip(nested(len(by_length)), by_length.items(), strict=True)
        for (colour, width), (bits, found) in series:
            recall, precision = np.array(found["curve"]).T
            axes.plot(recall, precision, color=colour, linewidth=width, label=f"{bits} bits")
        dashes = zip(levels(len(baselines)), SERIES[2:], baselines.items(), strict=False)
        for dash, colour, (method, found) in dashes:
            recall, precision = np.array(found["curve"]).T
            axes.plot(recall, precision, color=colour, linestyle=dash, label=method)
        level = chance(list(by_length.values())[-1])
        axes.axhline(level, color=ACCENT, linestyle=":", label=f"chance, {level:.3f}")
        axes.set(xlim=(0, 1), ylim=(0, 1.02))
        figure.legend(loc="outside right upper")
        label_axes(axes, f"Precision and recall by {field}", "recall", "precision")
    return figure


def map_by_length(
    by_field: Mapping[str, Mapping[str, Found]],
    baselines: Mapping[str, Mapping[str, Found]] = {},
) -> Figure:
    """Mean AP by code length, a panel per label field, with chance and baselines.

    baselines: by method, then by field. The band spans the orders of tied items.
    """
    with matplotlib.rc_context(STYLE):
        figure = Figure(figsize=(2.2 + 2.9 * len(by_field), 3.4), layout="constrained")
        panels = figure.subplots(1, len(by_field), squeeze=False, sharey=True)[0]
        for axes, (field, by_length) in zip(panels, by_field.items(), strict=True):
            bits = range(len(by_length))
            values = [found["mean_average_precision"] for found in by_length.values()]
            worst = [found["mean_average_precision_worst"] for found in by_length.values()]
            best = [found["mean_average_precision_best"] for found in by_length.values()]
            axes.fill_between(
                bits, worst, best, color=SERIES[1], alpha=0.18, linewidth=0, label="orders of ties"
            )
            axes.plot(bits, values, color=SERIES[1], marker="o", markersize=4, label="codes")
            for x, y, above in zip(bits, values, best, strict=True):
                axes.annotate(
                    f"{y:.3f}",
                    (x, max(y, above)),
                    xytext=(0, 5),
                    textcoords="offset points",
                    ha="center",
                    fontsize=8,
                    color=INK,
                )
            dashes = zip(levels(len(baselines)), SERIES[2:], baselines.items(), strict=False)
            for dash, colour, (method, found_by_field) in dashes:
                level = found_by_field[field]["mean_average_precision"]
                axes.axhline(level, color=colour, linestyle=dash, label=method)
            level = chance(list(by_length.values())[-1])
            axes.axhline(level, color=ACCENT, linestyle=":", label="chance")
            axes.set_xticks(bits, list(by_length))
            axes.margins(x=0.14)
            axes.set_ylim(0, 1.08)
            label_axes(axes, f"mAP by {field}", "code length, bits", "")
        panels[0].set_ylabel("mAP")
        figure.legend(*panels[0].get_legend_handles_labels(), loc="outside right upper")
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
