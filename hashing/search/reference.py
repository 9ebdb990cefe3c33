"""The readable engine: every distance with numpy, then a stable sort. The others must equal it."""

from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from hashing.codes import Codes
from hashing.search.protocol import NO_ID, RadiusResult, SearchResult
from hashing.search.request import Request, check_allowed, check_ids, check_radius, check_search
from hashing.search.scores import scores


class ReferenceEngine:
    """Exact search in plain numpy; see `Engine` for the arguments."""

    def __init__(self, codes: Codes, ids: NDArray[np.int64] | None = None) -> None:
        self._items = _Items(codes, check_ids(ids, len(codes)))

    @property
    def bits(self) -> int:
        """Length of the stored codes."""
        return self._items.codes.bits

    def __len__(self) -> int:
        return len(self._items)

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
        """The k nearest items of each query; see `Engine.search`."""
        items = self._allowed(allowed)
        request = check_search(
            self.bits, len(items), queries, k, max_distance, bits, logits, rerank
        )
        items = items.prefix(request.bits)
        ids = np.full((len(queries), request.k), NO_ID, np.int64)
        distances = np.full(ids.shape, request.bits + 1, np.int32)
        for query in range(len(queries)):
            found = items.nearest(request, query)
            ids[query, : len(found.ids)] = found.ids
            distances[query, : len(found.ids)] = found.distances
        return SearchResult(ids, distances)

    def radius(
        self,
        queries: Codes,
        max_distance: int,
        *,
        allowed: NDArray[np.bool_] | None = None,
        bits: int | None = None,
    ) -> RadiusResult:
        """All items not farther than `max_distance`; see `Engine.radius`."""
        request = check_radius(self.bits, queries, max_distance, bits)
        items = self._allowed(allowed).prefix(request.bits)
        found = [items.within(request, query) for query in range(len(queries))]
        offsets = np.cumsum([0, *(len(part.ids) for part in found)], dtype=np.int64)
        none = _Found(np.empty(0, np.int64), np.empty(0, np.int32))
        return RadiusResult(
            offsets,
            np.concatenate([none.ids, *(part.ids for part in found)]),
            np.concatenate([none.distances, *(part.distances for part in found)]),
        )

    def _allowed(self, allowed: NDArray[np.bool_] | None) -> "_Items":
        if allowed is None:
            return self._items
        rows = check_allowed(allowed, len(self))
        return _Items(self._items.codes[rows], self._items.ids[rows])


@dataclass(frozen=True, eq=False)
class _Found:
    ids: NDArray[np.int64]
    distances: NDArray[np.int32]


@dataclass(frozen=True, eq=False)
class _Items:
    """Items in order of id."""

    codes: Codes
    ids: NDArray[np.int64]

    def __len__(self) -> int:
        return len(self.codes)

    def prefix(self, bits: int) -> "_Items":
        return _Items(self.codes.prefix(bits), self.ids)

    @cached_property
    def columns(self) -> NDArray[np.uint64]:
        return word_columns(self.codes)

    def distances(self, request: Request, query: int) -> NDArray[np.uint16]:
        return distances(self.columns, word_columns(request.queries[query : query + 1])[:, 0])

    def nearest(self, request: Request, query: int) -> _Found:
        measured = self.distances(request, query)
        reach = request.rerank or request.k
        if not reach:
            return _Found(self.ids[:0], measured[:0].astype(np.int32))
        limit = min(int(np.partition(measured, reach - 1)[reach - 1]), request.max_distance)
        near = np.flatnonzero(measured <= limit)
        measured = measured[near]
        # ids ascend, and both sorts are stable: what ties is left in order of id
        if request.weights is None:
            order = np.argsort(measured, kind="stable")
        else:
            falling = -scores(request.weights[query], self.codes[near])
            by_distance = (falling, measured)
            by_score = (measured, falling)
            order = np.lexsort(by_distance if request.rerank is None else by_score)
        order = order[: request.k]
        return _Found(self.ids[near][order], measured[order].astype(np.int32))

    def within(self, request: Request, query: int) -> _Found:
        measured = self.distances(request, query)
        near = np.flatnonzero(measured <= request.max_distance)
        order = near[np.argsort(measured[near], kind="stable")]
        return _Found(self.ids[order], measured[order].astype(np.int32))


def word_columns(codes: Codes) -> NDArray[np.uint64]:
    """The 64-bit words of codes, uint64 `[words, N]`: one contiguous row per word."""
    return np.ascontiguousarray(codes.words().T)


def distances(columns: NDArray[np.uint64], query: NDArray[np.uint64]) -> NDArray[np.uint16]:
    """Hamming distances `[N]` of codes `[words, N]` to one query `[words]`."""
    total = np.zeros(columns.shape[1], np.uint16)
    for column, word in zip(columns, query, strict=True):
        total += np.bitwise_count(column ^ word)
    return total
