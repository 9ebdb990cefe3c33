"""faiss `IndexBinaryFlat` behind the engine protocol (optional: needs faiss-cpu).

faiss promises no order among ties and knows neither filters nor prefixes. So it is asked for the
distance of the k-th item only, then for all items within it, and the reference engine puts those
few in order. For a filter or a prefix the codes concerned are indexed anew.
"""

from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from hashing.codes import Codes
from hashing.errors import UsageError
from hashing.search.reference import ReferenceEngine
from hashing.search.request import Allowed, RadiusRequest, Request, SearchRequest, check_ids
from hashing.search.result import NO_ID, RadiusResult, SearchResult, joined


class FaissEngine:
    """Exact search by faiss; see `Engine`."""

    def __init__(self, codes: Codes, ids: NDArray[np.int64] | None = None) -> None:
        try:
            import faiss
        except ImportError as error:
            raise UsageError(
                "expected faiss, found none: install it with pip install faiss-cpu"
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

    def search(self, request: SearchRequest) -> SearchResult:
        """Find the k nearest items of each query."""
        queries, rows = request.searched_codes(self.bits), self._rows(request)
        k, reach = (min(wanted, len(rows)) for wanted in (request.k, request.rerank or request.k))
        ids = np.full((len(queries), k), NO_ID, np.int64)
        distances = np.full(ids.shape, queries.bits + 1, np.int32)
        if not ids.size:
            return SearchResult(ids, distances)
        index = self._index_of(rows, queries.bits)
        farthest, _ = index.search(queries.packed, reach)
        for query, limit in enumerate(farthest[:, -1].tolist()):
            one = request.of_query(query)
            if one.max_distance is not None:
                limit = min(limit, one.max_distance)
            near = rows[_within(index, queries[query : query + 1], limit)]
            found = self._ordering(near).search(replace(one, allowed=None))
            width = found.ids.shape[1]
            ids[query, :width], distances[query, :width] = found.ids[0], found.distances[0]
        return SearchResult(ids, distances)

    def radius(self, request: RadiusRequest) -> RadiusResult:
        """Find all items not farther than a distance."""
        queries, rows = request.searched_codes(self.bits), self._rows(request)
        index = self._index_of(rows, queries.bits)
        found = []
        for query in range(len(queries)):
            one = queries[query : query + 1]
            near = rows[_within(index, one, request.max_distance)]
            found.append(
                self._ordering(near).radius(
                    RadiusRequest(one, request.max_distance, bits=queries.bits)
                )
            )
        return joined(found)

    def _ordering(self, rows: NDArray[np.int64]) -> ReferenceEngine:
        return ReferenceEngine(self._codes[rows], self._ids[rows])

    def _rows(self, request: Request) -> NDArray[np.int64]:
        """Rows of the allowed items."""
        request.refuse_filter()
        if request.allowed is None:
            return np.arange(len(self))
        if isinstance(request.allowed, Allowed):
            return np.flatnonzero(request.allowed.mask)
        return np.flatnonzero(np.isin(self._ids, request.allowed))

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
