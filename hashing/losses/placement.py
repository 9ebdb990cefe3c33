"""How one segment of the class centres is filled: Hadamard rows, or a seeded local search."""

from collections.abc import Callable, Sequence
from math import exp

import numpy as np
from numpy.typing import NDArray

Signs = NDArray[np.int8]

DRAWS = 32
"""Random choices of rows and signs, of which the one with the best balanced bits is taken."""

SWEEPS = 30
"""Passes of the local search over all classes; it usually settles in fewer."""

SHARPNESS = 2.0
"""How much more a pair counts in the search than a pair one bit further apart: e^2 times."""

Move = Callable[[int, NDArray[np.float64], NDArray[np.bool_]], Sequence[int]]
"""Which bits of one class to flip, none where nothing gains.

Takes the class, the weight of every other class float64 `[classes]`, and where its bits agree with
theirs, bool `[classes, size]`.
"""


def hadamard_segment(classes: int, size: int, random: np.random.Generator) -> Signs:
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


def searched_segment(before: Signs, size: int, random: np.random.Generator) -> Signs:
    """Minimise Σ exp(−SHARPNESS · distance) over pairs by flipping one bit at a time.

    Distances include the earlier segments `before`, int8 `[classes, earlier bits]`.
    """
    signs = random.choice((-1, 1), (len(before), size)).astype(np.int8)

    def move(one: int, weights: NDArray[np.float64], agree: NDArray[np.bool_]) -> Sequence[int]:
        gains = weights @ np.where(agree, _FURTHER - 1, _CLOSER - 1)
        bit = int(gains.argmin())
        return [bit] if gains[bit] < -_LEAST_GAIN else []

    return _searched(before, signs, random, move)


def segment_around(
    before: Signs, around: Signs, room: NDArray[np.int64], random: np.random.Generator
) -> Signs:
    """The same search where class c may differ from `around[c]` in `room[c]` bits at most.

    around: int8 `[classes, size]`; a row of zeros holds its class by nothing. room: int64
    `[classes]`. A class that has used its room moves by two bits, one to and one from `around`.
    """
    free = np.logical_not(around.any(axis=1))
    order = random.random(around.shape).argsort(axis=1)
    # Half of the bits are as far as going from the middle makes sense.
    away = order < np.minimum(room, around.shape[1] // 2)[:, None]
    signs = np.where(away, -around, around)
    signs[free] = random.choice((-1, 1), (int(free.sum()), around.shape[1]))

    def move(one: int, weights: NDArray[np.float64], agree: NDArray[np.bool_]) -> Sequence[int]:
        factors: NDArray[np.float64] = np.where(agree, _FURTHER, _CLOSER)
        used = np.equal(signs[one], -around[one])
        bound = around[one].any() and used.sum() >= room[one]
        single = weights @ factors - weights.sum()
        if bound:
            single = np.where(used, single, np.inf)
        bit = int(single.argmin())
        best, bits = single[bit], [bit]
        if bound and used.any():
            inward, outward = np.flatnonzero(used), np.flatnonzero(~used)
            # Factors of two flips multiply: e^(−s·(a + b)) = e^(−s·a)·e^(−s·b).
            both = (weights[:, None] * factors[:, inward]).T @ factors[:, outward] - weights.sum()
            if both.size and both.min() < best:
                first, second = np.unravel_index(both.argmin(), both.shape)
                best, bits = both.min(), [int(inward[first]), int(outward[second])]
        return bits if best < -_LEAST_GAIN else []

    return _searched(before, signs, random, move)


def distances_between(signs: Signs) -> NDArray[np.int64]:
    """Hamming distances between all rows, int64 `[classes, classes]`."""
    wide = signs.astype(np.float32)
    distances: NDArray[np.int64] = np.rint((signs.shape[1] - wide @ wide.T) / 2).astype(np.int64)
    return distances


_CLOSER, _FURTHER = exp(SHARPNESS), exp(-SHARPNESS)
"""Factors of a pair's cost where one bit more agrees, and where one more differs."""

_LEAST_GAIN = 1e-9
"""Gains below it are rounding."""


def _searched(before: Signs, signs: Signs, random: np.random.Generator, move: Move) -> Signs:
    """`signs` after moves, class by class, until nothing gains."""
    distances = distances_between(before) + distances_between(signs)
    for _ in range(SWEEPS):
        changed = False
        for one in random.permutation(len(signs)):
            weights = np.exp(-SHARPNESS * (distances[one] - _nearest(distances[one], one)))
            weights[one] = 0
            agree = signs == signs[one]
            for bit in move(one, weights, agree):
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


def _hadamard(size: int) -> Signs:
    """Sylvester's matrix of ±1 with orthogonal rows; `size` is a power of two."""
    matrix = np.ones((1, 1), np.int8)
    while len(matrix) < size:
        matrix = np.block([[matrix, matrix], [matrix, -matrix]])
    return matrix
