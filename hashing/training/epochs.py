"""What a run's log says epoch by epoch, where a loss classifies: losses and accuracies."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np


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
