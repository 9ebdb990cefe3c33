"""Exact and near duplicates, so that a split can say how many of its queries have one.

What is needed of a picture for that is a few bytes, so that pictures that do not fit into memory
are told apart as those that do: figures do not depend on the machine.
"""

import hashlib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from hashing.data.protocols import Split

NEAR_BITS = 4
"""Difference hashes (64 bits) this close are near duplicates.

Of the nearest pairs between CIFAR-10's test and training part nearly all within 4 bits are the
same photograph in other colours or framing; from 6 bits on most are not.
"""

_BLOCK = 512


@dataclass(frozen=True)
class Duplicates:
    """How many queries have another picture in the database that is equal, or nearly so.

    near: those that have a near duplicate and no exact one.
    """

    exact: int
    near: int


class Look(NamedTuple):
    """What one picture is compared by: a digest of its pixels, and its difference hash."""

    digest: bytes
    difference: np.uint64


@dataclass(frozen=True, eq=False)
class Looks:
    """What N pictures are compared by.

    contents: a number for each, int64 `[N]`, equal where all pixels are. differences: uint64 `[N]`.
    """

    contents: NDArray[np.int64]
    differences: NDArray[np.uint64]

    @classmethod
    def of(cls, squares: NDArray[np.uint8]) -> "Looks":
        """Those of pictures in memory, uint8 `[N, S, S, 3]`."""
        return cls(_numbered(map(_digest, squares)), difference_hashes(squares))

    @classmethod
    def of_each(cls, looks: Sequence[Look]) -> "Looks":
        """Those of pictures that were looked at one by one."""
        differences = np.array([one.difference for one in looks], np.uint64)
        return cls(_numbered(one.digest for one in looks), differences)


def look_at(square: NDArray[np.uint8]) -> Look:
    """What a picture, uint8 `[S, S, 3]`, is compared by."""
    return Look(_digest(square), difference_hashes(square[None])[0])


def difference_hashes(squares: NDArray[np.uint8]) -> NDArray[np.uint64]:
    """64 bits a picture, uint64 `[N]`: where 8x9 cells of mean brightness grow to the right."""
    down, across = (_cells(count, squares.shape[1]) for count in (8, 9))
    hashes = np.empty(len(squares), np.uint64)
    for start in range(0, len(squares), _BLOCK):
        grey = squares[start : start + _BLOCK].mean(axis=3, dtype=np.float32)
        # Rounded, or rounding errors would decide over plain surfaces.
        cells = (down @ grey @ across.T).round()
        grows = (cells[:, :, 1:] > cells[:, :, :-1]).reshape(len(cells), 64)
        hashes[start : start + _BLOCK] = np.packbits(grows, axis=1).view(np.uint64)[:, 0]
    return hashes


def count_duplicates(looks: Looks, split: Split) -> Duplicates:
    """Exact and near duplicates between the queries and the database of a split."""
    contents, hashes = looks.contents, looks.differences
    others, database = hashes[split.database], contents[split.database]
    exact = near = 0
    for query in split.query:
        is_other = split.database != query
        if (is_other & (database == contents[query])).any():
            exact += 1
        elif (is_other & (np.bitwise_count(others ^ hashes[query]) <= NEAR_BITS)).any():
            near += 1
    return Duplicates(exact, near)


def _digest(square: NDArray[np.uint8]) -> bytes:
    return hashlib.blake2b(square.tobytes(), digest_size=16).digest()


def _numbered(digests: Iterable[bytes]) -> NDArray[np.int64]:
    numbers: dict[bytes, int] = {}
    return np.array([numbers.setdefault(digest, len(numbers)) for digest in digests], np.int64)


def _cells(count: int, size: int) -> NDArray[np.float32]:
    """Weights `[count, size]` that average `size` pixels into `count` cells of equal width."""
    edges = np.linspace(0, size, count + 1)
    pixels = np.arange(size)
    shared = np.minimum(edges[1:, None], pixels + 1) - np.maximum(edges[:-1, None], pixels)
    return (shared.clip(0) * count / size).astype(np.float32)
