"""Answers from codes that lie elsewhere: an engine finds what is near, the rows say what may be.

An engine is asked for all items up to a distance, tied ones included. What needs more than
distances is done here: a filter that keeps up to `HERE` items is searched in this process by the
codes of those items, exactly, and kept; of a wider one the nearest candidates are asked for, more
and more, of those that may pass as far as the engine knows, and the rows say which do. Where
`WIDEST` candidates are too few, all that passes is gone through as the rows give it: it takes the
time that reading it takes, and is as exact. Logits order candidates by their codes.
"""

from collections.abc import Iterator
from dataclasses import replace
from threading import RLock
from typing import NamedTuple, Protocol

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

HERE = 1_000_000
"""Items that pass a filter, up to which they are searched in this process; more than anybody may
ask for."""
WIDEST = 8192
"""Candidates whose rows are asked whether they pass, before all that passes is gone through; twice
as many, which are asked of Milvus for those that tie, are the most that it gives."""
KEPT = 8
"""Filters whose codes are kept."""


class Candidates(NamedTuple):
    """All items up to a distance in order of (distance, id).

    ids, distances: int64 `[n]`. complete: none of them is missing. all: there are no others.
    """

    ids: NDArray[np.int64]
    distances: NDArray[np.int64]
    complete: bool
    all: bool


class Distances(Protocol):
    """What an engine is asked for, as of one publication; raises StorageError where it is away."""

    @property
    def name(self) -> str:
        """Of the engine, for a person."""
        ...

    @property
    def capabilities(self) -> Capabilities:
        """What it can be asked."""
        ...

    @property
    def segments(self) -> int:
        """Parts that the codes lie in."""
        ...

    def nearest(
        self, queries: Codes, reach: int, where: Filter | None = None
    ) -> Iterator[Candidates]:
        """For each query all items not farther than the `reach`-th.

        where: it may leave out items that do not pass.
        """
        ...

    def within(self, query: Codes, distance: int, where: Filter | None = None) -> Candidates:
        """All items not farther than a distance, likewise."""
        ...


