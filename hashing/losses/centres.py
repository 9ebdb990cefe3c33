"""Class centres: one binary code per class, far apart at every prefix of the code.

The code is cut into segments between its lengths (16|16|32|64 for 16, 32, 64, 128). Up to
2·(shortest length) classes take rows of a Hadamard matrix and their negatives in each segment that
has so many, so that two centres differ in half of it at least. More classes, or a shorter segment
(64|32 for 64, 96), are placed by a seeded local search, segment by segment, keeping what earlier
segments gave.

Classes of a finer field (artists) can be held near the centres of their coarser ones (styles), so
that the two fields do not draw a picture apart: the search then moves within a ball around each.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from math import floor

import numpy as np
from numpy.typing import NDArray

from hashing.errors import UsageError
from hashing.losses.placement import (
    Signs,
    distances_between,
    hadamard_segment,
    searched_segment,
    segment_around,
)

MAX_CLASSES = 2048
"""The search takes seconds for 1,000 classes and grows with their square."""


@dataclass(frozen=True, eq=False)
class Centres:
    """One centre per class.

    signs: int8 `[classes, bits]`, −1 and +1.
    minimum_distances: smallest Hamming distance between two centres, by prefix length.
    coarser_distances: largest Hamming distance of a centre from that of its coarser class, by
        prefix length; empty where the classes have none.
    """

    signs: Signs
    minimum_distances: dict[int, int]
    coarser_distances: dict[int, int] = field(default_factory=dict)

    def hex(self) -> list[str]:
        """Each centre as hexadecimal text, bit 1 where +1, as `hashing.codes.Codes` has it."""
        return [row.tobytes().hex() for row in np.packbits(self.signs > 0, axis=1)]


def class_centres(
    classes: int,
    lengths: Sequence[int],
    seed: int = 0,
    *,
    around: Signs | None = None,
    share: float = 1.0,
) -> Centres:
    """Centres of `classes` classes for a nested code of `lengths` (ascending, bits).

    around: int8 `[classes, bits]`, the centre of each class's coarser class, zeros where it has
        none. share: a centre differs from that in at most this share of every prefix.

    The same arguments give the same centres. Raises UsageError for more classes than the shortest
    length can hold with at least 2 bits between any two, and above `MAX_CLASSES`.
    """
    limit = min(2 ** (lengths[0] - 1), MAX_CLASSES)
    if classes > limit:
        raise UsageError(
            f"expected at most {limit} classes for class centres of {lengths[0]} bits, "
            f"found {classes}: use a longer shortest length or a loss without centres"
        )
    random = np.random.default_rng(seed)
    few = classes <= 2 * lengths[0] and around is None
    signs = np.empty((classes, 0), np.int8)
    for start, stop in pairwise([0, *lengths]):
        if few and classes <= 2 * (stop - start) and _is_power_of_two(stop - start):
            segment = hadamard_segment(classes, stop - start, random)
        elif around is None:
            segment = searched_segment(signs, stop - start, random)
        else:
            room = floor(share * stop + 1e-9) - _differing(signs, around)
            segment = segment_around(signs, around[:, start:stop], room, random)
        signs = np.concatenate([signs, segment], axis=1)
    found = Centres(
        signs,
        {length: _minimum_distance(signs[:, :length]) for length in lengths},
        {length: int(_differing(signs[:, :length], around).max(initial=0)) for length in lengths}
        if around is not None
        else {},
    )
    if classes > 1 and found.minimum_distances[lengths[0]] < 2:
        remedy = "a longer shortest length" if around is None else "a larger centres.share"
        raise UsageError(
            f"found no {classes} class centres of {lengths[0]} bits that differ in 2 bits: "
            f"use {remedy} or a loss without centres"
        )
    return found


def _minimum_distance(signs: Signs) -> int:
    distances = distances_between(signs)
    return int(distances[~np.eye(len(signs), dtype=bool)].min(initial=signs.shape[1]))


def _differing(signs: Signs, around: Signs) -> NDArray[np.int64]:
    """How many of the bits so far are not those of the coarser class, int64 `[classes]`."""
    counts: NDArray[np.int64] = (signs == -around[:, : signs.shape[1]]).sum(axis=1)
    return counts


def _is_power_of_two(number: int) -> bool:
    return number & (number - 1) == 0
