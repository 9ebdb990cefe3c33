"""Which planes of a block to add up for a query, and how the sum becomes a distance."""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from hashing.codes import Codes
from hashing.search.sliced import PLANE_BYTES, plane_count

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


def plan(queries: Codes, bits: int) -> Plan:
    """The plan for queries of the stored length `bits`, or shorter: then a prefix is searched."""
    ones = queries.unpacked().astype(np.bool_)
    weight = ones.sum(axis=1)
    zero_plane = plane_count(bits) - 1
    if queries.bits == bits:
        many = 2 * weight > bits
        offsets, plain = _chosen(ones != many[:, None], zero_plane)
        flipped = np.zeros_like(plain)
        origin = np.where(many, weight - bits, weight + bits)
        sign = np.where(many, 1, -1)
        counts = np.arange(bits, zero_plane)
    else:
        kept, plain = _chosen(~ones, zero_plane)
        turned, flipped = _chosen(ones, zero_plane)
        offsets = _joined(kept, plain, turned, zero_plane)
        # a complemented zero plane adds 1 to every code's distance
        origin = 2 * (weight - 8 * flipped)
        sign = np.ones_like(origin)
        counts = np.empty(0, np.int64)
    return Plan(
        offsets=(offsets * PLANE_BYTES).astype(np.int32),
        terms=np.array([plain, flipped, origin, sign], np.int64, order="F").T,
        counts=_filled(counts, zero_plane),
        stride=plane_count(bits) * PLANE_BYTES,
        shift=int(queries.bits < bits),
        wide=bits > _NARROW,
    )


def _chosen(
    wanted: NDArray[np.bool_], zero_plane: int
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Planes wanted by each query, then zero planes `[Q, width]`; how many eights are needed."""
    count = wanted.sum(axis=1)
    eights = -(-count // 8)
    width = 8 * int(eights.max(initial=0))
    planes = np.argsort(~wanted, axis=1, kind="stable")[:, :width]
    planes[np.arange(width) >= count[:, None]] = zero_plane
    return planes, eights


def _joined(
    first: NDArray[np.int64],
    eights: NDArray[np.int64],
    second: NDArray[np.int64],
    zero_plane: int,
) -> NDArray[np.int64]:
    """Each row's own first planes, directly followed by the second ones."""
    joined = np.full((len(first), first.shape[1] + second.shape[1]), zero_plane, np.int64)
    joined[:, : first.shape[1]] = first
    columns = 8 * eights[:, None] + np.arange(second.shape[1])
    np.put_along_axis(joined, columns, second, axis=1)
    return joined


def _filled(planes: NDArray[np.int64], zero_plane: int) -> NDArray[np.int32]:
    places = np.full(SUMS, zero_plane, np.int64)
    places[: len(planes)] = planes
    return (places * PLANE_BYTES).astype(np.int32)
