"""What every search engine takes and returns."""

from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from hashing.codes import Codes
from hashing.errors import UsageError

NO_ID = -1
"""Stands in `SearchResult.ids` where a maximum distance left fewer than k answers."""


@dataclass(frozen=True, eq=False)
class SearchResult:
    """The k nearest items of each query, ordered by (distance, id); always two-dimensional.

    ids: int64 `[Q, k]`. With a maximum distance a row is padded with `NO_ID`.
    distances: int32 `[Q, k]`, Hamming; `bits + 1` where padded.
    """

    ids: NDArray[np.int64]
    distances: NDArray[np.int32]

    def __post_init__(self) -> None:
        if self.ids.ndim != 2 or self.ids.shape != self.distances.shape:
            raise UsageError(
                f"expected ids and distances of one shape [Q, k], found {list(self.ids.shape)} "
                f"and {list(self.distances.shape)}"
            )


@dataclass(frozen=True, eq=False)
class RadiusResult:
    """All items within a distance of each query, ordered by (distance, id).

    offsets: int64 `[Q + 1]`; query q owns `ids[offsets[q]:offsets[q + 1]]`.
    ids: int64 `[M]`, distances: int32 `[M]`.
    """

    offsets: NDArray[np.int64]
    ids: NDArray[np.int64]
    distances: NDArray[np.int32]


class Engine(Protocol):
    """Exact Hamming search over one immutable set of codes.

    Engines are made as `Engine(codes, ids)` with `codes` of N items and `ids` int64 `[N]`,
    non-negative, unique and ascending (None: 0 … N−1). `allowed` is a bool mask `[N]` in the
    order of `ids`. `bits` searches by a shorter prefix. `k` above the number of allowed items
    returns that many columns.
    """

    @property
    def bits(self) -> int:
        """Length of the stored codes."""
        ...

    def __len__(self) -> int: ...

    def search(
        self,
        queries: Codes,
        k: int,
        *,
        allowed: NDArray[np.bool_] | None = None,
        max_distance: int | None = None,
        bits: int | None = None,
        logits: NDArray[np.float32] | None = None,
        rerank: int | None = None,
    ) -> SearchResult:
        """The k nearest items.

        With query `logits` float32 `[Q, bits]` equal distances are ordered by (score, id); with
        `rerank=R` all items not farther than the R-th, ties included, by (score, distance, id).
        """
        ...

    def radius(
        self,
        queries: Codes,
        max_distance: int,
        *,
        allowed: NDArray[np.bool_] | None = None,
        bits: int | None = None,
    ) -> RadiusResult:
        """All items not farther than `max_distance`."""
        ...
