"""The readable engine: every distance with numpy, then a stable sort. The others must equal it."""

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from hashing.codes import Codes
from hashing.search.request import Allowed, RadiusRequest, Request, SearchRequest, check_ids
from hashing.search.result import NO_ID, RadiusResult, SearchResult, joined
from hashing.search.scores import scores


class ReferenceEngine:
    """Exact search in plain numpy; see `Engine`."""

    def __init__(self, codes: Codes, ids: NDArray[np.int64] | None = None) -> None:
        self._items = _Items(codes, check_ids(ids, len(codes)))

    @property
    def bits(self) -> int:
        """Length of the stored codes."""
        return self._items.codes.bits

    def __len__(self) -> int:
        return len(self._items)

    def search(self, request: SearchRequest) -> SearchResult:
        """The k nearest items of each query."""
        queries = request.searched_codes(self.bits)
        items = self._allowed(request).prefix(queries.bits)
        ids = np.full((len(queries), min(request.k, len(items))), NO_ID, np.int64)
        distances = np.full(ids.shape, queries.bits + 1, np.int32)
        for query, measured in enumerate(items.distances(queries)):
            found = items.nearest(measured, request, query)
            ids[query, : len(found)] = items.ids[found]
            distances[query, : len(found)] = measured[found]
        return SearchResult(ids, distances)

    def radius(self, request: RadiusRequest) -> RadiusResult:
        """All items not farther than a distance."""
        queries = request.searched_codes(self.bits)
        items = self._allowed(request).prefix(queries.bits)
        return joined(
            [items.within(measured, request.max_distance) for measured in items.distances(queries)]
        )

    def _allowed(self, request: Request) -> "_Items":
        request.refuse_filter()
        if request.allowed is None:
            return self._items
        if isinstance(request.allowed, Allowed):
            return self._items.among(request.allowed.mask)
        return self._items.among(np.isin(self._items.ids, request.allowed))


@dataclass(frozen=True, eq=False)
class _Items:
    """Items in order of id."""

    codes: Codes
    ids: NDArray[np.int64]

    def __len__(self) -> int:
        return len(self.codes)

    def among(self, mask: NDArray[np.bool_]) -> "_Items":
        return _Items(self.codes[mask], self.ids[mask])

    def prefix(self, bits: int) -> "_Items":
        return _Items(self.codes.prefix(bits), self.ids)

    @cached_property
    def columns(self) -> NDArray[np.uint64]:
        return word_columns(self.codes)

    def distances(self, queries: Codes) -> Iterator[NDArray[np.uint16]]:
        """The distances `[N]` to each query."""
        return (distances(self.columns, query) for query in queries.words())

    def nearest(
        self, measured: NDArray[np.uint16], request: SearchRequest, query: int
    ) -> NDArray[np.int64]:
        """Rows of the k nearest items to one query in order."""
        reach = min(request.rerank or request.k, len(self))
        if not reach:
            return np.empty(0, np.int64)
        limit = int(np.partition(measured, reach - 1)[reach - 1])
        if request.max_distance is not None:
            limit = min(limit, request.max_distance)
        near = np.flatnonzero(measured <= limit)
        close = measured[near]
        # ids ascend, and both sorts are stable: what ties is left in order of id
        if request.fixed_logits is None:
            order = np.argsort(close, kind="stable")
        else:
            falling = -scores(request.fixed_logits[query], self.codes[near])
            by_distance, by_score = (falling, close), (close, falling)
            order = np.lexsort(by_distance if request.rerank is None else by_score)
        return near[order[: request.k]]

    def within(self, measured: NDArray[np.uint16], limit: int) -> RadiusResult:
        """All items within a distance of one query."""
        near = np.flatnonzero(measured <= limit)
        order = near[np.argsort(measured[near], kind="stable")]
        offsets = np.array([0, len(order)], np.int64)
        return RadiusResult(offsets, self.ids[order], measured[order].astype(np.int32))


def word_columns(codes: Codes) -> NDArray[np.uint64]:
    """The 64-bit words of codes, uint64 `[words, N]`: one contiguous row per word."""
    return np.ascontiguousarray(codes.words().T)


def distances(columns: NDArray[np.uint64], query: NDArray[np.uint64]) -> NDArray[np.uint16]:
    """Hamming distances `[N]` of codes `[words, N]` to one query `[words]`."""
    total = np.zeros(columns.shape[1], np.uint16)
    for column, word in zip(columns, query, strict=True):
        total += np.bitwise_count(column ^ word)
    return total
