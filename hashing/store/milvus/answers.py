"""Distances as of one publication, in order of (distance, id)."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from threading import RLock
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from hashing.codes import Codes
from hashing.errors import UsageError
from hashing.filters import Filter
from hashing.search import (
    RadiusRequest,
    RadiusResult,
    ReferenceEngine,
    ScanEngine,
    SearchRequest,
    SearchResult,
)
from hashing.search.request import Request
from hashing.search.result import NO_ID, joined
from hashing.store.code_search import Capabilities, Rows
from hashing.store.milvus.server import MOST, Found, Server

HERE = 1_000_000
"""Items that pass a filter, up to which they are searched in this process; more than anybody may
ask for."""
KEPT = 8
"""Filters whose codes are kept."""
ROWS_AT_ONCE = 1 << 18
"""Answers to a batch of queries that are asked for by one call."""


class _Candidates(NamedTuple):
    """All items up to a distance in order of (distance, id); complete: none of them is missing.

    all: whether there are no others at all.
    """

    ids: NDArray[np.int64]
    distances: NDArray[np.int64]
    complete: bool
    all: bool


class MilvusAnswers:
    """Codes in Milvus as of one publication."""

    def __init__(
        self,
        server: Server,
        rows: Rows,
        names: Mapping[int, str],
        consistency: Callable[[], str],
    ) -> None:
        self._server, self._rows, self._names = server, rows, names
        self._consistency = consistency
        mark = rows.mark
        self._there = f"id >= 0 and id < {mark.next_id} and removed > {mark.number}"
        self.capabilities = Capabilities(tuple(sorted(names)), MOST)
        self.segments = len(names) if rows.count else 0
        self._kept: dict[Filter, ScanEngine | None] = {}
        self._guard = RLock()

    def ids(self, where: Filter | None = None) -> NDArray[np.int64]:
        """Ids of the items that are there and pass a filter."""
        return self._rows.ids(where)

    def contains(self, ids: NDArray[np.int64]) -> NDArray[np.bool_]:
        """Which of these ids are those of items that are there."""
        return self._rows.contains(ids)

    def search(self, request: SearchRequest) -> SearchResult:
        """The k nearest items."""
        few = self._few(request)
        if few is not None:
            return few.search(replace(request, where=None, allowed=None))
        queries = self._queries(request)
        reach = max(request.k, request.rerank or 0)
        if reach > MOST and self._rows.count > MOST:
            raise UsageError(
                f"expected at most {MOST} answers or items to rerank of codes in Milvus, "
                f"found {reach}"
            )
        width = min(request.k, self._rows.count)
        ids = np.full((len(queries), width), NO_ID, np.int64)
        distances = np.full(ids.shape, queries.bits + 1, np.int32)
        complete = True
        for row, found in enumerate(self._nearest(queries, reach, request)):
            mine, apart = self._ordered(request, row, found, queries.bits)
            ids[row, : len(mine)], distances[row, : len(mine)] = mine, apart
            complete &= found.complete
        return SearchResult(ids, distances, complete)

    def radius(self, request: RadiusRequest) -> RadiusResult:
        """All items not farther than a distance."""
        few = self._few(request)
        if few is not None:
            return few.radius(replace(request, where=None, allowed=None))
        queries, parts = self._queries(request), []
        for row in range(len(queries)):
            found = self._within(queries[row : row + 1], request.max_distance, request)
            offsets = np.array([0, len(found.ids)], np.int64)
            apart = found.distances.astype(np.int32)
            parts.append(RadiusResult(offsets, found.ids, apart, found.complete))
        return joined(parts)

    def _queries(self, request: Request) -> Codes:
        queries = request.searched_codes(self._rows.bits)
        if queries.bits not in self._names:
            known = ", ".join(map(str, sorted(self._names)))
            raise UsageError(
                f"expected a search by one of the lengths that Milvus keeps, {known} bits, found "
                f"{queries.bits}"
            )
        return queries

    def _few(self, request: Request) -> "ScanEngine | None":
        """The codes of all items that may be found, where these are few enough to search here."""
        ids, where = request.allowed_ids, request.where
        if ids is not None:
            ids = np.unique(ids[ids >= 0])
            ids = ids[self._rows.contains(ids)]
            if where is not None:
                ids = ids[self._rows.keeps(ids, where)]
            return ScanEngine(self._rows.codes_of(ids), ids)
        if where is None:
            return None
        with self._guard:
            if where not in self._kept:
                found = self._rows.some(where, HERE)
                self._kept[where] = found and ScanEngine(found[1], found[0])
                for oldest in list(self._kept)[:-KEPT]:
                    del self._kept[oldest]
            return self._kept[where]

    def _ordered(
        self, request: SearchRequest, row: int, found: _Candidates, bits: int
    ) -> tuple[NDArray[np.int64], NDArray[np.int32]]:
        """The k best of candidates as the request orders them."""
        if request.logits is None:
            kept = slice(0, request.k)
            if request.max_distance is not None:
                kept = slice(
                    0, min(request.k, int((found.distances <= request.max_distance).sum()))
                )
            return found.ids[kept], found.distances[kept].astype(np.int32)
        ids = np.sort(found.ids)
        engine = ReferenceEngine(self._rows.codes_of(ids), ids)
        answer = engine.search(replace(request.of_query(row), where=None, allowed=None))
        there = answer.ids[0] != NO_ID
        return answer.ids[0][there], answer.distances[0][there]

    def _nearest(self, queries: Codes, reach: int, request: Request) -> Iterator[_Candidates]:
        """For each query all items not farther than the `reach`-th that passes the filter."""
        limit = min(2 * reach, MOST)
        step = max(1, ROWS_AT_ONCE // limit)
        for start in range(0, len(queries), step):
            some = queries[start : start + step]
            for row, found in enumerate(self._ask(some, limit)):
                yield self._completed(some[row : row + 1], found, limit, reach, request)

    def _completed(
        self, query: Codes, found: Found, limit: int, reach: int, request: Request
    ) -> _Candidates:
        """What was found with the tied group at the cut, until enough of it passes the filter."""
        wanted = reach
        while True:
            near = self._with_ties(query, found, limit, wanted)
            if request.where is None:
                return near
            keep = self._rows.keeps(near.ids, request.where)
            ids, apart = near.ids[keep], near.distances[keep]
            if near.all or len(ids) >= reach or not near.complete or wanted >= MOST:
                enough = near.all or len(ids) >= reach
                if len(ids) >= reach:
                    within = apart <= apart[reach - 1]
                    ids, apart = ids[within], apart[within]
                return _Candidates(ids, apart, near.complete and enough, near.all)
            wanted = min(4 * wanted, MOST)
            limit = min(2 * wanted, MOST)
            (found,) = self._ask(query, limit)

    def _with_ties(self, query: Codes, found: Found, limit: int, reach: int) -> _Candidates:
        ids, apart = found
        if len(ids) < limit:
            everything = len(ids) <= reach
            cut = apart <= (apart[min(reach, len(ids)) - 1] if len(ids) else 0)
            return _sorted(ids[cut], apart[cut], complete=True, everything=everything)
        last = int(apart[min(reach, len(ids)) - 1])
        if apart[-1] > last:
            cut = apart <= last
            return _sorted(ids[cut], apart[cut], complete=True, everything=False)
        ((ids, apart),) = self._ask(query, MOST, radius=last + 1)
        return _sorted(ids, apart, complete=len(ids) < MOST, everything=False)

    def _within(self, query: Codes, distance: int, request: Request) -> _Candidates:
        if distance >= query.bits:
            distance = query.bits
        ((ids, apart),) = self._ask(query, MOST, radius=distance + 1)
        found = _sorted(ids, apart, complete=len(ids) < MOST, everything=False)
        if request.where is None:
            return found
        keep = self._rows.keeps(found.ids, request.where)
        return _Candidates(found.ids[keep], found.distances[keep], found.complete, all=False)

    def _ask(self, queries: Codes, limit: int, radius: int | None = None) -> list[Found]:
        """The nearest of each query in order of distance; below a radius, of all there are."""
        return self._server.nearest(
            self._names[queries.bits],
            queries,
            limit,
            where=self._there,
            consistency=self._consistency(),
            radius=radius,
        )


def _sorted(
    ids: NDArray[np.int64], distances: NDArray[np.int64], *, complete: bool, everything: bool
) -> _Candidates:
    order = np.lexsort((ids, distances))
    return _Candidates(ids[order], distances[order], complete, everything)
