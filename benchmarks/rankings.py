"""Ways to rank vectors, in plain numpy, with what they cost."""

import time
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
from numpy.typing import NDArray

from hashing.codes import Codes

Vectors = NDArray[np.float32] | Codes
Costs = Callable[[Any, Any], Iterator[NDArray[np.number]]]
"""From vectors of Q queries and N items to one array `[N]` per query, the least being nearest."""

ROWS = 256
"""Vectors whose differences from a query stay in the cache."""


def rankings(vectors: Vectors) -> dict[str, Costs]:
    """Ways to rank vectors of this kind."""
    if isinstance(vectors, Codes):
        return {"Hamming": hamming}
    return {"cosine": cosine, "Euclidean": euclidean, "Manhattan": manhattan}


def hamming(queries: Codes, database: Codes) -> Iterator[NDArray[np.number]]:
    """Number of differing bits."""
    for row in range(len(queries)):
        yield database.distances(queries[row : row + 1])[:, 0]


def cosine(
    queries: NDArray[np.float32], database: NDArray[np.float32]
) -> Iterator[NDArray[np.number]]:
    """Minus the cosine."""
    units = database / np.linalg.norm(database, axis=1, keepdims=True).clip(1e-12)
    for query in queries:
        yield -(units @ query) / max(float(np.linalg.norm(query)), 1e-12)


def euclidean(
    queries: NDArray[np.float32], database: NDArray[np.float32]
) -> Iterator[NDArray[np.number]]:
    """Square of the distance."""
    squares = (database**2).sum(axis=1)
    for query in queries:
        yield squares - 2 * (database @ query)


def manhattan(
    queries: NDArray[np.float32], database: NDArray[np.float32]
) -> Iterator[NDArray[np.number]]:
    """Sum of absolute differences."""
    near = np.empty((ROWS, database.shape[1]), np.float32)
    for query in queries:
        found = np.empty(len(database), np.float32)
        for first in range(0, len(database), ROWS):
            rows = database[first : first + ROWS]
            differences = np.subtract(rows, query, out=near[: len(rows)])
            np.abs(differences, out=differences).sum(axis=1, out=found[first : first + ROWS])
        yield found


def bytes_per_item(vectors: Vectors) -> int:
    """What the database stores of an item."""
    rows = vectors.packed if isinstance(vectors, Codes) else vectors
    return rows.nbytes // len(rows)


def milliseconds(costs: Costs, queries: Vectors, database: Vectors, nearest: int) -> float:
    """Thread time of one query, mean over twenty: all costs, and the nearest of them."""
    some = queries[np.arange(min(20, len(queries)))]
    answers = costs(some, database)
    next(answers)  # what is done once for all queries
    started = time.thread_time()
    for row in answers:
        np.argpartition(row, min(nearest, len(row) - 1))
    return 1000 * (time.thread_time() - started) / max(len(some) - 1, 1)
