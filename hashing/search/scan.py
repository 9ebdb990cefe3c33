"""The fast engine: codes by bit planes, scanned by the compiled kernel on all cores."""

import os
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import cache, cached_property
from itertools import pairwise
from types import ModuleType
from typing import Any, Self, TypeVar

import numpy as np
from numpy.typing import NDArray

from hashing.codes import Codes
from hashing.errors import UsageError
from hashing.search.loading import KernelLoader
from hashing.search.parts import Allowed, Part, all_of, some_of
from hashing.search.plan import Plan, plan
from hashing.search.protocol import NO_ID, RadiusResult, SearchResult
from hashing.search.reference import ReferenceEngine
from hashing.search.request import Request, check_allowed, check_radius, check_search
from hashing.search.sliced import SlicedCodes, build_sliced

# When numpy answers, measured in codes compared: it takes some 5 ns for each.
_CALL = 4_000
"""What a query costs numpy beside its comparisons."""
SMALL = 14_000
"""A search that numpy answers as fast as the kernel would."""
_LOAD_AFTER = 10_000_000
"""So much work done by numpy in this process has cost nearly as much as loading the kernel."""
_WAIT_FROM = 100_000_000
"""A search that is better answered late by the kernel than by numpy."""

_TILE_BLOCKS = 4
"""Blocks that all queries pass over while they lie in the innermost cache."""
_BLOCKS_PER_THREAD = 1024
"""Fewer blocks than this are not worth a thread when there is one query."""
_KEYS = 1 << 22
"""Keys kept at a time: bounds the memory of a batch whose k is large."""
_RANK = np.uint64(0xFFFFFFFF)
_NO_KEY = ~np.uint64(0)

Keys = NDArray[np.uint64]
"""distance << 32 | rank (or slot); sorted keys are in order of (distance, id)."""
T = TypeVar("T")
R = TypeVar("R")


class ScanEngine:
    """Exact search of segments of sliced codes; see `Engine` for the arguments.

    Small searches are left to the reference engine. So are others until the kernel is ready: it
    is loaded in the background once they add up to enough work; `warm` waits for it.
    """

    def __init__(
        self, codes: Codes, ids: NDArray[np.int64] | None = None, *, threads: int | None = None
    ) -> None:
        self._set([build_sliced(codes, ids)], threads)

    @classmethod
    def from_segments(cls, segments: Sequence[SlicedCodes], *, threads: int | None = None) -> Self:
        """Search several segments as one; ids ascend from each to the next. Copies nothing."""
        engine = cls.__new__(cls)
        engine._set(segments, threads)
        return engine

    def _set(self, segments: Sequence[SlicedCodes], threads: int | None) -> None:
        lengths = sorted({segment.bits for segment in segments})
        if len(lengths) != 1:
            raise UsageError(f"expected segments of one code length, found {lengths}")
        filled = [segment for segment in segments if segment.items]
        for before, after in pairwise(filled):
            if before.last_id >= after.first_id:
                raise UsageError(
                    "expected ids that ascend from segment to segment, found "
                    f"{after.first_id} after {before.last_id}"
                )
        self.segments = tuple(segments)
        self._parts = all_of(filled)
        self._bits = lengths[0]
        self._threads = threads or _cores()

    @property
    def bits(self) -> int:
        """Length of the stored codes."""
        return self._bits

    def __len__(self) -> int:
        return sum(segment.items for segment in self.segments)

    def warm(self) -> None:
        """Wait until the kernel is ready; what follows is answered by it."""
        KERNEL.wait()

    def prepare(self, allowed: NDArray[np.bool_]) -> Allowed:
        """Make a mask ready for many searches; give the result as their `allowed`."""
        return some_of(self.segments, check_allowed(allowed, len(self)))

    def search(
        self,
        queries: Codes,
        k: int,
        *,
        allowed: NDArray[np.bool_] | Allowed | None = None,
        max_distance: int | None = None,
        bits: int | None = None,
        logits: NDArray[np.float32] | None = None,
        rerank: int | None = None,
    ) -> SearchResult:
        """Find the k nearest items of each query; see `Engine.search`."""
        some = self._prepared(allowed)
        count = len(self) if some is None else some.count
        request = check_search(self.bits, count, queries, k, max_distance, bits, logits, rerank)
        kernel = self._kernel(len(queries))
        if kernel is None:
            return self._reference().search(
                queries,
                k,
                allowed=None if some is None else some.mask,
                max_distance=max_distance,
                bits=bits,
                logits=logits,
                rerank=rerank,
            )
        search = _Search(kernel, self._bits, self._parts if some is None else some.parts)
        return search.nearest(request, self._threads)

    def radius(
        self,
        queries: Codes,
        max_distance: int,
        *,
        allowed: NDArray[np.bool_] | Allowed | None = None,
        bits: int | None = None,
    ) -> RadiusResult:
        """Find all items not farther than `max_distance`; see `Engine.radius`."""
        some = self._prepared(allowed)
        request = check_radius(self.bits, queries, max_distance, bits)
        kernel = self._kernel(len(queries))
        if kernel is None:
            mask = None if some is None else some.mask
            return self._reference().radius(queries, max_distance, allowed=mask, bits=bits)
        search = _Search(kernel, self._bits, self._parts if some is None else some.parts)
        return search.within(request, self._threads)

    def _prepared(self, allowed: NDArray[np.bool_] | Allowed | None) -> Allowed | None:
        return self.prepare(allowed) if isinstance(allowed, np.ndarray) else allowed

    def _kernel(self, queries: int) -> ModuleType | None:
        """The kernel, if it should answer so many queries; None leaves them to numpy."""
        work = queries * (len(self) + _CALL)
        if work <= SMALL:
            return None
        return KERNEL.wait() if work >= _WAIT_FROM else KERNEL.for_work(work)

    @cached_property
    def _kept_reference(self) -> ReferenceEngine:
        return self._make_reference()

    def _reference(self) -> ReferenceEngine:
        """Codes by rows once more: kept only where that takes little memory."""
        return self._kept_reference if len(self) <= SMALL else self._make_reference()

    def _make_reference(self) -> ReferenceEngine:
        codes = Codes.concatenate([segment.item_codes() for segment in self.segments])
        ids = [segment.ids_of(np.arange(segment.items)) for segment in self.segments]
        return ReferenceEngine(codes, np.concatenate(ids))


