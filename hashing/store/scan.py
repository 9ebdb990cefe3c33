"""The codes of an index sliced in memory; each reader of the rows keeps its own."""

import threading
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from hashing.codes import Codes
from hashing.filters import Filter
from hashing.search import (
    RadiusRequest,
    RadiusResult,
    SearchRequest,
    SearchResult,
    SlicedCodes,
    build_sliced,
)
from hashing.store.code_search import NEVER, Capabilities, Mark, Rows
from hashing.store.merging import first_to_merge
from hashing.store.view import View


class Scan:
    """A `CodeSearch` of this process: of a publication only what others added is fetched."""

    def __init__(self) -> None:
        self._segments: list[SlicedCodes] = []
        self._mark = Mark(-1, 0, 0)
        self._removed = np.empty(0, np.int64)

    def sync(self, rows: Rows) -> "ScanAnswers":
        """Fetch codes that came since, or all where rows were dropped."""
        if rows.mark.compacted > self._mark.number:
            self._segments, self._removed = [], np.empty(0, np.int64)
            self._mark = Mark(rows.mark.number, 0, rows.mark.compacted)
        gone = [self._removed]
        gone += [part.ids for part in rows.removals(self._mark.number, self._mark.next_id)]
        portions = list(rows.portions(self._mark.next_id, rows.mark.next_id))
        segments = list(self._segments)
        if ids := [part.ids for part in portions if len(part.ids)]:
            codes = Codes.concatenate([part.codes for part in portions if len(part.ids)])
            segments.append(build_sliced(codes, np.concatenate(ids)))
            gone += [part.ids[part.removed != NEVER] for part in portions]
        first = first_to_merge([part.items for part in segments])
        if first < len(segments):
            segments[first:] = [_merged(segments[first:])]
        removed = np.sort(np.concatenate(gone))
        answers = ScanAnswers(segments, rows, removed)
        self._segments, self._removed, self._mark = segments, removed, rows.mark
        return answers

    def check(self, rows: Rows) -> list[str]:
        """Nothing: what lies in memory was read from the rows."""
        return []

    def refuse_taken(self) -> None:
        """Memory is nobody's."""

    def delete(self, uuid: str) -> None:
        """Memory goes with its process."""

    def close(self) -> None:
        """Forget all codes."""
        self._segments = []


class ScanAnswers:
    """Sliced codes as of one publication."""

    capabilities = Capabilities(None, None)

    def __init__(
        self, segments: Sequence[SlicedCodes], rows: Rows, removed: NDArray[np.int64]
    ) -> None:
        self.segments = len(segments)
        self._view = View(segments, rows.bits, removed, rows.ids)
        self._guard = threading.RLock()

    def search(self, request: SearchRequest) -> SearchResult:
        """The k nearest items."""
        with self._guard:
            plain = self._view.resolved(request)
        return self._view.engine.search(plain)

    def radius(self, request: RadiusRequest) -> RadiusResult:
        """All items not farther than a distance."""
        with self._guard:
            plain = self._view.resolved(request)
        return self._view.engine.radius(plain)

    def ids(self, where: Filter | None = None) -> NDArray[np.int64]:
        """Ids of the items that are there and pass a filter."""
        with self._guard:
            return self._view.ids(where)

    def contains(self, ids: NDArray[np.int64]) -> NDArray[np.bool_]:
        """Which of these ids are those of items that are there."""
        return self._view.contains(ids)


def _merged(segments: list[SlicedCodes]) -> SlicedCodes:
    ids = np.concatenate([part.ids_of(np.arange(part.items)) for part in segments])
    return build_sliced(Codes.concatenate([part.item_codes() for part in segments]), ids)
