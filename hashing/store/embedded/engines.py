"""What a segment holds: the arrays of a search engine, and the engine made of them again."""

import numpy as np
from numpy.typing import NDArray

from hashing.codes import Codes
from hashing.search import Engine
from hashing.search.reference import ReferenceEngine
from hashing.store.embedded.segments import Arrays


def engine_arrays(codes: Codes, ids: NDArray[np.int64]) -> Arrays:
    """The arrays to store for items with these codes and ascending ids."""
    return {"packed": codes.packed, "ids": ids}


def engine_from(arrays: Arrays, bits: int) -> tuple[Engine, NDArray[np.int64]]:
    """The engine over stored arrays, and its ids int64 `[N]`."""
    ids = arrays["ids"]
    return ReferenceEngine(Codes(arrays["packed"], bits), ids), ids
