"""Codes stored by bit planes, the form that the scan reads.

512 codes form a block: one plane of eight 64-bit words for every bit of the code (most significant
first, so that a prefix is its first planes), then count planes that hold bits − popcount(code) in
binary (lowest first), then one plane of zeros. Bit i of word w belongs to code 64·w + i.

Equal codes share one slot when that saves at least half of them. Slots stand in order of their
smallest rank, the rank of an item being its place in order of id; `starts` and `ranks` then hold
the posting list of every slot, ranks ascending. Otherwise slot = rank and both are empty.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import ClassVar

import numpy as np
from numpy.typing import NDArray

from hashing.codes import Codes, check_bits
from hashing.errors import UsageError
from hashing.search.request import check_ids

LANES = 8
"""64-bit words in a plane of one block."""
PLANE_BYTES = 8 * LANES
BLOCK = 64 * LANES
"""Codes in a block."""
MAX_BITS = 256
MAX_ITEMS = 1 << 32
"""Ranks are 32 bits wide."""

_PORTION = 1 << 16
"""Codes compared at a time."""
_AT_ONCE = 64
"""Blocks sliced at a time: the transposed bits stay in the cache."""


@dataclass(frozen=True, eq=False)
class SlicedCodes:
    """N items of one immutable segment; every array can be written to a file and mapped back.

    bits: code length. items: N. slots: number of stored codes. first_id: the smallest id.
    planes: uint64 `[blocks, plane_count(bits), 8]`.
    starts: uint32 `[slots + 1]` into ranks, or `[0]`. ranks: uint32 `[N]` by slot, or `[0]`.
    ids: uint32 or int64 `[N]` ascending by rank, or `[0]` when they are first_id + rank.
    """

    bits: int
    items: int
    slots: int
    first_id: int
    planes: NDArray[np.uint64]
    starts: NDArray[np.uint32]
    ranks: NDArray[np.uint32]
    ids: NDArray[np.uint32] | NDArray[np.int64]

    NUMBERS: ClassVar = ("bits", "items", "slots", "first_id")
    ARRAYS: ClassVar = ("planes", "starts", "ranks", "ids")

    def __post_init__(self) -> None:
        for name, expected in shapes(self.bits, self.items, self.slots).items():
            found = getattr(self, name).shape
            if found not in expected:
                raise UsageError(f"expected {name} of shape {expected[0]}, found {found}")

    def check(self) -> None:
        """Refuse arrays whose values would lead a native loop outside of them. Raises UsageError.

        What `build_sliced` makes needs no check; what a stranger's file says does.
        """
        kinds = {"planes": ["u8"], "starts": ["u4"], "ranks": ["u4"], "ids": ["u4", "i8"]}
        for name, allowed in kinds.items():
            found = getattr(self, name).dtype
            if found not in [np.dtype(kind) for kind in allowed]:
                raise UsageError(f"expected {name} of {allowed}, found {found}")
        starts, ids = self.starts, self.ids
        steps_up = not self.shared or (
            starts[0] == 0 and starts[-1] == self.items and (starts[1:] >= starts[:-1]).all()
        )
        if not steps_up or self.ranks.max(initial=0) >= max(self.items, 1):
            raise UsageError("expected posting lists within the items, found others")
        if self.first_id < 0 or (ids[1:] <= ids[:-1]).any() or (len(ids) and ids[0] < 0):
            raise UsageError("expected ids that ascend from 0, found others")

    @property
    def blocks(self) -> int:
        """Number of blocks, the last one filled up with zeros."""
        return -(-self.slots // BLOCK)

    @property
    def shared(self) -> bool:
        """Whether equal codes share a slot."""
        return len(self.starts) > 0

    @cached_property
    def nbytes(self) -> int:
        """Size of all arrays."""
        return sum(getattr(self, name).nbytes for name in self.ARRAYS)

    @property
    def arrays(self) -> Mapping[str, NDArray[np.generic]]:
        """The arrays by name, for writing them to a file."""
        return {name: getattr(self, name) for name in self.ARRAYS}

    @property
    def last_id(self) -> int:
        """The largest id; first_id − 1 when there is no item."""
        return int(self.ids[-1]) if len(self.ids) else self.first_id + self.items - 1

    def ids_of(self, ranks: NDArray[np.integer]) -> NDArray[np.int64]:
        """Ids of the items with these ranks."""
        if not len(self.ids):
            return ranks.astype(np.int64) + self.first_id
        ids: NDArray[np.int64] = self.ids[ranks].astype(np.int64)
        return ids

    def codes(self, slots: NDArray[np.integer] | None = None) -> Codes:
        """The codes of some slots, all of them in order if None."""
        if slots is None:
            parts = [self._unsliced(first) for first in range(0, self.blocks, _AT_ONCE)] or [
                np.empty((0, self.bits // 8), np.uint8)
            ]
            return Codes(np.concatenate(parts)[: self.slots], self.bits)
        block, within = np.divmod(slots.astype(np.int64), BLOCK)
        words = self.planes[block, : self.bits, within // 64]
        bits = (words >> (within % 64).astype(np.uint64)[:, None]) & np.uint64(1)
        return Codes(np.packbits(bits.astype(np.uint8), axis=1), self.bits)

    def item_codes(self) -> Codes:
        """The code of every item in order of id."""
        codes = self.codes()
        return codes[self.slots_of(np.arange(self.items))] if self.shared else codes

    def slots_of(self, ranks: NDArray[np.int64]) -> NDArray[np.int64]:
        """The slots of the items with these ranks."""
        if not self.shared:
            return ranks
        slots = np.empty(self.items, np.int64)
        slots[self.ranks] = np.repeat(np.arange(self.slots), np.diff(self.starts))
        return slots[ranks]

    def _unsliced(self, first: int) -> NDArray[np.uint8]:
        planes = self.planes[first : first + _AT_ONCE, : self.bits]
        bits = np.unpackbits(planes.view(np.uint8), axis=2, bitorder="little")
        return np.packbits(bits.transpose(0, 2, 1).reshape(-1, self.bits), axis=1)


def build_sliced(codes: Codes, ids: NDArray[np.int64] | None = None) -> SlicedCodes:
    """Slice codes of at most 256 bits; `ids` ascend (None: 0 … N−1). Raises UsageError."""
    items = len(codes)
    if codes.bits > MAX_BITS or items >= MAX_ITEMS:
        raise UsageError(
            f"expected fewer than 2^32 codes of at most {MAX_BITS} bits, "
            f"found {items} of {codes.bits}"
        )
    first_id, kept = _numbered(ids, items)
    starts, ranks = _posting_lists(codes)
    if len(starts):
        codes = codes[ranks[starts[:-1]]]
    return SlicedCodes(
        bits=codes.bits,
        items=items,
        slots=len(codes),
        first_id=first_id,
        planes=_planes(codes),
        starts=starts,
        ranks=ranks,
        ids=kept,
    )


def shapes(bits: int, items: int, slots: int) -> dict[str, list[tuple[int, ...]]]:
    """The possible shapes of every array of a segment."""
    check_bits(bits)
    shared: list[tuple[int, ...]] = [(items,)] if slots < items else [(0,)]
    return {
        "planes": [(-(-slots // BLOCK), plane_count(bits), LANES)],
        "starts": [(slots + 1,)] if slots < items else [(0,)],
        "ranks": shared,
        "ids": [(0,), (items,)],
    }


def plane_count(bits: int) -> int:
    """Planes of a block: the code's bits, its count planes and one of zeros."""
    return bits + bits.bit_length() + 1


