"""What every search returns."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from hashing.errors import UsageError
from hashing.tables import Table

NO_ID = -1
"""Stands in `SearchResult.ids` where a maximum distance left fewer than k answers."""
SHOWN = 10
"""Queries, and places of each, that a notebook shows."""


@dataclass(frozen=True, eq=False)
class SearchResult:
    """The k nearest items of each query, ordered by (distance, id); always two-dimensional.

    ids: int64 `[Q, k]`. With a maximum distance a row is padded with `NO_ID`.
    distances: int32 `[Q, k]`, Hamming; `bits + 1` where padded.
    complete: whether nothing nearer, or tied with a smaller id, was left out: only an engine beyond
    this process may leave out some.
    """

    ids: NDArray[np.int64]
    distances: NDArray[np.int32]
    complete: bool = True

    def __post_init__(self) -> None:
        if self.ids.ndim != 2 or self.ids.shape != self.distances.shape:
            raise UsageError(
                f"expected ids and distances of one shape [Q, k], found {list(self.ids.shape)} "
                f"and {list(self.distances.shape)}"
            )

    def _repr_html_(self) -> str:
        """The first places of the first queries, each as id and distance."""
        queries, k = self.ids.shape
        columns = [str(place + 1) for place in range(min(k, SHOWN))]
        rows = [
            [str(query), *("–" if i == NO_ID else f"{i} ({d})" for i, d in found)]
            for query, found in enumerate(self._first(SHOWN))
        ]
        heading = f"{queries:,} queries, {k:,} places: id (distance)"
        return Table(heading, ["query", *columns], rows)._repr_html_()

    def _first(self, count: int) -> Iterator[list[tuple[int, int]]]:
        for ids, distances in zip(self.ids[:count], self.distances[:count], strict=True):
            yield list(zip(ids[:count].tolist(), distances[:count].tolist(), strict=True))


@dataclass(frozen=True, eq=False)
class RadiusResult:
    """All items within a distance of each query, ordered by (distance, id).

    offsets: int64 `[Q + 1]`; query q owns `ids[offsets[q]:offsets[q + 1]]`.
    ids: int64 `[M]`, distances: int32 `[M]`. complete: see `SearchResult`.
    """

    offsets: NDArray[np.int64]
    ids: NDArray[np.int64]
    distances: NDArray[np.int32]
    complete: bool = True


def joined(parts: Sequence[RadiusResult]) -> RadiusResult:
    """The answers to some queries after one another."""
    sizes = [np.diff(part.offsets) for part in parts]
    return RadiusResult(
        np.cumsum(np.concatenate([np.zeros(1, np.int64), *sizes]), dtype=np.int64),
        np.concatenate([np.empty(0, np.int64), *(part.ids for part in parts)]),
        np.concatenate([np.empty(0, np.int32), *(part.distances for part in parts)]),
        all(part.complete for part in parts),
    )