class _Search:
    """One call of the engine: the kernel and what it reads."""

    def __init__(self, kernel: Any, bits: int, parts: tuple[Part, ...]) -> None:
        self._kernel, self._bits, self._parts = kernel, bits, parts
        self._segments = [kernel.Segment(*part.arrays) for part in parts]

    def nearest(self, request: Request, threads: int) -> SearchResult:
        shape = (len(request.queries), request.k)
        if 0 in shape:
            return SearchResult(np.empty(shape, np.int64), np.empty(shape, np.int32))
        if request.weights is None:
            keys = self._best(request.queries, request.k, request.max_distance, threads)
            return self._result(keys, request.bits)
        reach = request.rerank or request.k
        farthest = self._best(request.queries, reach, request.max_distance, threads)[:, -1]
        limits = np.minimum(farthest >> np.uint64(32), request.max_distance).astype(np.int64)
        arguments = list(zip(range(len(limits)), request.weights, limits.tolist(), strict=True))
        rows = _map(lambda query: self._reranked(request, *query), arguments, threads)
        return self._result(np.stack(rows), request.bits)

    def within(self, request: Request, threads: int) -> RadiusResult:
        plans = plan(request.queries, self._bits)
        queries = range(len(request.queries))
        found = _map(lambda query: self._ball(plans, query, request.max_distance), queries, threads)
        keys = np.concatenate([*found, np.empty(0, np.uint64)])
        result = self._result(keys[None], request.bits)
        offsets = np.cumsum([0, *map(len, found)], dtype=np.int64)
        return RadiusResult(offsets, result.ids[0], result.distances[0])

    def _result(self, keys: Keys, bits: int) -> SearchResult:
        """Ids and distances of keys; padding where a key is missing."""
        ranks = (keys & _RANK).astype(np.int64)
        missing = keys == _NO_KEY
        ids = np.full(keys.shape, NO_ID, np.int64)
        for part in self._parts:
            inside = (ranks >= part.base) & (ranks < part.base + part.segment.items) & ~missing
            ids[inside] = part.segment.ids_of(ranks[inside] - part.base)
        distances = np.where(missing, bits + 1, (keys >> np.uint64(32)).astype(np.int64))
        return SearchResult(ids, distances.astype(np.int32))

    def _best(self, queries: Codes, k: int, limit: int, threads: int) -> Keys:
        """The k best keys of each query in order, `_NO_KEY` where there are fewer."""
        plans = plan(queries, self._bits)
        blocks = sum(part.segment.blocks for part in self._parts)
        if len(queries) < threads and blocks >= 2 * _BLOCKS_PER_THREAD:
            pieces = min(threads, blocks // _BLOCKS_PER_THREAD)
            found = _map(
                lambda span: self._scan(plans, k, limit, *span), _spans(blocks, pieces), threads
            )
            return np.sort(np.concatenate(found, axis=1), axis=1)[:, :k]
        rows = max(1, min(-(-len(queries) // threads), _KEYS // _room(k)))
        chunks = [
            _rows(plans, slice(first, first + rows)) for first in range(0, len(queries), rows)
        ]
        return np.concatenate(
            _map(lambda chunk: self._scan(chunk, k, limit, 0, blocks), chunks, threads)
        )

    def _scan(self, plans: Plan, k: int, limit: int, first: int, last: int) -> Keys:
        """The best keys of each query among the blocks first … last − 1 of all parts."""
        kernel, best = self._kernel, self._empty(len(plans.terms), _room(k), limit)
        for part, segment, start, stop in self._pieces(first, last):
            tile = _TILE_BLOCKS * kernel.STEPS
            steps = start * kernel.STEPS, stop * kernel.STEPS
            kernel.scan(segment, plans, best, part.base, part.segment.slots, k, *steps, tile, False)
        kernel.settle(best, k)
        return np.sort(best.keys[:, :k], axis=1)

    def _pieces(self, first: int, last: int) -> Iterable[tuple[Part, Any, int, int]]:
        """The parts that the blocks first … last − 1 of all lie in, each with its own numbers."""
        before = 0
        for part, segment in zip(self._parts, self._segments, strict=True):
            start, stop = max(first - before, 0), min(last - before, part.segment.blocks)
            before += part.segment.blocks
            if start < stop:
                yield part, segment, start, stop

    def _empty(self, queries: int, room: int, limit: int) -> Any:
        state = np.tile(np.array([limit, 0, 0, -1]), (queries, 1))
        histogram = np.zeros((queries, self._bits + 1), np.int64)
        return self._kernel.Best(state, histogram, np.empty((queries, room), np.uint64))

    def _slots(self, plans: Plan, query: int, number: int, limit: int) -> Keys:
        """Keys (distance, slot) of all codes of one part within a distance."""
        kernel, part = self._kernel, self._parts[number]
        plans = _rows(plans, slice(query, query + 1))
        best = self._empty(1, 4096, limit)
        step, last = 0, part.segment.blocks * kernel.STEPS
        tile = _TILE_BLOCKS * kernel.STEPS
        while True:
            step = kernel.scan(
                self._segments[number],
                plans,
                best,
                part.base,
                part.segment.slots,
                _EVERY,
                step,
                last,
                tile,
                True,
            )
            if step == last:
                keys: Keys = best.keys[0, : best.state[0, 2]]
                return keys
            best = best._replace(keys=np.concatenate([best.keys, best.keys], axis=1))

    def _items(self, number: int, keys: Keys, k: int) -> tuple[NDArray[np.int64], Keys]:
        """Rows of `keys` and keys (distance, rank) of at most k allowed items per slot."""
        part = self._parts[number]
        slots = (keys & _RANK).astype(np.int64)
        if part.segment.shared:
            rows, ranks = self._kernel.expand(self._segments[number], slots, k)
        else:
            rows, ranks = np.arange(len(keys)), slots
        distances = keys[rows] & ~_RANK
        return rows, distances | (ranks + part.base).astype(np.uint64)

    def _ball(self, plans: Plan, query: int, limit: int) -> Keys:
        """Keys of all items within a distance, in order."""
        found = [np.empty(0, np.uint64)]
        for number in range(len(self._parts)):
            keys = self._slots(plans, query, number, limit)
            found.append(self._items(number, keys, _EVERY)[1])
        return np.sort(np.concatenate(found))

    def _reranked(
        self, request: Request, query: int, weights: NDArray[np.int32], limit: int
    ) -> Keys:
        """The k first keys within a distance, in the order asked for."""
        plans = plan(request.queries[query : query + 1], self._bits)
        scores, found = [], []
        for number, segment in enumerate(self._segments):
            keys = self._slots(plans, 0, number, limit)
            slots = (keys & _RANK).astype(np.int64)
            by_slot = self._kernel.scores(segment.planes, plans.stride, slots, weights)
            rows, items = self._items(number, keys, request.k)
            scores.append(by_slot[rows])
            found.append(items)
        falling, keys = -np.concatenate(scores), np.concatenate(found)
        if request.rerank is None:
            order = np.lexsort((keys & _RANK, falling, keys >> np.uint64(32)))
        else:
            order = np.lexsort((keys, falling))
        chosen = np.full(request.k, _NO_KEY)
        chosen[: len(order)] = keys[order[: request.k]]
        return chosen


_EVERY = 1 << 40
"""A k that nothing reaches."""


def _room(k: int) -> int:
    """Keys kept for each query: some more than k, so that they are seldom sorted out."""
    return 2 * k + 64


def _rows(plans: Plan, rows: slice) -> Plan:
    return plans._replace(offsets=plans.offsets[rows], terms=plans.terms[rows])


def _spans(total: int, pieces: int) -> list[tuple[int, int]]:
    edges = [total * piece // pieces for piece in range(pieces + 1)]
    return list(pairwise(edges))


def _map(function: Callable[[T], R], values: Sequence[T], threads: int) -> list[R]:
    """Apply a function to all values, on several threads where there are several."""
    if threads == 1 or len(values) == 1:
        return [function(value) for value in values]
    return list(_pool().map(function, values))


@cache
def _pool() -> ThreadPoolExecutor:
    return ThreadPoolExecutor(_cores(), thread_name_prefix="search")


def _cores() -> int:
    """Cores that this process may use."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def _warm(kernel: ModuleType) -> None:
    """Call every function of the kernel once, so that all are compiled."""
    codes = Codes(np.repeat(np.arange(4, dtype=np.uint8), 4)[:, None], 8)
    allowed = some_of([build_sliced(codes)], np.arange(16) % 3 > 0)
    search = _Search(kernel, 8, allowed.parts)
    logits = np.ones((4, 8), np.float32)
    search.nearest(check_search(8, 16, codes[:4], 2, None, None, logits, 4), 1)
    search.within(check_radius(8, codes[:4], 2, None), 1)


KERNEL = KernelLoader("hashing.search.kernel", _warm, _LOAD_AFTER)
