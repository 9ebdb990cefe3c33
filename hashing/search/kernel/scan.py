# mypy: ignore-errors
# The compiler finds the types of these functions, and its decorators hide them.
"""The loop over the blocks, and what is done where a code is near enough."""

import numpy as np

from hashing.search.kernel.best import bound, offer
from hashing.search.kernel.compiler import compiled, inlined
from hashing.search.kernel.memory import COUNT, ORIGIN, SIGN, T
from hashing.search.kernel.planes import (
    EIGHT,
    add_planes,
    address,
    fetch_planes,
    first_sums,
    near,
    place_of,
    store_sums,
    stored_sums,
)
from hashing.search.kernel.postings import smallest_rank, take_posting_list
from hashing.search.kernel.vectors import (
    ONES,
    STEP,
    VECTOR_BYTES,
    WIDTH,
    ZEROS,
    any_bit,
    both,
    fill,
    load,
    lowest,
    popcount,
    store,
)
from hashing.search.scan.plan import SUMS
from hashing.search.scan.sliced import BLOCK, LANES

AHEAD = 8
"""Steps between the one in work and the one asked for, when memory is what one query waits for."""


@compiled
def scan(segment, plan, best, base, slots, k, first, last, tile, gather):
    """Offer the codes of steps first … last − 1 to every query; the step to go on from.

    A tile of steps stays in the innermost cache while all queries pass over it. With `gather`
    the one query takes the slots of all codes within T, and the scan stops when `keys` is full.
    """
    planes, counts = address(segment.planes), address(plan.counts)
    allowed, filtered = address(segment.slots), segment.slots.shape[0] > 0
    words = np.empty((SUMS + 1) * WIDTH, np.uint64)
    results = address(words)
    alone = plan.terms.shape[0] == 1
    for start in range(first, last, tile):
        stop = min(start + tile, last)
        least_rank = base + smallest_rank(segment, start * STEP)
        for query in range(plan.terms.shape[0]):
            offsets = address(plan.offsets) + query * plan.offsets.strides[0]
            eights, flipped, origin, sign = plan.terms[query]
            step = start
            while step < stop:
                limit = bound(best.state[query], k, least_rank)
                if limit < 0:
                    break
                hit = False
                while step < stop and not hit:
                    block = planes + place_of(step, plan.stride)
                    if alone:
                        later = planes + place_of(step + AHEAD, plan.stride)
                        fetch_planes(later, offsets, eights + flipped)
                    sums = first_sums(block, counts, plan.wide)
                    sums = add_planes(block, offsets, eights, fill(ZEROS), sums, plan.wide)
                    sums = add_planes(
                        block, offsets + eights * EIGHT, flipped, fill(ONES), sums, plan.wide
                    )
                    found = near(sums, limit, origin, sign, plan.shift, plan.wide)
                    if filtered:
                        found = both(found, load(allowed + step * VECTOR_BYTES))
                    hit = any_bit(found)
                    step += 1
                if not hit:
                    continue
                if gather and best.state[query, COUNT] + STEP > best.keys.shape[1]:
                    return step - 1
                store_sums(results, sums)
                store(results + SUMS * VECTOR_BYTES, found)
                place = (step - 1) * STEP
                if gather:
                    take_slots(best, query, plan, words, place, slots)
                else:
                    take_items(segment, best, query, k, base, plan, words, place, slots)
    return last


@inlined
def distance_of(words, lane, bit, plan, query):
    """Read one code's S from the stored planes, as a distance."""
    total = np.uint64(0)
    for plane in range(SUMS):
        total |= ((words[plane * WIDTH + lane] >> bit) & np.uint64(1)) << np.uint64(plane)
    return (plan.terms[query, ORIGIN] + plan.terms[query, SIGN] * np.int64(total)) >> plan.shift


@inlined
def cut(words, place, slots):
    """Forget the codes that only fill up the last block."""
    for lane in range(WIDTH):
        left = slots - place - 64 * lane
        if left <= 0:
            words[SUMS * WIDTH + lane] = np.uint64(0)
        elif left < 64:
            words[SUMS * WIDTH + lane] &= (np.uint64(1) << np.uint64(left)) - np.uint64(1)


@inlined
def take_slots(best, query, plan, words, place, slots):
    """Append distance and slot of every code found."""
    cut(words, place, slots)
    count = best.state[query, COUNT]
    for lane in range(WIDTH):
        found = words[SUMS * WIDTH + lane]
        while found != 0:
            bit = lowest(found)
            found &= found - np.uint64(1)
            distance = distance_of(words, lane, bit, plan, query)
            slot = place + 64 * lane + np.int64(bit)
            best.keys[query, count] = np.uint64(distance << 32 | slot)
            count += 1
    best.state[query, COUNT] = count


@inlined
def take_items(segment, best, query, k, base, plan, words, place, slots):
    """Offer the items of every code found."""
    cut(words, place, slots)
    state = best.state[query]
    drop_far(words, k, state[T], plan, query)
    shared = segment.starts.shape[0] > 0
    for lane in range(WIDTH):
        found = words[SUMS * WIDTH + lane]
        while found != 0:
            bit = lowest(found)
            found &= found - np.uint64(1)
            distance = distance_of(words, lane, bit, plan, query)
            slot = place + 64 * lane + np.int64(bit)
            if shared:
                take_posting_list(segment, best, query, k, base, distance, slot)
            else:
                offer(best, query, k, distance, base + slot)


@inlined
def drop_far(words, k, limit, plan, query):
    """Where far more codes than k were found, keep those up to the distance that leaves k."""
    if count_bits(words) <= 2 * k:
        return
    origin, sign = plan.terms[query, ORIGIN], plan.terms[query, SIGN]
    results = address(words)
    marks = results + SUMS * VECTOR_BYTES
    sums, found = stored_sums(results), load(marks)
    low, high = 0, limit
    while True:
        middle = (low + high) >> 1
        store(marks, both(found, near(sums, middle, origin, sign, plan.shift, True)))
        if low == high:
            return
        if count_bits(words) >= k:
            high = middle
        else:
            low = middle + 1


@inlined
def count_bits(words):
    """How many codes are marked as found."""
    total = np.uint64(0)
    for lane in range(WIDTH):
        total += popcount(words[SUMS * WIDTH + lane])
    return np.int64(total)


@compiled
def scores(planes, stride, slots, weights):
    """Asymmetric scores of the codes in some slots: Σ weights · (±1)."""
    found = np.empty(slots.shape[0], np.int64)
    for row in range(slots.shape[0]):
        slot = slots[row]
        place = slot // BLOCK * stride // 8 + slot % BLOCK // 64
        bit = np.uint64(slot % 64)
        total = 0
        for bit_plane in range(weights.shape[0]):
            one = (planes[place + bit_plane * LANES] >> bit) & np.uint64(1)
            total += np.int64(weights[bit_plane]) if one else -np.int64(weights[bit_plane])
        found[row] = total
    return found
