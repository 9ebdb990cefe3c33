# mypy: ignore-errors
# The compiler finds the types of these functions, and its decorators hide them.
"""The k best items of each query so far, and the bound that they set."""

import numpy as np

from hashing.search.kernel.compiler import compiled, inlined
from hashing.search.kernel.memory import COUNT, LAST, TOTAL, T


@compiled
def bound(state, k, least_rank):
    """The largest distance worth a look: the k-th one only while its tie may have a smaller id."""
    if state[TOTAL] >= k and least_rank > state[LAST]:
        return state[T] - 1
    return state[T]


@inlined
def offer(best, query, k, distance, rank):
    """Keep an item if it may be among the k best; whether a larger rank may be, too."""
    state, histogram = best.state[query], best.histogram[query]
    if distance > state[T] or (distance == state[T] and state[TOTAL] >= k and rank > state[LAST]):
        return False
    if state[COUNT] == best.keys.shape[1]:
        compact(best, query, k)
    best.keys[query, state[COUNT]] = np.uint64(distance << 32 | rank)
    state[COUNT] += 1
    state[TOTAL] += 1
    state[LAST] = max(state[LAST], rank)
    histogram[distance] += 1
    while state[TOTAL] - histogram[state[T]] >= k:
        state[TOTAL] -= histogram[state[T]]
        state[T] -= 1
    return True


@compiled
def compact(best, query, k):
    """Drop the keys that are not among the k best."""
    state, keys = best.state[query], best.keys[query]
    ties = np.empty(state[COUNT], np.uint64)
    kept = tied = 0
    for place in range(state[COUNT]):
        distance = np.int64(keys[place] >> np.uint64(32))
        if distance < state[T]:
            keys[kept] = keys[place]
            kept += 1
        elif distance == state[T]:
            ties[tied] = keys[place]
            tied += 1
    if kept + tied > k:
        ties[:tied].sort()
        best.histogram[query, state[T]] = tied = k - kept
        state[TOTAL] = k
    keys[kept : kept + tied] = ties[:tied]
    state[COUNT] = kept + tied
    state[LAST] = -1
    for place in range(kept + tied):
        state[LAST] = max(state[LAST], np.int64(keys[place] & np.uint64(0xFFFFFFFF)))


@compiled
def settle(best, k):
    """Leave each query its k best keys, the rest of the row filled with ones."""
    for query in range(best.state.shape[0]):
        compact(best, query, k)
        best.keys[query, best.state[query, COUNT] :] = ~np.uint64(0)
