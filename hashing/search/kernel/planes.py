# mypy: ignore-errors
# The compiler finds the types of these functions, and its decorators hide them.
"""The sum S of the planes that a query wants, for the codes of one step.

Ten vectors named `sums` are the planes of S, lowest first; the last two stay 0 unless `wide`.
"""

import numpy as np

from hashing.search.kernel.compiler import compiled, inlined
from hashing.search.kernel.memory import FLIPPED, ORIGIN, PLAIN, SIGN
from hashing.search.kernel.vectors import (
    ONES,
    STEPS,
    VECTOR_BYTES,
    ZEROS,
    both,
    differ,
    either,
    fetch,
    fill,
    load,
    load_int32,
    most,
    odd,
    popcount,
    store,
)
from hashing.search.scan.sliced import PLANE_BYTES

EIGHT = 8 * 4
"""Bytes of eight offsets."""


@inlined
def address(array):
    """Tell where an array lies, as a signed number: sums of unlike ones would become floats."""
    return np.int64(array.ctypes.data)


@inlined
def place_of(step, stride):
    """Tell how far into the planes a step begins."""
    return step // STEPS * stride + step % STEPS * VECTOR_BYTES


@inlined
def plane(block, offsets, place, flip):
    """Read one chosen plane of a block."""
    return differ(load(block + load_int32(offsets + 4 * place)), flip)


@inlined
def add_eight(block, offsets, flip, sums):
    """Add eight planes to the bits 1, 2 and 3 of S; also the carry into bit 4."""
    a, b = plane(block, offsets, 0, flip), plane(block, offsets, 1, flip)
    pair, ones = most(sums[1], a, b), odd(sums[1], a, b)
    a, b = plane(block, offsets, 2, flip), plane(block, offsets, 3, flip)
    second, ones = most(ones, a, b), odd(ones, a, b)
    four, twos = most(sums[2], pair, second), odd(sums[2], pair, second)
    a, b = plane(block, offsets, 4, flip), plane(block, offsets, 5, flip)
    pair, ones = most(ones, a, b), odd(ones, a, b)
    a, b = plane(block, offsets, 6, flip), plane(block, offsets, 7, flip)
    second, ones = most(ones, a, b), odd(ones, a, b)
    last, twos = most(twos, pair, second), odd(twos, pair, second)
    carry, fours = most(sums[3], four, last), odd(sums[3], four, last)
    s4, s5, s6, s7, s8, s9 = sums[4:]
    return carry, (sums[0], ones, twos, fours, s4, s5, s6, s7, s8, s9)


@inlined
def carry_on(a, b, sums, wide):
    """Add two carries into bit 4 of S."""
    s4, carry = odd(sums[4], a, b), most(sums[4], a, b)
    s5, carry = differ(sums[5], carry), both(sums[5], carry)
    s6, carry = differ(sums[6], carry), both(sums[6], carry)
    s7, carry = differ(sums[7], carry), both(sums[7], carry)
    s8, s9 = sums[8], sums[9]
    if wide:
        s8, carry = differ(s8, carry), both(s8, carry)
        s9 = differ(s9, carry)
    return sums[0], sums[1], sums[2], sums[3], s4, s5, s6, s7, s8, s9


@inlined
def add_planes(block, offsets, eights, flip, sums, wide):
    """Add `8 · eights` planes, complemented where `flip` is set."""
    for _ in range(eights >> 1):
        a, sums = add_eight(block, offsets, flip, sums)
        b, sums = add_eight(block, offsets + EIGHT, flip, sums)
        sums = carry_on(a, b, sums, wide)
        offsets += 2 * EIGHT
    if eights & 1:
        a, sums = add_eight(block, offsets, flip, sums)
        sums = carry_on(a, fill(ZEROS), sums, wide)
    return sums


@inlined
def fetch_planes(block, offsets, eights):
    """Ask for the chosen planes of a block."""
    for place in range(8 * eights):
        fetch(block + load_int32(offsets + 4 * place))


@inlined
def zero_bit(number, place):
    """All ones where that bit of the number is 0, else zeros."""
    return fill(np.uint64(((number >> place) & 1) - 1))


