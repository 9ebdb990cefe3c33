# mypy: ignore-errors
# The compiler finds the types of these functions, and its decorators hide them.
"""From a slot, which equal codes share, to its items."""

import numpy as np

from hashing.search.kernel.best import offer
from hashing.search.kernel.compiler import compiled
from hashing.search.kernel.vectors import lowest


@compiled
def smallest_rank(segment, slot):
    """The smallest rank of any item in this slot or a later one.

    A step of a last block that is not full may begin behind all slots: behind all ranks, too.
    """
    if segment.starts.shape[0] == 0:
        return slot
    if slot >= segment.starts.shape[0] - 1:
        return np.int64(segment.ranks.shape[0])
    return np.int64(segment.ranks[segment.starts[slot]])


@compiled
def take_posting_list(segment, best, query, k, base, distance, slot):
    """Offer the allowed items of a slot by rank until no more are wanted, at most k."""
    filtered = segment.items.shape[0] > 0
    place, end = np.int64(segment.starts[slot]), np.int64(segment.starts[slot + 1])
    taken = 0
    while place < end and taken < k:
        if filtered:
            place = next_allowed(segment.items, place, end)
            if place == end:
                return
        if not offer(best, query, k, distance, base + np.int64(segment.ranks[place])):
            return
        taken += 1
        place += 1


@compiled
def next_allowed(items, place, end):
    """The first allowed place from `place` on, `end` if there is none."""
    while place < end:
        rest = items[place >> 6] >> np.uint64(place & 63)
        if rest != 0:
            return min(place + np.int64(lowest(rest)), end)
        place = (place | 63) + 1
    return end


@compiled
def expand(segment, slots, k):
    """The k first allowed items of each slot: places in `slots` and ranks."""
    filtered = segment.items.shape[0] > 0
    room = 0
    for slot in slots:
        room += min(k, np.int64(segment.starts[slot + 1]) - np.int64(segment.starts[slot]))
    rows, ranks = np.empty(room, np.int64), np.empty(room, np.int64)
    count = 0
    for row in range(slots.shape[0]):
        place = np.int64(segment.starts[slots[row]])
        end = np.int64(segment.starts[slots[row] + 1])
        taken = 0
        while place < end and taken < k:
            if filtered:
                place = next_allowed(segment.items, place, end)
                if place == end:
                    break
            rows[count], ranks[count] = row, segment.ranks[place]
            count += 1
            taken += 1
            place += 1
    return rows[:count], ranks[:count]
