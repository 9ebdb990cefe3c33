# mypy: ignore-errors
# The compiler finds the types of these functions, and its decorators hide them.
"""The bit-sliced scan in numba; imported only when there is enough to search.

Importing takes about a second, compiling some more; `hashing.search.scan` does both in the
background. All compiled functions live in this one file, because the compiler's cache looks at the
file of the function it stores and would miss a change anywhere else.

The distance of a query q and a code x of `bits` bits is taken from a sum S that costs at most half
of the planes, with c = bits − |x| from the count planes:

    q has few ones:   S = c + 2 |x ∧ q|    d = bits + |q| − S
    q has many ones:  S = c + 2 |x ∧ ¬q|   d = |q| − bits + S

and for a prefix, which has no count planes, from all of its planes:

    S = 2 |x ⊕ q|                          d = S / 2

S is added up for 512 codes at a time, bit by bit in registers (carry-save adders), and compared
with the bound there: no store and almost never a branch taken in the hot loop.
"""

import warnings
from typing import Any, NamedTuple

import numpy as np
from llvmlite import binding, ir
from numba import config, njit, types
from numba.core import cgutils
from numba.extending import intrinsic, models, register_model
from numpy.typing import NDArray

from hashing.search.plan import SUMS
from hashing.search.sliced import BLOCK, LANES, PLANE_BYTES

T, TOTAL, COUNT, LAST = range(4)
"""Columns of `Best.state`."""
PLAIN, FLIPPED, ORIGIN, SIGN = range(4)
"""Columns of a plan's terms."""


class Segment(NamedTuple):
    """One segment as the kernel reads it; flat, read-only arrays.

    planes: uint64. starts, ranks: uint32, empty unless slots are shared.
    slots: uint64 bits of the allowed slots, items: of the allowed items by place in `ranks`;
    empty when everything is allowed.
    """

    planes: NDArray[np.uint64]
    starts: NDArray[np.uint32]
    ranks: NDArray[np.uint32]
    slots: NDArray[np.uint64]
    items: NDArray[np.uint64]


class Best(NamedTuple):
    """The best items found so far.

    state: int64 `[Q, 4]`: T, the largest distance that can still matter; how many found items
    are not farther; how many keys are kept; the largest rank among them.
    histogram: int64 `[Q, bits + 1]`, found items by distance.
    keys: uint64 `[Q, room]`, distance << 32 | rank, in the order found.
    """

    state: NDArray[np.int64]
    histogram: NDArray[np.int64]
    keys: NDArray[np.uint64]


def _can_cache() -> bool:
    """Whether the compiler finds a folder to cache in; one warning if not."""
    try:
        njit(cache=True)(_can_cache)
    except RuntimeError as error:
        warnings.warn(
            f"expected a writable folder to keep compiled search in, found none ({error}); "
            "it is compiled anew in every process: set NUMBA_CACHE_DIR to a writable folder",
            RuntimeWarning,
            stacklevel=2,
        )
        return False
    return True


compiled = njit(cache=_can_cache(), nogil=True, error_model="numpy")
inlined = njit(forceinline=True, nogil=True, error_model="numpy")


# Vectors of 64-bit words that stay in registers. Loops over them compile to the same code as one
# written out plane by plane, for every code length, which a loop over arrays does not.

_HOST = {} if config.CPU_NAME else binding.get_host_cpu_features()
_TERNARY = bool(_HOST.get("avx512f"))
"""Whether the processor has any function of three vectors as one instruction."""
WIDTH = 8 if _TERNARY else 4
"""Words in a vector; eight would not leave enough registers elsewhere."""
STEPS = LANES // WIDTH
"""Vectors in a plane of a block: the kernel goes in steps of one vector."""
VECTOR_BYTES = 8 * WIDTH
STEP = 64 * WIDTH
"""Codes in a step."""
AHEAD = 8
"""Steps between the one in work and the one asked for, when memory is what one query waits for."""
ZEROS, ONES = np.uint64(0), ~np.uint64(0)
EIGHT = 8 * 4
"""Bytes of eight offsets."""

_VECTOR = ir.VectorType(ir.IntType(64), WIDTH)


class VectorType(types.Type):
    """The compiler's name for a vector."""

    def __init__(self) -> None:
        super().__init__(name=f"Vector{WIDTH}")


@register_model(VectorType)
class VectorModel(models.PrimitiveModel):
    """A vector is itself in memory and in registers."""

    def __init__(self, manager: object, kind: object) -> None:
        super().__init__(manager, kind, _VECTOR)


vector = VectorType()


# Addresses instead of arrays: the compiler counts references to arrays even where they are only
# passed on, which would spill all vectors. The caller keeps the arrays alive.


@intrinsic
def load(typing: Any, address: Any) -> Any:
    """Read the vector at an address."""

    def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        return builder.load(builder.inttoptr(arguments[0], _VECTOR.as_pointer()), align=8)

    return vector(types.int64), generate


