"""Counter-based random numbers: a pure function of what they are for, never a global stream.

Any process or thread draws the same numbers for the same keys, in any order, so batch order and
augmentation survive an interruption, another number of workers and another number of processes.
"""

from enum import IntEnum
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray


class Stream(IntEnum):
    """What random numbers are drawn for; streams of one seed are independent."""

    SPLIT = 0
    ORDER = 1
    AUGMENT = 2
    MIX = 3


def generator(stream: Stream, seed: int, first: int = 0, second: int = 0) -> np.random.Generator:
    """Numpy's Philox keyed by (seed, stream), its counter starting at (first, second)."""
    counter = np.array([0, 0, second, first], np.uint64)
    return np.random.Generator(np.random.Philox(key=[seed, stream], counter=counter))


def uniforms(
    stream: Stream, seed: int, epoch: int, rows: NDArray[np.int64], count: int
) -> NDArray[np.float32]:
    """For each row its own `count` numbers in [0, 1), float32 `[B, count]`.

    A row's numbers depend on (stream, seed, epoch, row, count) alone, not on the other rows.
    """
    # One long draw and a look-up cost a thousandth of a generator per row; rounding its length up
    # to a power of two lets the batches of an epoch share it.
    length = 1 << int(rows.max(initial=0)).bit_length()
    return _table(stream, seed, epoch, length, count)[rows]


@lru_cache(maxsize=2)
def _table(stream: Stream, seed: int, epoch: int, length: int, count: int) -> NDArray[np.float32]:
    return generator(stream, seed, epoch).random((length, count), np.float32)
