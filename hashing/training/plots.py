"""The pictures of a report: curves, confusion, bits and a sheet of real queries.

Every function takes plain numbers and returns a figure. One quiet style: thin lines, no boxes.
"""

from collections.abc import Mapping, Sequence
from typing import Any

import matplotlib
import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator
from numpy.typing import NDArray

from hashing.metrics import RetrievalMetrics
from hashing.training.epochs import Epoch

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


def learning_curves(
    losses: Sequence[tuple[int, float]],
    scores: Sequence[tuple[int, float]],
    epochs: Sequence[Epoch] = (),
) -> Figure:
    """Loss by step with its running mean; beside it validation mAP by step, where there is one.

    epochs: of a classifier, whose accuracy then stands at the end.
    """
    panels = 1 + bool(scores) + bool(epochs)
    with matplotlib.rc_context(STYLE):
        figure = Figure(figsize=(8 if panels < 3 else 11.5, 3), layout="constrained")
        left, *further = figure.subplots(1, panels, squeeze=False)[0]
        validation = further[: bool(scores)]
        for last in further[len(validation) :]:
            draw_accuracy(last, {"": epochs})
        if losses:
            steps, values = np.array(losses, float).T
            left.plot(steps, values, color=FAINT, linewidth=0.8)
            left.plot(steps, _running_mean(values), color=ACCENT)
        _label(left, "Loss", "step", "")
        for right in validation:
            steps, values = np.array(scores, float).T
            best = int(values.argmax())
            right.plot(steps, values, color=SERIES[1], marker="o", markersize=3)
            right.annotate(
                f"{values[best]:.3f}",
                (steps[best], values[best]),
                xytext=(0, 5),
                textcoords="offset points",
                ha="center",
                color=INK,
            )
            right.margins(y=0.15)
            _label(right, "Validation mAP, mean over lengths", "step", "")
    return figure


def draw_accuracy(axes: Axes, by_name: Mapping[str, Sequence[Epoch]]) -> None:
    """Accuracy by epoch: of training as it went (dashed) and of validation, a colour a network."""
    for colour, (name, epochs) in zip(_cycle(len(by_name)), by_name.items(), strict=True):
        numbers = [one.number for one in epochs]
        axes.plot(numbers, [one.accuracy for one in epochs], color=colour, linestyle="--")
        values = [one.validation_accuracy for one in epochs]
        axes.plot(numbers, values, color=colour, label=name or "validation")
    axes.plot([], [], color=INK, linestyle="--", label="training")
    axes.legend(loc="lower right")
    axes.set_ylim(0, 1.02)
    axes.xaxis.set_major_locator(MaxNLocator(integer=True))
    _label(axes, "Accuracy", "epoch", "")


def draw_losses(axes: Axes, by_name: Mapping[str, Sequence[Epoch]]) -> None:
    """Mean loss by epoch: of training (dashed) and of validation, a colour a network."""
    for colour, (name, epochs) in zip(_cycle(len(by_name)), by_name.items(), strict=True):
        numbers = [one.number for one in epochs]
        axes.plot(numbers, [one.loss for one in epochs], color=colour, linestyle="--")
        axes.plot(numbers, [one.validation_loss for one in epochs], color=colour, label=name)
    axes.set_ylim(bottom=0)
    axes.xaxis.set_major_locator(MaxNLocator(integer=True))
    _label(axes, "Loss", "epoch", "")


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
            _draw_confusion(axes, matrix, classes, f"{name}, {counted(matrix)}")
    return figure


def counted(matrix: NDArray[np.int64]) -> str:
    """How many were classified, and the share of them that was right."""
    total = int(matrix.sum())
    return f"n = {total:,}, accuracy {np.trace(matrix) / max(total, 1):.3f}"


def precision_recall(by_length: Mapping[int, RetrievalMetrics], title: str) -> Figure:
    """Precision against recall, one line per code length."""
    with matplotlib.rc_context(STYLE):
        figure = Figure(figsize=(4.4, 3.4), layout="constrained")
        axes = figure.subplots()
        for colour, (bits, metrics) in zip(_cycle(len(by_length)), by_length.items(), strict=True):
            recall, precision = np.array(metrics.curve).T
            axes.plot(recall, precision, color=colour, label=f"{bits} bits")
        axes.set(xlim=(0, 1), ylim=(0, 1.02))
        axes.legend(loc="lower left")
        _label(axes, title, "recall", "precision")
    return figure


