"""Which planes of a block to add up for a query, and how the sum becomes a distance."""

from collections.abc import Callable
from functools import cache
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from hashing.codes import Codes
from hashing.search.scan.sliced import PLANE_BYTES, plane_count

SUMS = 10
"""Planes of the sum S, lowest first: S ≤ 2 · 256 + 14 and the bound is at most one more."""
_NARROW = 112
"""Up to this length eight planes are enough for S and its bound."""


class Plan(NamedTuple):
    """What the kernel adds up for each query; `hashing.search.kernel` has the formulas.

    offsets: int32 `[Q, planes]`, bytes from the start of a block to each plane: first the plain
    ones, then those to be complemented, each filled up with the zero plane to a multiple of 8.
    terms: int64 `[Q, 4]`: plain planes / 8, flipped planes / 8, origin and sign of
    d = (origin + sign · S) >> shift.
    counts: int32 `[10]`, bytes to the planes that S starts from.
    stride: bytes in a block. wide: whether S needs more than eight planes.
    """

    offsets: NDArray[np.int32]
    terms: NDArray[np.int64]
    counts: NDArray[np.int32]
    stride: int
    shift: int
    wide: bool


def plan(queries: Codes, bits: int, choose: Callable[..., None]) -> Plan:
    """The plan for queries of the stored length `bits`, or shorter: then a prefix is searched.

    choose: the kernel's `choose_planes`.
    """
    whole = queries.bits == bits
    # a prefix takes planes of both kinds, each filled up to a multiple of 8
    offsets = np.empty((len(queries), queries.bits + (8 if whole else 16)), np.int32)
    terms = np.empty((len(queries), 4), np.int64)
    choose(queries.packed, whole, (plane_count(bits) - 1) * PLANE_BYTES, offsets, terms)
    return Plan(
        offsets=offsets,
        terms=terms,
        counts=_counts(bits, whole),
        stride=plane_count(bits) * PLANE_BYTES,
        shift=int(not whole),
        wide=bits > _NARROW,
    )


@cache
def _counts(bits: int, whole: bool) -> NDArray[np.int32]:
    zero_plane = plane_count(bits) - 1
    planes = np.full(SUMS, zero_plane, np.int64)
    if whole:
        planes[: zero_plane - bits] = np.arange(bits, zero_plane)
    return (planes * PLANE_BYTES).astype(np.int32)
