"""How training went: loss and accuracy by step and by epoch."""

from collections.abc import Mapping, Sequence

import matplotlib
import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator
from numpy.typing import NDArray

from hashing.training.epochs import Course, Epoch
from hashing.training.plots.style import ACCENT, FAINT, INK, SERIES, STYLE, colours, label_axes

MANY = 2000
"""Points above which a noisy line is drawn as a picture in an SVG file."""


def learning_curves(course: Course) -> Figure:
    """Loss above the learning rate, by step; beside them validation mAP, where there is one.

    A classifier's accuracy by epoch stands at the end. Where pictures change their size a line is
    drawn with the size that begins there.
    """
    panels = 1 + bool(course.scores) + bool(course.epochs)
    with matplotlib.rc_context(STYLE):
        figure = Figure(figsize=(4 + 3.8 * max(panels - 1, 1), 3.6), layout="constrained")
        grid = figure.add_gridspec(2, panels, height_ratios=[3, 1])
        loss = figure.add_subplot(grid[0, 0])
        rate = figure.add_subplot(grid[1, 0], sharex=loss)
        by_step, place = [loss, rate], 1
        _draw_loss(loss, course.losses)
        _draw_rate(rate, course)
        if course.scores:
            right = figure.add_subplot(grid[:, place], sharex=loss)
            _draw_validation(right, course.scores)
            by_step.append(right)
            place += 1
        if course.epochs:
            draw_accuracy(figure.add_subplot(grid[:, place]), {"": course.epochs}, course.chance)
        for number, axes in enumerate(by_step):
            _mark_sizes(axes, course.sizes, number != 1)
    return figure


def _draw_loss(axes: Axes, losses: Sequence[tuple[int, float]]) -> None:
    if losses:
        steps, values = np.array(losses, float).T
        many = len(steps) > MANY  # a line of so many points is smaller as a picture
        axes.plot(steps, values, color=FAINT, linewidth=0.8, label="a step", rasterized=many)
        axes.plot(steps, running_mean(values), color=ACCENT, label="mean of steps around")
        axes.legend(loc="upper right")
    axes.tick_params(labelbottom=False)
    label_axes(axes, "Loss", "", "loss, mean of a batch")


def _draw_rate(axes: Axes, course: Course) -> None:
    if course.rates:
        steps, values = np.array(course.rates, float).T
        axes.plot(steps, values, color=SERIES[5])
    axes.set_ylim(0, 1.15)
    axes.set_yticks([0, 1], ["0", f"{course.peak_rate:g}"])
    axes.set_ylabel("rate")
    axes.set_xlabel(f"step ({course.steps_per_epoch:,} an epoch)")


def _draw_validation(axes: Axes, scores: Sequence[tuple[int, float]]) -> None:
    steps, values = np.array(scores, float).T
    best = int(values.argmax())
    axes.plot(steps, values, color=SERIES[1], marker="o", markersize=3)
    axes.annotate(
        f"{values[best]:.3f}",
        (steps[best], values[best]),
        xytext=(-4, 6),
        textcoords="offset points",
        ha="right" if best else "left",
        color=INK,
    )
    axes.margins(y=0.15)
    label_axes(axes, "Validation", "step", "mAP, mean over code lengths")


def _mark_sizes(axes: Axes, sizes: Sequence[tuple[int, int]], is_named: bool) -> None:
    """A line where pictures change their size, and the size; one size needs no word."""
    for step, size in sizes if len(sizes) > 1 else ():
        if step:
            axes.axvline(step, color=INK, linewidth=0.8, linestyle="--")
        if is_named:
            axes.annotate(
                f"{size} px",
                (step, 0),
                xycoords=("data", "axes fraction"),
                xytext=(3, 4),
                textcoords="offset points",
                fontsize=8,
                color=INK,
            )


def draw_accuracy(
    axes: Axes, by_name: Mapping[str, Sequence[Epoch]], chance: float | None = None
) -> None:
    """Accuracy by epoch: of training as it went (dashed) and of validation, a colour a network.

    chance: what always naming the most frequent class gives, drawn dotted.
    """
    for colour, (name, epochs) in zip(colours(len(by_name)), by_name.items(), strict=True):
        numbers = [one.number for one in epochs]
        axes.plot(numbers, [one.accuracy for one in epochs], color=colour, linestyle="--")
        values = [one.validation_accuracy for one in epochs]
        axes.plot(numbers, values, color=colour, label=name or "validation")
    axes.plot([], [], color=INK, linestyle="--", label="training")
    if chance is not None:
        axes.axhline(chance, color=INK, linestyle=":", label="the most frequent class")
    axes.legend(loc="lower right")
    axes.set_ylim(0, 1.02)
    axes.xaxis.set_major_locator(MaxNLocator(integer=True))
    label_axes(axes, "Accuracy", "epoch", "share right")


def draw_losses(axes: Axes, by_name: Mapping[str, Sequence[Epoch]]) -> None:
    """Mean loss by epoch: of training (dashed) and of validation, a colour a network."""
    for colour, (name, epochs) in zip(colours(len(by_name)), by_name.items(), strict=True):
        numbers = [one.number for one in epochs]
        axes.plot(numbers, [one.loss for one in epochs], color=colour, linestyle="--")
        axes.plot(numbers, [one.validation_loss for one in epochs], color=colour, label=name)
    axes.set_ylim(bottom=0)
    axes.xaxis.set_major_locator(MaxNLocator(integer=True))
    label_axes(axes, "Loss", "epoch", "mean loss (training dashed)")


def running_mean(values: NDArray[np.float64]) -> NDArray[np.float64]:
    """Mean over a twentieth of all steps, half before and half after; NaN is passed over."""
    half = max(len(values) // 40, 1)
    known = np.isfinite(values)
    sums = np.concatenate([[0.0], np.cumsum(np.where(known, values, 0))])
    counts = np.concatenate([[0], np.cumsum(known)])
    places = np.arange(len(values))
    first, last = np.maximum(places - half, 0), np.minimum(places + half + 1, len(values))
    mean: NDArray[np.float64] = (sums[last] - sums[first]) / np.maximum(
        counts[last] - counts[first], 1
    )
    return mean
