"""Class centres: one binary code per class, far apart at every prefix of the code.

The code is cut into segments between its lengths (16|16|32|64 for 16, 32, 64, 128). Up to
2·(shortest length) classes take rows of a Hadamard matrix and their negatives in each segment,
so that two centres differ in half of every segment at least. More classes are placed by a seeded
local search, segment by segment, keeping what earlier segments gave.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from hashing.errors import UsageError

Signs = NDArray[np.int8]

DRAWS = 32
"""Random choices of rows and signs, of which the one with the best balanced bits is taken."""

SWEEPS = 30
"""Passes of the local search over all classes; it usually settles in fewer."""

MAX_CLASSES = 2048
"""The search takes seconds for 1,000 classes and grows with their square."""

SHARPNESS = 2.0
"""How much more a pair counts in the search than a pair one bit further apart: e^2 times."""


@dataclass(frozen=True, eq=False)
class Centres:
    """One centre per class.

    signs: int8 `[classes, bits]`, −1 and +1.
    minimum_distances: smallest Hamming distance between two centres, by prefix length.
    """

    signs: Signs
    minimum_distances: dict[int, int]

    def hex(self) -> list[str]:
        """Each centre as hexadecimal text, bit 1 where +1, as `hashing.codes.Codes` has it."""
        return [row.tobytes().hex() for row in np.packbits(self.signs > 0, axis=1)]


def class_centres(classes: int, lengths: Sequence[int], seed: int = 0) -> Centres:
    """Centres of `classes` classes for a nested code of `lengths` (ascending, bits).

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
    few = classes <= 2 * lengths[0]
    signs = np.empty((classes, 0), np.int8)
    for start, stop in pairwise([0, *lengths]):
        if few and _is_power_of_two(stop - start):
            segment = _hadamard_segment(classes, stop - start, random)
        else:
            segment = _searched_segment(signs, stop - start, random)
        signs = np.concatenate([signs, segment], axis=1)
    found = Centres(signs, {length: _minimum_distance(signs[:, :length]) for length in lengths})
    if classes > 1 and found.minimum_distances[lengths[0]] < 2:
        raise UsageError(
            f"found no {classes} class centres of {lengths[0]} bits that differ in 2 bits: "
            "use a longer shortest length or a loss without centres"
        )
    return found


def _hadamard_segment(classes: int, size: int, random: np.random.Generator) -> Signs:
    """Rows of a Hadamard matrix in random order with random signs, then their negatives.

    The first column of the matrix is constant, so only the signs give that bit a meaning.
    """
    matrix = _hadamard(size)
    best, best_imbalance = matrix, np.inf
    for _ in range(DRAWS):
        signed = matrix[random.permutation(size)] * random.choice((-1, 1), (size, 1))
        drawn = np.concatenate([signed, -signed])[:classes].astype(np.int8)
        imbalance = np.abs(drawn.sum(axis=0, dtype=np.int64)).max()
        if imbalance < best_imbalance:
            best, best_imbalance = drawn, imbalance
    # Otherwise two classes that are each other's negative would be so in every segment.
    return best[random.permutation(classes)]


def _searched_segment(before: Signs, size: int, random: np.random.Generator) -> Signs:
    """Minimise Σ exp(−SHARPNESS · distance) over pairs by flipping one bit at a time.

    Distances include the earlier segments `before`, int8 `[classes, earlier bits]`.
    """
    classes = len(before)
    signs = random.choice((-1, 1), (classes, size)).astype(np.int8)
    distances = _distances(before) + _distances(signs)
    closer, further = np.exp(SHARPNESS) - 1, np.exp(-SHARPNESS) - 1
    for _ in range(SWEEPS):
        changed = False
        for one in random.permutation(classes):
            weights = np.exp(-SHARPNESS * (distances[one] - _nearest(distances[one], one)))
            weights[one] = 0
            agree = signs == signs[one]
            gains = weights @ np.where(agree, further, closer)
            bit = int(gains.argmin())
            if gains[bit] < -1e-9:
                shift = np.where(agree[:, bit], 1, -1)
                shift[one] = 0
                distances[one] += shift
                distances[:, one] += shift
                signs[one, bit] *= -1
                changed = True
        if not changed:
            break
    return signs


def _nearest(distances: NDArray[np.int64], one: int) -> int:
    return int(np.delete(distances, one).min(initial=2**15))


def _distances(signs: Signs) -> NDArray[np.int64]:
    """Hamming distances between all rows, int64 `[classes, classes]`."""
    wide = signs.astype(np.float32)
    distances: NDArray[np.int64] = np.rint((signs.shape[1] - wide @ wide.T) / 2).astype(np.int64)
    return distances


def _minimum_distance(signs: Signs) -> int:
    distances = _distances(signs)
    return int(distances[~np.eye(len(signs), dtype=bool)].min(initial=signs.shape[1]))


def _hadamard(size: int) -> Signs:
    """Sylvester's matrix of ±1 with orthogonal rows; `size` is a power of two."""
    matrix = np.ones((1, 1), np.int8)
    while len(matrix) < size:
        matrix = np.block([[matrix, matrix], [matrix, -matrix]])
    return matrix


def _is_power_of_two(number: int) -> bool:
    return number & (number - 1) == 0
