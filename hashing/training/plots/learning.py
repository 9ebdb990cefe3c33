"""How training went: loss and accuracy by step and by epoch."""

from collections.abc import Mapping, Sequence

import matplotlib
import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator
from numpy.typing import NDArray

from hashing.training.epochs import Epoch
from hashing.training.plots.style import ACCENT, FAINT, INK, SERIES, STYLE, colours, label_axes


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
            left.plot(steps, running_mean(values), color=ACCENT)
        label_axes(left, "Loss", "step", "")
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
            label_axes(right, "Validation mAP, mean over lengths", "step", "")
    return figure


def draw_accuracy(axes: Axes, by_name: Mapping[str, Sequence[Epoch]]) -> None:
    """Accuracy by epoch: of training as it went (dashed) and of validation, a colour a network."""
    for colour, (name, epochs) in zip(colours(len(by_name)), by_name.items(), strict=True):
        numbers = [one.number for one in epochs]
        axes.plot(numbers, [one.accuracy for one in epochs], color=colour, linestyle="--")
        values = [one.validation_accuracy for one in epochs]
        axes.plot(numbers, values, color=colour, label=name or "validation")
    axes.plot([], [], color=INK, linestyle="--", label="training")
    axes.legend(loc="lower right")
    axes.set_ylim(0, 1.02)
    axes.xaxis.set_major_locator(MaxNLocator(integer=True))
    label_axes(axes, "Accuracy", "epoch", "")


def draw_losses(axes: Axes, by_name: Mapping[str, Sequence[Epoch]]) -> None:
    """Mean loss by epoch: of training (dashed) and of validation, a colour a network."""
    for colour, (name, epochs) in zip(colours(len(by_name)), by_name.items(), strict=True):
        numbers = [one.number for one in epochs]
        axes.plot(numbers, [one.loss for one in epochs], color=colour, linestyle="--")
        axes.plot(numbers, [one.validation_loss for one in epochs], color=colour, label=name)
    axes.set_ylim(bottom=0)
    axes.xaxis.set_major_locator(MaxNLocator(integer=True))
    label_axes(axes, "Loss", "epoch", "")


def running_mean(values: NDArray[np.float64]) -> NDArray[np.float64]:
    """Mean over the last twentieth of all steps, over fewer at the start; NaN is passed over."""
    window = max(len(values) // 20, 1)
    known = np.isfinite(values)
    sums = np.cumsum(np.where(known, values, 0))
    counts = np.cumsum(known)
    sums[window:] -= sums[:-window].copy()
    counts[window:] -= counts[:-window].copy()
    mean: NDArray[np.float64] = sums / np.maximum(counts, 1)
    return mean