@intrinsic
def fetch(typing: Any, address: Any) -> Any:
    """Ask for the cache line at an address, which may lie anywhere, in the second cache."""

    def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        kind = ir.FunctionType(ir.VoidType(), [ir.IntType(8).as_pointer()] + [ir.IntType(32)] * 3)
        function = cgutils.get_or_insert_function(builder.module, kind, "llvm.prefetch.p0")
        pointer = builder.inttoptr(arguments[0], ir.IntType(8).as_pointer())
        read, keep, data = (ir.Constant(ir.IntType(32), value) for value in (0, 2, 1))
        builder.call(function, [pointer, read, keep, data])
        return context.get_dummy_value()

    return types.void(types.int64), generate


@intrinsic
def store(typing: Any, address: Any, value: Any) -> Any:
    """Write a vector to an address."""

    def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        pointer = builder.inttoptr(arguments[0], _VECTOR.as_pointer())
        builder.store(arguments[1], pointer, align=8)
        return context.get_dummy_value()

    return types.void(types.int64, vector), generate


@intrinsic
def load_int32(typing: Any, address: Any) -> Any:
    """Read an int32 at an address."""

    def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        pointer = builder.inttoptr(arguments[0], ir.IntType(32).as_pointer())
        return builder.sext(builder.load(pointer, align=4), ir.IntType(64))

    return types.int64(types.int64), generate


@intrinsic
def fill(typing: Any, word: Any) -> Any:
    """The vector of equal words."""

    def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        empty = ir.Constant(_VECTOR, ir.Undefined)
        lanes = ir.VectorType(ir.IntType(32), WIDTH)
        one = builder.insert_element(empty, arguments[0], ir.Constant(ir.IntType(32), 0))
        return builder.shuffle_vector(one, empty, ir.Constant(lanes, [0] * WIDTH))

    return vector(types.uint64), generate


@intrinsic
def any_bit(typing: Any, value: Any) -> Any:
    """Whether any bit of the vector is set."""

    def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        lanes = ir.IntType(WIDTH)
        zero = ir.Constant(_VECTOR, [0] * WIDTH)
        found = builder.bitcast(builder.icmp_unsigned("!=", arguments[0], zero), lanes)
        return builder.icmp_unsigned("!=", found, ir.Constant(lanes, 0))

    return types.boolean(vector), generate


def _operation(name: str) -> Any:
    """An operation on two vectors."""

    @intrinsic
    def operation(typing: Any, a: Any, b: Any) -> Any:
        def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
            return getattr(builder, name)(*arguments)

        return vector(vector, vector), generate

    return operation


def _ternary(table: int) -> Any:
    """A function of three vectors by its truth table (AVX-512 `vpternlogq`)."""

    @intrinsic
    def operation(typing: Any, a: Any, b: Any, c: Any) -> Any:
        def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
            kind = ir.FunctionType(_VECTOR, [_VECTOR] * 3 + [ir.IntType(32)])
            name = "llvm.x86.avx512.pternlog.q.512"
            function = cgutils.get_or_insert_function(builder.module, kind, name)
            return builder.call(function, [*arguments, ir.Constant(ir.IntType(32), table)])

        return vector(vector, vector, vector), generate

    return operation


both, either, differ = _operation("and_"), _operation("or_"), _operation("xor")


@inlined
def _odd(a, b, c):
    return differ(differ(a, b), c)


@inlined
def _most(a, b, c):
    return either(both(a, b), both(c, either(a, b)))


# the two halves of a full adder: the sum and the carry
odd, most = (_ternary(0x96), _ternary(0xE8)) if _TERNARY else (_odd, _most)


@intrinsic
def popcount(typing: Any, word: Any) -> Any:
    """Number of set bits."""

    def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        return builder.ctpop(arguments[0])

    return types.uint64(types.uint64), generate


@intrinsic
def lowest(typing: Any, word: Any) -> Any:
    """Place of the lowest set bit; the word is not 0."""

    def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        return builder.cttz(arguments[0], ir.Constant(ir.IntType(1), 1))

    return types.uint64(types.uint64), generate


# The scan. The compiler finds the types of these functions. Ten vectors named `sums` are the planes
# of S for the codes of one step, lowest first; the last two stay 0 unless `wide`.


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


@compiled
def smallest_rank(segment, slot):
    """The smallest rank of any item in this slot or a later one."""
    if segment.starts.shape[0] == 0:
        return slot
    return np.int64(segment.ranks[segment.starts[slot]])


@compiled
def bound(state, k, least_rank):
    """The largest distance worth a look: the k-th one only while its tie may have a smaller id."""
    if state[TOTAL] >= k and least_rank > state[LAST]:
        return state[T] - 1
    return state[T]


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
