"""From one work to another by works between them, each step as small as it can be.

Works and their nearest ones make a graph, whose edges are as long as their codes differ. Of all
paths between two works those are taken whose longest step is shortest (the widest path problem:
Pollack 1960; edges are let in from the shortest on until both ends hang together, as Kruskal 1956
does), of these the one of fewest steps, of least length in all, and of the smallest ids.
"""

import heapq
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from hashing.collection.opened import Once, Opened
from hashing.search import SearchRequest
from hashing.tables import Table

NEIGHBOURS = 12
"""Nearest works to which each one has an edge."""
MOST = 20_000
"""Works of the graph; of a larger collection those that are nearest to both ends."""

Edges = tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.int32]]
"""Ids at both ends, the smaller one first, and bits that differ, each `[E]`."""

_once: Once[Edges] = Once()


@dataclass(frozen=True)
class Walk:
    """Works from one to another. ids: both ends too; steps: bits between each and the next."""

    ids: tuple[int, ...]
    steps: tuple[int, ...]

    def _repr_html_(self) -> str:
        rows = [(str(i), str(step)) for i, step in zip(self.ids, (*self.steps, ""), strict=True)]
        return Table("", ("id", "bits to the next"), rows)._repr_html_()


def find_path(opened: Opened, start: int, end: int) -> Walk:
    """The path between two works; at worst the one step between them, at best none.

    Raises UnknownItemError for ids that nobody has.
    """
    if start == end:
        return Walk((opened.item(start).id,), ())
    far = int(opened.code(start).distances(opened.code(end))[0, 0])
    a, b, lengths = _graph(opened, start, end)
    a, b = np.append(a, min(start, end)), np.append(b, max(start, end))
    lengths = np.append(lengths, np.int32(far))
    longest = _longest_step(a, b, lengths, start, end)
    near = lengths <= longest
    ids = _shortest(a[near], b[near], lengths[near], start, end)
    codes = opened.index.codes(ids)
    steps = [
        int(codes[place : place + 1].distances(codes[place + 1 : place + 2])[0, 0])
        for place in range(len(ids) - 1)
    ]
    return Walk(tuple(ids), tuple(steps))


def _graph(opened: Opened, start: int, end: int) -> Edges:
    if opened.info.count <= MOST:
        return _once(opened, lambda: _edges(opened, opened.index.ids()))
    both = opened.index.codes([start, end])
    near = opened.index.search(SearchRequest(both, MOST // 2)).ids
    return _edges(opened, np.unique(near[near >= 0]))


def _edges(opened: Opened, ids: NDArray[np.int64]) -> Edges:
    """Each pair of which one is among the other's nearest, once."""
    codes = opened.index.codes(ids)
    every = len(ids) == opened.info.count
    request = SearchRequest(codes, NEIGHBOURS + 1, allowed=None if every else ids)
    found = opened.index.search(request)
    others = found.ids.reshape(-1)
    own = np.repeat(ids, found.ids.shape[1])
    kept = (others >= 0) & (others != own)
    pairs = np.stack([np.minimum(own, others), np.maximum(own, others)], axis=1)[kept]
    pairs, first = np.unique(pairs, axis=0, return_index=True)
    return pairs[:, 0], pairs[:, 1], found.distances.reshape(-1)[kept][first]


def _longest_step(
    a: NDArray[np.int64], b: NDArray[np.int64], lengths: NDArray[np.int32], start: int, end: int
) -> int:
    """The least length of edges up to which both ends hang together."""
    root: dict[int, int] = {}

    def find(work: int) -> int:
        while (above := root.setdefault(work, work)) != work:
            root[work] = root[above]
            work = root[work]
        return work

    for edge in np.argsort(lengths, kind="stable").tolist():
        root[find(int(a[edge]))] = find(int(b[edge]))
        if find(start) == find(end):
            return int(lengths[edge])
    return int(lengths.max())  # never: the last edge is that between both


def _shortest(
    a: NDArray[np.int64], b: NDArray[np.int64], lengths: NDArray[np.int32], start: int, end: int
) -> list[int]:
    """The path of fewest steps, of least length, and of the smallest ids (Dijkstra 1959)."""
    nearby: dict[int, list[tuple[int, int]]] = {}
    for one, other, length in zip(a.tolist(), b.tolist(), lengths.tolist(), strict=True):
        nearby.setdefault(one, []).append((other, length))
        nearby.setdefault(other, []).append((one, length))
    came: dict[int, int] = {}
    waiting = [(0, 0, start, start)]
    while waiting:
        steps, total, work, before = heapq.heappop(waiting)
        if work in came:
            continue
        came[work] = before
        if work == end:
            break
        for other, length in nearby.get(work, ()):
            if other not in came:
                heapq.heappush(waiting, (steps + 1, total + length, other, work))
    path = [end]
    while path[-1] != start:
        path.append(came[path[-1]])
    return path[::-1]
