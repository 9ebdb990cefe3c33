"""Identifiers as a caller gives them, which may be any whole numbers."""

from collections.abc import Iterable

import numpy as np
from numpy.typing import NDArray

from hashing.errors import InputError

MOST = 2**63 - 1


def as_ids(ids: Iterable[int]) -> NDArray[np.int64]:
    """Identifiers int64 `[N]`. Raises InputError for a number that no item can ever have."""
    wanted = [int(item) for item in ids]
    for item in wanted:
        if not 0 <= item <= MOST:
            raise InputError(f"there is no item {item}: identifiers go from 0 to 2⁶³ − 1")
    return np.array(wanted, np.int64)


def possible_ids(ids: Iterable[int]) -> NDArray[np.int64]:
    """The identifiers among some numbers, int64 `[N]`; what no item can have is left out."""
    return np.array([item for item in map(int, ids) if 0 <= item <= MOST], np.int64)