def _numbered(
    ids: NDArray[np.int64] | None, items: int
) -> tuple[int, NDArray[np.uint32] | NDArray[np.int64]]:
    """The first id and those to be stored: none where each follows from the one before."""
    if ids is None or not len(check_ids(ids, items)):
        return 0, np.empty(0, np.uint32)
    first, last = int(ids[0]), int(ids[-1])
    if last - first == items - 1:
        return first, np.empty(0, np.uint32)
    return first, ids.astype(np.uint32) if last < 1 << 32 else ids


def _posting_lists(codes: Codes) -> tuple[NDArray[np.uint32], NDArray[np.uint32]]:
    """`starts` and `ranks` of the slots, empty when fewer than half of the codes are copies.

    Works through long arrays in portions: the codes themselves and one order of them are all that
    there is memory for.
    """
    order, fresh = _grouped(codes)
    slots = int(np.count_nonzero(fresh))
    if 2 * slots > len(codes) or not slots:
        return np.empty(0, np.uint32), np.empty(0, np.uint32)
    firsts = np.flatnonzero(fresh)
    sizes = np.diff(firsts, append=len(codes))
    by_smallest = np.argsort(order[firsts])
    firsts, sizes = firsts[by_smallest], sizes[by_smallest]
    starts = np.concatenate([[0], np.cumsum(sizes)])
    ranks = np.empty(len(codes), np.uint32)
    for some in _portions(slots):
        first, last = starts[some.start], starts[some.stop]
        moved = np.repeat(firsts[some] - starts[some], sizes[some]) + np.arange(first, last)
        ranks[first:last] = order[moved]
    return starts.astype(np.uint32), ranks


def _grouped(codes: Codes) -> tuple[NDArray[np.int64], NDArray[np.bool_]]:
    """An order in which equal codes stand together by rank, and where each group begins."""
    words = codes.words()
    order: NDArray[np.int64] = np.lexsort(words.T)  # stable
    fresh = np.ones(len(codes), np.bool_)
    for some in _portions(len(codes) - 1):
        ordered = words[order[some.start : some.stop + 1]]
        fresh[1:][some] = (ordered[1:] != ordered[:-1]).any(axis=1)
    return order, fresh


def _portions(count: int) -> Iterator[slice]:
    """Slices of 0 … count − 1."""
    for first in range(0, count, _PORTION):
        yield slice(first, min(first + _PORTION, count))


def _planes(codes: Codes) -> NDArray[np.uint64]:
    blocks = -(-len(codes) // BLOCK)
    planes = np.zeros((blocks, plane_count(codes.bits), LANES), np.uint64)
    for first in range(0, blocks, _AT_ONCE):
        part = codes.packed[first * BLOCK : (first + _AT_ONCE) * BLOCK]
        planes[first : first + _AT_ONCE, :-1] = _sliced(part, codes.bits)
    return planes


def _sliced(packed: NDArray[np.uint8], bits: int) -> NDArray[np.uint64]:
    """Code and count planes `[blocks, planes, 8]` of some codes."""
    columns = [np.unpackbits(packed, axis=1)]
    zeros = bits - columns[0].sum(axis=1, dtype=np.uint16)
    columns.append((zeros[:, None] >> np.arange(bits.bit_length(), dtype=np.uint16)) & 1)
    blocks = -(-len(packed) // BLOCK)
    table = np.zeros((blocks * BLOCK, plane_count(bits) - 1), np.uint8)
    np.concatenate(columns, axis=1, out=table[: len(packed)], casting="unsafe")
    by_plane = table.reshape(blocks, BLOCK, -1).transpose(0, 2, 1)
    packed_planes = np.packbits(np.ascontiguousarray(by_plane), axis=2, bitorder="little")
    return packed_planes.view(np.uint64)