@inlined
def reaches(sums, least, wide):
    """Which of the sums are at least `least`: compared from the lowest bit up."""
    found = either(sums[0], zero_bit(least, 0))
    found = most(found, sums[1], zero_bit(least, 1))
    found = most(found, sums[2], zero_bit(least, 2))
    found = most(found, sums[3], zero_bit(least, 3))
    found = most(found, sums[4], zero_bit(least, 4))
    found = most(found, sums[5], zero_bit(least, 5))
    found = most(found, sums[6], zero_bit(least, 6))
    found = most(found, sums[7], zero_bit(least, 7))
    if wide:
        found = most(found, sums[8], zero_bit(least, 8))
        found = most(found, sums[9], zero_bit(least, 9))
    return found


@inlined
def near(sums, limit, origin, sign, shift, wide):
    """Which of the codes are not farther than `limit`."""
    scaled = limit << shift
    least = origin - scaled if sign < 0 else scaled - origin + 1
    return differ(reaches(sums, least, wide), fill(ZEROS if sign < 0 else ONES))


@inlined
def first_sums(block, counts, wide):
    """Read the count planes that S starts from."""
    none = fill(ZEROS)
    return (
        plane(block, counts, 0, none),
        plane(block, counts, 1, none),
        plane(block, counts, 2, none),
        plane(block, counts, 3, none),
        plane(block, counts, 4, none),
        plane(block, counts, 5, none),
        plane(block, counts, 6, none),
        plane(block, counts, 7, none),
        plane(block, counts, 8, none) if wide else none,
        plane(block, counts, 9, none) if wide else none,
    )


@inlined
def store_sums(words, sums):
    """Write the planes of S one after another."""
    store(words, sums[0])
    store(words + VECTOR_BYTES, sums[1])
    store(words + 2 * VECTOR_BYTES, sums[2])
    store(words + 3 * VECTOR_BYTES, sums[3])
    store(words + 4 * VECTOR_BYTES, sums[4])
    store(words + 5 * VECTOR_BYTES, sums[5])
    store(words + 6 * VECTOR_BYTES, sums[6])
    store(words + 7 * VECTOR_BYTES, sums[7])
    store(words + 8 * VECTOR_BYTES, sums[8])
    store(words + 9 * VECTOR_BYTES, sums[9])


@inlined
def stored_sums(words):
    """Read the planes of S as `store_sums` wrote them."""
    return (
        load(words),
        load(words + VECTOR_BYTES),
        load(words + 2 * VECTOR_BYTES),
        load(words + 3 * VECTOR_BYTES),
        load(words + 4 * VECTOR_BYTES),
        load(words + 5 * VECTOR_BYTES),
        load(words + 6 * VECTOR_BYTES),
        load(words + 7 * VECTOR_BYTES),
        load(words + 8 * VECTOR_BYTES),
        load(words + 9 * VECTOR_BYTES),
    )


@compiled
def choose_planes(codes, whole, zero_plane, offsets, terms):
    """Fill in the offsets and terms of a plan for some queries' packed codes."""
    bits = 8 * codes.shape[1]
    for query in range(codes.shape[0]):
        ones = codes[query]
        weight = 0
        for byte in ones:
            weight += np.int64(popcount(np.uint64(byte)))
        many = whole and 2 * weight > bits
        wanted = 0 if many or not whole else 1
        plain = list_planes(ones, wanted, zero_plane, offsets[query], 0)
        if whole:
            flipped = plain
            origin = weight - bits if many else weight + bits
        else:
            flipped = list_planes(ones, 1, zero_plane, offsets[query], plain)
            # a complemented zero plane adds 1 to every code's distance
            origin = 2 * (weight - (flipped - plain))
        terms[query, PLAIN], terms[query, FLIPPED] = plain // 8, (flipped - plain) // 8
        terms[query, ORIGIN], terms[query, SIGN] = origin, -1 if whole and not many else 1


@inlined
def list_planes(code, wanted, zero_plane, offsets, place):
    """Append the planes where a code has that bit, then zero planes up to a multiple of 8."""
    for bit in range(8 * code.shape[0]):
        if (code[bit >> 3] >> (7 - (bit & 7))) & 1 == wanted:
            offsets[place] = bit * PLANE_BYTES
            place += 1
    while place % 8:
        offsets[place] = zero_plane
        place += 1
    return place