class CandidateAnswers:
    """`Answers` of an engine that gives candidates."""

    def __init__(self, rows: Rows, engine: Distances) -> None:
        self._rows, self._engine = rows, engine
        self.capabilities = engine.capabilities
        self.segments = engine.segments if rows.count else 0
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
        reach, most = max(request.k, request.rerank or 0), self.capabilities.most
        if most is not None and reach > most and self._rows.count > most:
            raise UsageError(
                f"expected at most {most} answers or items to rerank of codes in "
                f"{self._engine.name}, found {reach}"
            )
        width = min(request.k, self._rows.count)
        ids = np.full((len(queries), width), NO_ID, np.int64)
        distances = np.full(ids.shape, queries.bits + 1, np.int32)
        complete = self.capabilities.exact
        for row, found in self._found(queries, reach, request.where):
            mine, apart = self._ordered(request, row, found)
            ids[row, : len(mine)], distances[row, : len(mine)] = mine, apart
            complete &= found.complete
        return SearchResult(ids, distances, complete)

    def _found(
        self, queries: Codes, reach: int, where: Filter | None
    ) -> Iterator[tuple[int, Candidates]]:
        """For each query, by its place, all items not farther than the `reach`-th that passes."""
        late = []
        for row, near in enumerate(self._engine.nearest(queries, reach, where)):
            found = self._passing(queries[row : row + 1], near, reach, where)
            if found is None:
                late.append(row)
            else:
                yield row, found
        if late and where is not None:
            asked = queries[np.array(late)]
            rest = self._by_rows(asked, where, reach=reach, distance=queries.bits)
            yield from zip(late, rest, strict=True)

    def radius(self, request: RadiusRequest) -> RadiusResult:
        """All items not farther than a distance."""
        few = self._few(request)
        if few is not None:
            return few.radius(replace(request, where=None, allowed=None))
        queries, parts = self._queries(request), []
        distance = min(request.max_distance, queries.bits)
        for row in range(len(queries)):
            query = queries[row : row + 1]
            found = self._engine.within(query, distance, request.where)
            if request.where is not None and found.complete:
                found = self._kept_of(found, request.where)
            elif request.where is not None:
                (found,) = self._by_rows(query, request.where, distance=distance)
            offsets = np.array([0, len(found.ids)], np.int64)
            apart = found.distances.astype(np.int32)
            complete = found.complete and self.capabilities.exact
            parts.append(RadiusResult(offsets, found.ids, apart, complete))
        return joined(parts)

    def _queries(self, request: Request) -> Codes:
        queries, lengths = request.searched_codes(self._rows.bits), self.capabilities.lengths
        if lengths is not None and queries.bits not in lengths:
            raise UsageError(
                f"expected a search by one of the lengths that {self._engine.name} keeps, "
                f"{', '.join(map(str, lengths))} bits, found {queries.bits}"
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

    def _passing(
        self, query: Codes, near: Candidates, reach: int, where: Filter | None
    ) -> Candidates | None:
        """All items not farther than the `reach`-th that passes; None where candidates end."""
        if where is None:
            return near
        wanted, most = reach, min(self.capabilities.most or WIDEST, WIDEST)
        while True:
            found = self._kept_of(near, where)
            if len(found.ids) >= reach:
                last = found.distances[reach - 1]
                within = found.distances <= last
                # what may be missing ties with the farthest of the candidates
                complete = near.complete or bool(last < near.distances[-1])
                return Candidates(found.ids[within], found.distances[within], complete, all=False)
            if near.complete and near.all:
                return found
            if not near.complete or wanted >= most:
                return None
            # as many as should hold enough of those that pass, as far as these tell
            likely = 3 * reach * len(near.ids) // (2 * len(found.ids)) if len(found.ids) else most
            wanted = min(max(2 * wanted, likely), most)
            (near,) = self._engine.nearest(query, wanted, where)

    def _by_rows(
        self, queries: Codes, where: Filter, *, reach: int = 0, distance: int
    ) -> list[Candidates]:
        """For each query the items that pass up to a distance, or to the `reach`-th if nearer."""
        nothing = np.empty(0, np.int64)
        found = [Candidates(nothing, nothing, complete=True, all=True)] * len(queries)
        for ids, codes in self._rows.passing(where):
            searched = codes.prefix(queries.bits)
            for row, nearer in enumerate(found):
                apart = searched.distances(queries[row : row + 1])[:, 0].astype(np.int64)
                found[row] = _joined(nearer, ids, apart, reach, distance)
        return [in_order(e.ids, e.distances, complete=True, everything=e.all) for e in found]

    def _kept_of(self, near: Candidates, where: Filter) -> Candidates:
        keep = self._rows.keeps(near.ids, where)
        return near._replace(ids=near.ids[keep], distances=near.distances[keep])

    def _ordered(
        self, request: SearchRequest, row: int, found: Candidates
    ) -> tuple[NDArray[np.int64], NDArray[np.int32]]:
        """The k best of candidates as the request orders them."""
        if request.logits is None:
            count = request.k
            if request.max_distance is not None:
                count = min(count, int((found.distances <= request.max_distance).sum()))
            return found.ids[:count], found.distances[:count].astype(np.int32)
        ids = np.sort(found.ids)
        engine = ReferenceEngine(self._rows.codes_of(ids), ids)
        answer = engine.search(replace(request.of_query(row), where=None, allowed=None))
        there = answer.ids[0] != NO_ID
        return answer.ids[0][there], answer.distances[0][there]


def _joined(
    found: Candidates,
    ids: NDArray[np.int64],
    distances: NDArray[np.int64],
    reach: int,
    distance: int,
) -> Candidates:
    """Candidates with further ones, without those beyond a distance or beyond the `reach`-th."""
    ids, distances = np.append(found.ids, ids), np.append(found.distances, distances)
    if 0 < reach < len(ids):
        distance = min(distance, int(np.partition(distances, reach - 1)[reach - 1]))
    near = distances <= distance
    everything = found.all and bool(near.all())
    return Candidates(ids[near], distances[near], complete=True, all=everything)


def in_order(
    ids: NDArray[np.int64], distances: NDArray[np.int64], *, complete: bool, everything: bool
) -> Candidates:
    """Candidates that came in any order."""
    order = np.lexsort((ids, distances))
    return Candidates(ids[order], distances[order], complete, everything)
