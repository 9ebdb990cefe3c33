"""One call of the scan engine: the kernel is given its arrays, and its keys become answers.

A key is distance << 32 | rank (or slot), so that sorted keys are in order of (distance, id). Work
is shared among threads by query, or by blocks where there are fewer queries than threads.
"""

from collections.abc import Iterable, Iterator, Sequence
from itertools import pairwise
from typing import Any

import numpy as np
from numpy.typing import NDArray

from hashing.search.request import RadiusRequest, SearchRequest
from hashing.search.result import NO_ID, RadiusResult, SearchResult
from hashing.search.scan.parts import Part
from hashing.search.scan.plan import Plan, plan
from hashing.search.threads import each, share

Keys = NDArray[np.uint64]

_TILE_BYTES = 24 << 10
"""Codes that all queries pass over while they lie in the innermost cache."""
_PIECE = 1024
"""Blocks that one of several threads takes at a time for a single query."""
_BATCH = 64
"""Queries that a thread takes at a time: enough to use what lies in the cache for many of them."""
_KEYS = 1 << 22
"""Keys kept at a time: bounds the memory of a batch whose k is large."""
_GATHERED = 4096
"""Codes within a distance for which there is room at first."""
_EVERY = 1 << 40
"""A k that nothing reaches."""
_LOW = np.uint64(0xFFFFFFFF)
_HIGH = np.uint64(32)
_NO_KEY = ~np.uint64(0)


