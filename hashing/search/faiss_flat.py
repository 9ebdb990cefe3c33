"""faiss `IndexBinaryFlat` behind the engine protocol (optional: needs faiss-cpu).

faiss promises no order among ties and knows neither filters nor prefixes. So it is asked for the
distance of the k-th item only, then for all items within it, and the reference engine puts those
few in order. For a filter or a prefix the codes concerned are indexed anew.
"""

import numpy as np
from numpy.typing import NDArray

from hashing.codes import Codes
from hashing.errors import UsageError
from hashing.search.protocol import NO_ID, RadiusResult, SearchResult
from hashing.search.reference import ReferenceEngine
from hashing.search.request import check_allowed, check_ids, check_radius, check_search


class FaissEngine:
    """Exact search by faiss; see `Engine` for the arguments."""

    def __init__(self, codes: Codes, ids: NDArray[np.int64] | None = None) -> None:
        try:
            import faiss
        except ImportError as error:
            raise UsageError(
                'expected faiss, found none: install it with pip install -e ".[faiss]"'
            ) from error
        self._faiss = faiss
        self._codes, self._ids = codes, check_ids(ids, len(codes))
        self._index = self._indexed(codes)

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
        """Find the k nearest items of each query; see `Engine.search`."""
        rows = self._rows(allowed)
        request = check_search(self.bits, len(rows), queries, k, max_distance, bits, logits, rerank)
        ids = np.full((len(queries), request.k), NO_ID, np.int64)
        distances = np.full(ids.shape, request.bits + 1, np.int32)
        if not ids.size:
            return SearchResult(ids, distances)
        index = self._index_of(rows, request.bits)
        farthest, _ = index.search(request.queries.packed, request.rerank or request.k)
        limits = np.minimum(farthest[:, -1], request.max_distance)
        for query, limit in enumerate(limits.tolist()):
            near = rows[_within(index, request.queries[query : query + 1], limit)]
            found = ReferenceEngine(self._codes[near], self._ids[near]).search(
                queries[query : query + 1],
                k,
                max_distance=limit,
                bits=request.bits,
                logits=None if logits is None else logits[query : query + 1],
                rerank=rerank,
            )
            width = found.ids.shape[1]
            ids[query, :width], distances[query, :width] = found.ids[0], found.distances[0]
        return SearchResult(ids, distances)

    def radius(
        self,
        queries: Codes,
        max_distance: int,
        *,
        allowed: NDArray[np.bool_] | None = None,
        bits: int | None = None,
    ) -> RadiusResult:
        """Find all items not farther than `max_distance`; see `Engine.radius`."""
        rows = self._rows(allowed)
        request = check_radius(self.bits, queries, max_distance, bits)
        index = self._index_of(rows, request.bits)
        found = []
        for query in range(len(queries)):
            one = request.queries[query : query + 1]
            near = rows[_within(index, one, request.max_distance)]
            engine = ReferenceEngine(self._codes[near], self._ids[near])
            found.append(engine.radius(one, max_distance, bits=request.bits))
        none = ReferenceEngine(self._codes[:0]).radius(request.queries[:0], 0, bits=request.bits)
        return RadiusResult(
            np.cumsum([0, *(len(part.ids) for part in found)], dtype=np.int64),
            np.concatenate([none.ids, *(part.ids for part in found)]),
            np.concatenate([none.distances, *(part.distances for part in found)]),
        )

    def _rows(self, allowed: NDArray[np.bool_] | None) -> NDArray[np.int64]:
        if allowed is None:
            return np.arange(len(self))
        return np.flatnonzero(check_allowed(allowed, len(self)))

    def _index_of(self, rows: NDArray[np.int64], bits: int):  # type: ignore[no-untyped-def]
        if len(rows) == len(self) and bits == self.bits:
            return self._index
        return self._indexed(self._codes[rows].prefix(bits))

    def _indexed(self, codes: Codes):  # type: ignore[no-untyped-def]
        index = self._faiss.IndexBinaryFlat(codes.bits)
        index.add(codes.packed)
        return index


def _within(index, query: Codes, limit: int) -> NDArray[np.int64]:  # type: ignore[no-untyped-def]
    """Rows of all codes within a distance of one query, ascending."""
    _, _, rows = index.range_search(query.packed, limit + 1)  # faiss means "closer than"
    return np.sort(rows.astype(np.int64))
