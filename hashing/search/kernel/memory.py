"""What the kernel reads and writes: segments, and the best items found so far."""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

T, TOTAL, COUNT, LAST = range(4)
"""Columns of `Best.state`."""
PLAIN, FLIPPED, ORIGIN, SIGN = range(4)
"""Columns of a plan's terms."""


class Segment(NamedTuple):
    """One segment as the kernel reads it; flat, read-only arrays.

    planes: uint64. starts, ranks: uint32, empty unless slots are shared.
    slots: uint64 bits of the allowed slots, items: of the allowed items by place in `ranks`;
    empty when everything is allowed.
    """

    planes: NDArray[np.uint64]
    starts: NDArray[np.uint32]
    ranks: NDArray[np.uint32]
    slots: NDArray[np.uint64]
    items: NDArray[np.uint64]


class Best(NamedTuple):
    """The best items found so far.

    state: int64 `[Q, 4]`: T, the largest distance that can still matter; how many found items
    are not farther; how many keys are kept; the largest rank among them.
    histogram: int64 `[Q, bits + 1]`, found items by distance.
    keys: uint64 `[Q, room]`, distance << 32 | rank, in the order found.
    """

    state: NDArray[np.int64]
    histogram: NDArray[np.int64]
    keys: NDArray[np.uint64]
