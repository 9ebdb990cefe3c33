"""A page of items: a part of all that a question keeps, in one order for every store."""

from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from hashing.filters import Filter

PAGE = 50
"""Items on a page where nobody asks for more or fewer."""


@dataclass(frozen=True, eq=False)
class Page:
    """ids: int64 `[n]` in order, at most as many as asked for. total: items on all pages."""

    ids: NDArray[np.int64]
    total: int


class Listed(Protocol):
    """What a page is a part of: an index that lists the ids of its items."""

    def ids(self, where: Filter | None = None) -> NDArray[np.int64]:
        """Of all items that a filter keeps, ascending."""
        ...

    def text_search(self, text: str, *, where: Filter | None = None) -> NDArray[np.int64]:
        """Of those that have some words, the best match first."""
        ...


def page_of(
    index: Listed, where: Filter | None, text: str, seed: int | None, offset: int, limit: int
) -> Page:
    """Part of the items that a filter and words keep; see `Index.page`."""
    ids = index.text_search(text, where=where) if text.strip() else index.ids(where)
    return cut(ids, seed, offset, limit)


def cut(ids: NDArray[np.int64], seed: int | None, offset: int, limit: int) -> Page:
    """Part of ids in their order, or with a seed in an order that depends on it and on them."""
    if seed is None:
        return Page(ids[offset : offset + limit], len(ids))
    places = _mixed(ids, seed)
    last = min(offset + limit, len(ids))
    if last < len(ids):
        # only the first ones have to be in order
        first = np.argpartition(places, last)[:last]
        ids, places, total = ids[first], places[first], len(ids)
    else:
        total = len(ids)
    return Page(ids[np.argsort(places)][offset:last], total)


def _mixed(ids: NDArray[np.int64], seed: int) -> NDArray[np.uint64]:
    """A number for each id, all different: the finaliser of SplitMix64 (Steele et al. 2014)."""
    start = (seed * 0x9E3779B97F4A7C15) % (1 << 64)
    state = ids.astype(np.uint64) + np.uint64(start)
    for shift, factor in ((30, 0xBF58476D1CE4E5B9), (27, 0x94D049BB133111EB)):
        state = (state ^ (state >> np.uint64(shift))) * np.uint64(factor)
    return state ^ (state >> np.uint64(31))
