"""The readable engine: every distance with numpy, then a stable sort. The others must equal it."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from hashing.codes import Codes
from hashing.errors import UsageError
from hashing.search.protocol import NO_ID, RadiusResult, SearchResult
from hashing.search.request import Request, check_radius, check_search
from hashing.search.scores import scores


class ReferenceEngine:
    """Exact search in plain numpy; see `Engine` for the arguments."""

    def __init__(self, codes: Codes, ids: NDArray[np.int64] | None = None) -> None:
        self._codes = codes
        self._ids = check_ids(ids, len(codes))

    @property
    def bits(self) -> int:
        """Length of the stored codes."""
        return self._codes.bits

    def __len__(self) -> int:
        return len(self._codes)

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
        request = check_search(
            self.bits,
            len(self),
            queries,
            k,
            allowed=allowed,
            max_distance=max_distance,
            prefix=bits,
            logits=logits,
            rerank=rerank,
        )
        ids = np.full((len(queries), request.columns), NO_ID, np.int64)
        distances = np.full(ids.shape, request.bits + 1, np.int32)
        items = self._items(request)
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
        request = check_radius(
            self.bits, len(self), queries, max_distance, allowed=allowed, prefix=bits
        )
        items = self._items(request)
        found = [items.within(request, query) for query in range(len(queries))]
        offsets = np.cumsum([0, *(len(part.ids) for part in found)], dtype=np.int64)
        none = _Found(np.empty(0, np.int64), np.empty(0, np.int32))
        return RadiusResult(
            offsets,
            np.concatenate([none.ids, *(part.ids for part in found)]),
            np.concatenate([none.distances, *(part.distances for part in found)]),
        )

    def _items(self, request: Request) -> "_Items":
        rows = slice(None) if request.allowed is None else request.allowed
        codes = self._codes[rows].prefix(request.bits)
        return _Items(codes, codes.words(), self._ids[rows])


@dataclass(frozen=True, eq=False)
class _Found:
    ids: NDArray[np.int64]
    distances: NDArray[np.int32]


@dataclass(frozen=True, eq=False)
class _Items:
    """The allowed items, cut to the searched length, in order of id."""

    codes: Codes
    words: NDArray[np.uint64]
    ids: NDArray[np.int64]

    def distances(self, request: Request, query: int) -> NDArray[np.int32]:
        differing = self.words ^ request.queries[query : query + 1].words()
        counted: NDArray[np.int32] = np.bitwise_count(differing).sum(axis=1, dtype=np.int32)
        return counted

    def nearest(self, request: Request, query: int) -> _Found:
        distances = self.distances(request, query)
        limit = request.max_distance
        if request.rerank is not None:
            limit = min(limit, int(np.sort(distances)[request.rerank - 1 :].min(initial=limit)))
        near = np.flatnonzero(distances <= limit)
        distances = distances[near]
        # ids ascend, and both sorts are stable: what ties is left in order of id
        if request.weights is None:
            order = np.argsort(distances, kind="stable")
        else:
            falling = -scores(request.weights[query], self.codes[near])
            by_distance = (falling, distances)
            by_score = (distances, falling)
            order = np.lexsort(by_distance if request.rerank is None else by_score)
        order = order[: request.columns]
        return _Found(self.ids[near][order], distances[order])

    def within(self, request: Request, query: int) -> _Found:
        distances = self.distances(request, query)
        near = np.flatnonzero(distances <= request.max_distance)
        order = near[np.argsort(distances[near], kind="stable")]
        return _Found(self.ids[order], distances[order])


def check_ids(ids: NDArray[np.int64] | None, items: int) -> NDArray[np.int64]:
    """Ids int64 `[N]`, 0 … N−1 if None; UsageError unless non-negative and ascending."""
    if ids is None:
        return np.arange(items, dtype=np.int64)
    if ids.dtype != np.int64 or ids.shape != (items,):
        raise UsageError(f"expected ids as int64 [{items}], found {ids.dtype} {list(ids.shape)}")
    if items and (ids[0] < 0 or (np.diff(ids) <= 0).any()):
        raise UsageError("expected ids that are non-negative, unique and ascending")
    return ids
