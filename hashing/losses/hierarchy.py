"""Which label field refines which, and where each finer class belongs, from training labels."""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from hashing.errors import UsageError, unknown

Rows = NDArray[np.int64]
Counts = NDArray[np.int64]
"""Pictures by finer and coarser class, int64 `[finer classes, coarser classes]`."""

DETERMINED = 0.5
"""From this value of `determination` on, the one field is taken to refine the other."""


@dataclass(frozen=True, eq=False)
class Refinement:
    """A field whose classes each belong to a class of a coarser one.

    coarser: that field's name. classes: int64, the coarser class that most pictures of each class
    carry, −1 where none carries one.
    """

    coarser: str
    classes: Rows


def find_refinements(
    labels: Mapping[str, Rows], classes: Mapping[str, int], named: Mapping[str, str]
) -> dict[str, Refinement]:
    """By finer field, what it refines: as `named`, or the finest field that it determines.

    labels: by field, int64 `[N]` of the training pictures, −1 where absent. classes: how many
    classes each field has. A found coarser field has fewer classes than the finer one.
    Raises UsageError for a named field that is not learned, and for fields named in a circle.
    """
    for name in (*named, *named.values()):
        if name not in labels:
            raise UsageError(unknown("label field in centres.coarser", name, labels))
    found = {}
    for finer in labels:
        coarser = named.get(finer) or _coarser_of(finer, labels, classes, named)
        if coarser is not None:
            counts = _counts(labels[finer], labels[coarser], classes[finer], classes[coarser])
            belongs = np.where(counts.any(axis=1), counts.argmax(axis=1), -1)
            found[finer] = Refinement(coarser, belongs)
    _refuse_circles({finer: refinement.coarser for finer, refinement in found.items()})
    return found


def determination(counts: Counts) -> float:
    """How well the finer class tells the coarser one, 1 wholly, 0 not at all or worse than that.

    Goodman and Kruskal's λ (1954): by how much guessing the coarser class of a picture errs less
    often when its finer class is known. Each picture is guessed from the others, since otherwise
    finer classes of one picture each would determine everything.
    """
    total = counts.sum()
    order = np.sort(counts, axis=1)
    most = order[:, -1]
    second = order[:, -2] if counts.shape[1] > 1 else np.zeros_like(most)
    # Only pictures of a majority that stays one without them are guessed right.
    known = most[most - 1 > second].sum()
    by_chance = counts.sum(axis=0).max(initial=0)
    return max(0.0, float((known - by_chance) / (total - by_chance))) if total > by_chance else 0.0


def _coarser_of(
    finer: str,
    labels: Mapping[str, Rows],
    classes: Mapping[str, int],
    named: Mapping[str, str],
) -> str | None:
    """The field of most classes among those that have fewer than `finer` and are determined."""
    candidates = sorted(
        (name for name in labels if classes[name] < classes[finer] and named.get(name) != finer),
        key=lambda name: -classes[name],
    )
    for name in candidates:
        counts = _counts(labels[finer], labels[name], classes[finer], classes[name])
        if determination(counts) >= DETERMINED:
            return name
    return None


def _counts(finer: Rows, coarser: Rows, finer_classes: int, coarser_classes: int) -> Counts:
    counts = np.zeros((finer_classes, coarser_classes), np.int64)
    both = (finer >= 0) & (coarser >= 0)
    np.add.at(counts, (finer[both], coarser[both]), 1)
    return counts


def _refuse_circles(coarser: Mapping[str, str]) -> None:
    for start in coarser:
        seen, name = [start], start
        while name in coarser:
            name = coarser[name]
            if name in seen:
                raise UsageError(
                    f"expected centres.coarser to lead from finer to coarser fields, "
                    f"found a circle: {', '.join([*seen, name])}"
                )
            seen.append(name)