class Driver:
    """The kernel and the parts of one call; `bits` is the stored length."""

    def __init__(self, kernel: Any, bits: int, parts: Sequence[Part], threads: int) -> None:
        self._kernel, self._bits, self._parts, self._threads = kernel, bits, parts, threads
        self._segments = [kernel.Segment(*part.arrays) for part in parts]

    def nearest(self, request: SearchRequest, items: int) -> SearchResult:
        """Find the k nearest of so many allowed items for each query."""
        queries, limit = request.searched_codes(self._bits), request.max_distance
        k, reach = (min(wanted, items) for wanted in (request.k, request.rerank or request.k))
        if not (queries and k):
            shape = len(queries), k
            return SearchResult(np.empty(shape, np.int64), np.empty(shape, np.int32))
        limit = queries.bits if limit is None else min(limit, queries.bits)
        plans = plan(queries, self._bits, self._kernel.choose_planes)
        if request.fixed_logits is None:
            return self._answer(self._best(plans, k, limit), queries.bits)
        farthest = self._best(plans, reach, limit)[:, -1]
        limits = np.minimum(farthest >> _HIGH, limit).astype(np.int64).tolist()
        tasks = list(zip(_each(plans), request.fixed_logits, limits, strict=True))
        by_score = request.rerank is not None
        ordered = each(lambda task: self._ordered(*task, k, by_score), tasks, self._threads)
        return self._answer(np.stack(ordered), queries.bits)

    def within(self, request: RadiusRequest) -> RadiusResult:
        """Find all items within the maximum distance."""
        queries = request.searched_codes(self._bits)
        limit = min(request.max_distance, queries.bits)
        plans = _each(plan(queries, self._bits, self._kernel.choose_planes))
        found = each(lambda query: self._ball(query, limit), plans, self._threads)
        keys = np.concatenate([np.empty(0, np.uint64), *found])
        answer = self._answer(keys[None], queries.bits)
        offsets = np.cumsum([0, *map(len, found)], dtype=np.int64)
        return RadiusResult(offsets, answer.ids[0], answer.distances[0])

    def _answer(self, keys: Keys, bits: int) -> SearchResult:
        """Ids and distances of keys; padding where a key is missing."""
        ranks = (keys & _LOW).astype(np.int64)  # that of a missing key is no item's
        ids = np.full(keys.shape, NO_ID, np.int64)
        for part in self._parts:
            inside = (ranks >= part.base) & (ranks < part.base + part.segment.items)
            ids[inside] = part.segment.ids_of(ranks[inside] - part.base)
        distances = np.minimum(keys >> _HIGH, np.uint64(bits + 1))
        return SearchResult(ids, distances.astype(np.int32))

    def _best(self, plans: Plan, k: int, limit: int) -> Keys:
        """The k best keys of each query in order, `_NO_KEY` where there are fewer."""
        queries, blocks = len(plans.terms), sum(part.segment.blocks for part in self._parts)
        if queries < self._threads and blocks > _PIECE:
            edges = [*range(0, blocks, _PIECE), blocks]
            found = share(
                lambda spans: self._scan(plans, k, limit, spans),
                list(pairwise(edges)),
                self._threads,
            )
            return np.sort(np.concatenate(found, axis=1), axis=1)[:, :k]
        rows = min(-(-queries // self._threads), _KEYS // _room(k))
        rows = max(1, rows if self._threads == 1 else min(rows, _BATCH))
        chunks = [_rows(plans, first, first + rows) for first in range(0, queries, rows)]
        return np.concatenate(
            each(lambda chunk: self._scan(chunk, k, limit, [(0, blocks)]), chunks, self._threads)
        )

    def _scan(self, plans: Plan, k: int, limit: int, spans: Iterable[tuple[int, int]]) -> Keys:
        """The best keys of each query among spans of the blocks of all parts, in their order."""
        best = self._nothing(len(plans.terms), _room(k), limit)
        for first, last in spans:
            for number, start, stop in self._pieces(first, last):
                self._run(number, plans, best, k, start, stop)
        self._kernel.settle(best, k)
        return np.sort(best.keys[:, :k], axis=1)

    def _pieces(self, first: int, last: int) -> Iterator[tuple[int, int, int]]:
        """Steps of each part, by its number, that the blocks first … last − 1 of all lie in."""
        steps, before = self._kernel.STEPS, 0
        for number, part in enumerate(self._parts):
            start, stop = max(first - before, 0), min(last - before, part.segment.blocks)
            before += part.segment.blocks
            if start < stop:
                yield number, start * steps, stop * steps

    def _run(
        self,
        number: int,
        plans: Plan,
        best: Any,
        k: int,
        first: int,
        last: int,
        gather: bool = False,
    ) -> int:
        """Scan steps of a part; the step to go on from."""
        part, tile = self._parts[number], _TILE_BYTES * self._kernel.STEPS // plans.stride
        step: int = self._kernel.scan(
            self._segments[number],
            plans,
            best,
            part.base,
            part.segment.slots,
            k,
            first,
            last,
            max(1, tile),
            gather,
        )
        return step

    def _nothing(self, queries: int, room: int, limit: int) -> Any:
        """Nothing found yet, and room for some keys per query."""
        state = np.zeros((queries, 4), np.int64)
        state[:, self._kernel.T], state[:, self._kernel.LAST] = limit, -1
        histogram = np.zeros((queries, self._bits + 1), np.int64)
        return self._kernel.Best(state, histogram, np.empty((queries, room), np.uint64))

    def _slots(self, query: Plan, number: int, limit: int) -> Keys:
        """Keys (distance, slot) of all codes of one part within a distance of one query."""
        best = self._nothing(1, _GATHERED, limit)
        step, last = 0, self._parts[number].segment.blocks * self._kernel.STEPS
        while step < last:
            step = self._run(number, query, best, _EVERY, step, last, gather=True)
            if step < last:
                best = best._replace(keys=np.concatenate([best.keys, best.keys], axis=1))
        keys: Keys = best.keys[0, : best.state[0, self._kernel.COUNT]]
        return keys

    def _items(self, number: int, keys: Keys, k: int) -> tuple[NDArray[np.int64], Keys]:
        """At most k allowed items of each slot: rows of `keys`, and keys (distance, rank)."""
        part, slots = self._parts[number], (keys & _LOW).astype(np.int64)
        if part.segment.shared:
            rows, ranks = self._kernel.expand(self._segments[number], slots, k)
        else:
            rows, ranks = np.arange(len(keys)), slots
        return rows, (keys[rows] & ~_LOW) | (ranks + part.base).astype(np.uint64)

    def _ball(self, query: Plan, limit: int) -> Keys:
        """Keys of all items within a distance, in order."""
        numbers = range(len(self._parts))
        found = [self._items(n, self._slots(query, n, limit), _EVERY)[1] for n in numbers]
        return np.sort(np.concatenate([np.empty(0, np.uint64), *found]))

    def _ordered(
        self, query: Plan, weights: NDArray[np.int32], limit: int, k: int, by_score: bool
    ) -> Keys:
        """The k first keys within a distance, by (score, distance) or by (distance, score)."""
        scores, found = [], []
        for number, segment in enumerate(self._segments):
            keys = self._slots(query, number, limit)
            slots = (keys & _LOW).astype(np.int64)
            of_slots = self._kernel.scores(segment.planes, query.stride, slots, weights)
            rows, items = self._items(number, keys, k)
            scores.append(of_slots[rows])
            found.append(items)
        falling, keys = -np.concatenate(scores), np.concatenate(found)
        order = np.lexsort((keys, falling) if by_score else (keys, falling, keys >> _HIGH))
        ordered = np.full(k, _NO_KEY)
        ordered[: len(order)] = keys[order[:k]]
        return ordered


def _room(k: int) -> int:
    """Keys kept for each query: some more than k, so that they are seldom sorted out."""
    return 2 * k + 64


def _rows(plans: Plan, first: int, last: int) -> Plan:
    return plans._replace(offsets=plans.offsets[first:last], terms=plans.terms[first:last])


def _each(plans: Plan) -> list[Plan]:
    """A plan for each query alone."""
    return [_rows(plans, query, query + 1) for query in range(len(plans.terms))]
