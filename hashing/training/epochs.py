"""What a run's log says: its course by steps and, where a loss classifies, epoch by epoch."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from hashing.config import Config


@dataclass(frozen=True)
class Epoch:
    """Means over what was learned since the validation before, and that validation.

    number: counted from 1. loss, accuracy: of the batches as they were learned, varied and with
    the weights of their time. validation_loss, validation_accuracy: of the validation queries.
    """

    number: int
    loss: float
    accuracy: float
    validation_loss: float
    validation_accuracy: float


def epochs_of(records: Iterable[Mapping[str, Any]]) -> list[Epoch]:
    """The epochs of the lines of a run's log that end in a validation of a classifier."""
    found: list[Epoch] = []
    learned: list[Mapping[str, Any]] = []
    for record in records:
        if "validation" not in record:
            learned.append(record)
            continue
        steps = [one for one in learned if one["loss"] is not None and "accuracy" in one]
        learned = []
        if steps and "validation_accuracy" in record:
            found.append(
                Epoch(
                    record["epoch"] + 1,
                    float(np.mean([one["loss"] for one in steps])),
                    float(np.mean([one["accuracy"] for one in steps])),
                    record["validation_loss"],
                    record["validation_accuracy"],
                )
            )
    return found


@dataclass(frozen=True)
class Course:
    """How a run went.

    losses, rates: by step; a loss that was not finite is NaN, a rate is a share of `peak_rate`.
    scores: validation mAP as (step, value). sizes: pictures in px, as (first step, size).
    epochs: where a loss classifies; chance: the accuracy of always naming the most frequent class.
    """

    losses: Sequence[tuple[int, float]]
    rates: Sequence[tuple[int, float]] = ()
    scores: Sequence[tuple[int, float]] = ()
    epochs: Sequence[Epoch] = ()
    sizes: Sequence[tuple[int, int]] = ()
    peak_rate: float = 1.0
    steps_per_epoch: int = 1
    chance: float | None = None


def course_of(
    records: Iterable[Mapping[str, Any]],
    config: Config,
    steps_per_epoch: int,
    chance: float | None = None,
) -> Course:
    """The course of a run by the lines of its log and its settings."""
    kept = list(records)
    steps = [record for record in kept if "validation" not in record]
    sizes = [training_size(config, epoch) for epoch in range(config.train.epochs)]
    changes = [
        (epoch * steps_per_epoch, size)
        for epoch, size in enumerate(sizes)
        if not epoch or sizes[epoch - 1] != size
    ]
    return Course(
        [(one["step"], float("nan") if one["loss"] is None else one["loss"]) for one in steps],
        [(one["step"], one["rate"]) for one in steps],
        [(one["step"], one["validation"]) for one in kept if "validation" in one],
        epochs_of(kept),
        changes,
        config.optim.lr,
        steps_per_epoch,
        chance,
    )


def training_size(config: Config, epoch: int) -> int:
    """Size of pictures in an epoch, px: the stages of `sizes` share the epochs evenly."""
    sizes = config.train.sizes or (config.preprocessing.size,)
    return sizes[epoch * len(sizes) // config.train.epochs]