def map_by_length(by_field: Mapping[str, Mapping[int, RetrievalMetrics]]) -> Figure:
    """Mean AP by code length, one line per label field; the band spans the orders of tied items."""
    with matplotlib.rc_context(STYLE):
        figure = Figure(figsize=(4.4, 3.4), layout="constrained")
        axes = figure.subplots()
        for colour, (name, by_length) in zip(_cycle(len(by_field)), by_field.items(), strict=True):
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
        _label(axes, "mAP by code length (band: best and worst order of ties)", "bits", "")
    return figure


def confusion(matrix: NDArray[np.int64], classes: Sequence[str], title: str) -> Figure:
    """Row-normalised confusion matrix with n and accuracy; the numbers are shown where they fit."""
    side = min(3 + 0.28 * len(classes), 9)
    with matplotlib.rc_context({**STYLE, "axes.grid": False}):
        figure = Figure(figsize=(side + 0.6, side), layout="constrained")
        _draw_confusion(figure.subplots(), matrix, classes, f"{title}\n{counted(matrix)}")
    return figure


def _draw_confusion(
    axes: Axes, matrix: NDArray[np.int64], classes: Sequence[str], title: str
) -> None:
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
    _label(axes, title, "found", "true")


def bit_statistics(signs: NDArray[np.int8], logits: NDArray[np.float32]) -> Figure:
    """Share of ones per bit, correlation between bits, and where the logits lie.

    signs: −1 and 1, int8 `[N, bits]`; logits: float32 `[n, bits]`, a sample will do.
    """
    bits = signs.shape[1]
    with matplotlib.rc_context(STYLE):
        figure = Figure(figsize=(10, 3), layout="constrained")
        balance, correlation, spread = figure.subplots(1, 3)
        balance.bar(range(bits), (signs > 0).mean(axis=0), width=0.9, color=SERIES[1])
        balance.axhline(0.5, color=ACCENT, linewidth=1)
        balance.set_ylim(0, 1)
        _label(balance, "Share of ones", "bit", "")
        correlation.grid(visible=False)
        shown = correlation.imshow(_correlation(signs), cmap="RdBu_r", vmin=-1, vmax=1)
        figure.colorbar(shown, ax=correlation, shrink=0.8).outline.set_visible(False)
        _label(correlation, "Correlation of bits", "", "")
        spread.hist(logits.ravel(), bins=80, color=SERIES[5])
        spread.axvline(0, color=ACCENT, linewidth=1)
        spread.set_yticks([])
        _label(spread, "Logits", "", "")
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


def _label(axes: Axes, title: str, x: str, y: str) -> None:
    axes.set_title(title)
    axes.set_xlabel(x)
    axes.set_ylabel(y)


def _cycle(count: int) -> list[str]:
    return [SERIES[number % len(SERIES)] for number in range(count)]


def _running_mean(values: NDArray[np.float64]) -> NDArray[np.float64]:
    """Mean over the last twentieth of all steps, over fewer at the start; NaN is passed over."""
    window = max(len(values) // 20, 1)
    known = np.isfinite(values)
    sums = np.cumsum(np.where(known, values, 0))
    counts = np.cumsum(known)
    sums[window:] -= sums[:-window].copy()
    counts[window:] -= counts[:-window].copy()
    mean: NDArray[np.float64] = sums / np.maximum(counts, 1)
    return mean


def _correlation(signs: NDArray[np.int8]) -> NDArray[np.float64]:
    """Pearson correlation of all pairs of bits; 0 where a bit is constant."""
    centred = signs - signs.mean(axis=0)
    scale = np.sqrt((centred**2).mean(axis=0))
    covariance = centred.T @ centred / len(signs)
    outer = np.outer(scale, scale)
    correlation: NDArray[np.float64] = np.divide(
        covariance, outer, out=np.zeros_like(covariance), where=outer > 0
    )
    return correlation
