"""The codes of one generation in memory, and what is allowed of them."""

from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

from hashing.codes import Codes
from hashing.filters import Filter
from hashing.search import (
    Allowed,
    Request,
    ScanEngine,
    SlicedCodes,
    build_sliced,
)

Asked = TypeVar("Asked", bound=Request)
Select = Callable[[Filter], NDArray[np.int64]]
"""What the rows of a store answer to a filter: the ids that it keeps."""

MAX_FILTERS = 16
"""Filters whose masks are kept; the oldest is forgotten first."""


class View:
    """Segments of codes without the removed items.

    A filter is resolved by `select` once and kept by its tree. Where rows may change meanwhile, the
    caller holds its guard over all methods but the engine's own.
    """

    def __init__(
        self, segments: Sequence[SlicedCodes], bits: int, removed: NDArray[np.int64], select: Select
    ) -> None:
        nothing = build_sliced(Codes(np.empty((0, bits // 8), np.uint8), bits))
        self.engine = ScanEngine.from_segments(segments or [nothing])
        self._removed, self._select = removed, select
        self._living: Allowed | None = None
        if len(removed):
            self._living = self.engine.prepare(~self.engine.mask(removed))
        self._filters: dict[Filter, Allowed] = {}

    def resolved(self, request: Asked) -> Asked:
        """The same request as the engine takes it: a mask in place of a filter and of ids."""
        where, ids = request.where, request.allowed_ids
        if ids is None:
            allowed = self._living if where is None else self._filtered(where)
        elif where is None:
            allowed = self._allowed(ids)
        else:
            allowed = self._allowed(np.intersect1d(ids, self.ids(where)))
        return replace(request, where=None, allowed=allowed)

    def ids(self, where: Filter | None = None) -> NDArray[np.int64]:
        """Ids of all living items, or of those that a filter keeps, ascending."""
        allowed = self._living if where is None else self._filtered(where)
        segments = self.engine.segments
        ids = np.concatenate([part.ids_of(np.arange(part.items)) for part in segments])
        return ids if allowed is None else ids[allowed.mask]

    def contains(self, ids: NDArray[np.int64]) -> NDArray[np.bool_]:
        """Which of these ids are those of living items, bool like `ids`."""
        return self.engine.contains(ids) & ~np.isin(ids, self._removed)

    def _filtered(self, where: Filter) -> Allowed:
        allowed = self._filters.get(where)
        if allowed is None:
            allowed = self._allowed(self._select(where))
            self._filters[where] = allowed
            for oldest in list(self._filters)[:-MAX_FILTERS]:
                self._filters.pop(oldest, None)
        return allowed

    def _allowed(self, ids: NDArray[np.int64]) -> Allowed:
        mask = self.engine.mask(ids)
        return self.engine.prepare(mask if self._living is None else mask & self._living.mask)
