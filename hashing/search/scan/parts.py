"""What a search reads: segments, and which of their items are allowed."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from hashing.codes import Codes
from hashing.search.request import Allowed
from hashing.search.scan.sliced import LANES, SlicedCodes, build_sliced

_FEW = 16
"""When at most one item in 16 is allowed, these are gathered into a segment of their own."""


def _everything() -> NDArray[np.uint64]:
    return np.empty(0, np.uint64)


@dataclass(frozen=True, eq=False)
class Part:
    """A segment with its allowed items.

    base: rank of its first item among all parts.
    slots: uint64, bits of the slots with an allowed item; items: of the allowed items by place in
    the posting lists. Both are empty when everything is allowed.
    """

    segment: SlicedCodes
    base: int
    slots: NDArray[np.uint64] = field(default_factory=_everything)
    items: NDArray[np.uint64] = field(default_factory=_everything)

    @cached_property
    def arrays(self) -> tuple[NDArray[Any], ...]:
        """planes, starts, ranks, slots and items as the kernel reads them."""
        segment = self.segment
        return (
            _flat(segment.planes),
            _flat(segment.starts),
            _flat(segment.ranks),
            _flat(self.slots),
            _flat(self.items),
        )


@dataclass(frozen=True, eq=False)
class Prepared(Allowed):
    """Allowed items as the kernel reads them."""

    parts: tuple[Part, ...]


def all_of(segments: Sequence[SlicedCodes]) -> tuple[Part, ...]:
    """Every item of the segments."""
    bases = np.cumsum([0, *(segment.items for segment in segments)]).tolist()
    return tuple(map(Part, segments, bases))


def some_of(segments: Sequence[SlicedCodes], mask: NDArray[np.bool_]) -> Prepared:
    """Only the items in the mask, bool `[N]` in order of id over all segments."""
    count = int(np.count_nonzero(mask))
    if count * _FEW <= len(mask):
        return Prepared(mask, count, all_of([_gathered(segments, mask)]))
    parts = (_masked(part, mask[part.base :][: part.segment.items]) for part in all_of(segments))
    return Prepared(mask, count, tuple(parts))


def mask_of(segments: Sequence[SlicedCodes], ids: NDArray[np.int64]) -> NDArray[np.bool_]:
    """Mask `[N]` in order of id over all segments of the items among `ids`."""
    mask = np.zeros(sum(segment.items for segment in segments), np.bool_)
    for part in all_of(segments):
        ranks, found = _ranks(part.segment, ids)
        mask[part.base + ranks[found]] = True
    return mask


def contains(segments: Sequence[SlicedCodes], ids: NDArray[np.int64]) -> NDArray[np.bool_]:
    """Which of these ids are those of items, bool like `ids`."""
    there = np.zeros(ids.shape, np.bool_)
    for segment in segments:
        there |= _ranks(segment, ids)[1]
    return there


def _ranks(
    segment: SlicedCodes, ids: NDArray[np.int64]
) -> tuple[NDArray[np.int64], NDArray[np.bool_]]:
    """The ranks of `ids` in a segment, and whether they are there at all."""
    if not len(segment.ids):
        ranks = ids - segment.first_id
        return ranks, (ranks >= 0) & (ranks < segment.items)
    # in the type of the many; an id that does not fit it will not be found equal
    ranks = np.searchsorted(segment.ids, ids.astype(segment.ids.dtype))
    return ranks, segment.ids[np.minimum(ranks, segment.items - 1)] == ids


def _flat(array: NDArray[Any]) -> NDArray[Any]:
    """A flat read-only view: always of one type, so that the kernel is compiled once."""
    view = np.asarray(array).reshape(-1)[:]
    view.flags.writeable = False
    return view


def _masked(part: Part, mask: NDArray[np.bool_]) -> Part:
    segment = part.segment
    if not segment.shared:
        return Part(segment, part.base, slots=_bits(mask, segment.blocks * LANES))
    by_place = mask[segment.ranks]
    slots = np.logical_or.reduceat(by_place, segment.starts[:-1])
    words = -(-segment.items // 64)
    return Part(segment, part.base, _bits(slots, segment.blocks * LANES), _bits(by_place, words))


def _bits(mask: NDArray[np.bool_], words: int) -> NDArray[np.uint64]:
    packed = np.zeros(words * 8, np.uint8)
    used = np.packbits(mask, bitorder="little")
    packed[: len(used)] = used
    return packed.view(np.uint64)


def _gathered(segments: Sequence[SlicedCodes], mask: NDArray[np.bool_]) -> SlicedCodes:
    """The allowed items of all segments as one new segment."""
    codes, ids = [], []
    for part in all_of(segments):
        ranks = np.flatnonzero(mask[part.base :][: part.segment.items])
        codes.append(part.segment.codes(part.segment.slots_of(ranks)))
        ids.append(part.segment.ids_of(ranks))
    return build_sliced(Codes.concatenate(codes), np.concatenate(ids))
