"""The fast engine: codes by bit planes, scanned by the compiled kernel on all cores."""

from collections.abc import Sequence
from itertools import pairwise
from types import ModuleType
from typing import Self

import numpy as np
from numpy.typing import NDArray

from hashing.codes import Codes
from hashing.errors import UsageError
from hashing.search.driver import Driver
from hashing.search.loading import KernelLoader
from hashing.search.parts import Allowed, all_of, some_of
from hashing.search.protocol import RadiusResult, SearchResult
from hashing.search.reference import ReferenceEngine
from hashing.search.request import check_allowed, check_radius, check_search
from hashing.search.sliced import MAX_ITEMS, SlicedCodes, build_sliced
from hashing.search.threads import cores

# When numpy answers, measured in codes compared: it takes some 5 ns for each.
_CALL = 4_000
"""What a query costs numpy beside its comparisons."""
SMALL = 14_000
"""A search that numpy answers as fast as the kernel would."""
_LOAD_AFTER = 10_000_000
"""So much work done by numpy in this process has cost nearly as much as loading the kernel."""
_WAIT_FROM = 100_000_000
"""A search that is better answered late by the kernel than by numpy."""


class ScanEngine:
    """Exact search of segments of sliced codes; see `Engine` for the arguments.

    Small searches are left to the reference engine. So are others until the kernel is ready: it
    is loaded in the background once they add up to enough work; `warm` waits for it.
    """

    def __init__(
        self, codes: Codes, ids: NDArray[np.int64] | None = None, *, threads: int | None = None
    ) -> None:
        self._set([build_sliced(codes, ids)], threads)

    @classmethod
    def from_segments(cls, segments: Sequence[SlicedCodes], *, threads: int | None = None) -> Self:
        """Search several segments as one; ids ascend from each to the next. Copies nothing."""
        engine = cls.__new__(cls)
        engine._set(segments, threads)
        return engine

    def _set(self, segments: Sequence[SlicedCodes], threads: int | None) -> None:
        lengths = sorted({segment.bits for segment in segments})
        if len(lengths) != 1:
            raise UsageError(f"expected segments of one code length, found {lengths}")
        filled = [segment for segment in segments if segment.items]
        for before, after in pairwise(filled):
            if before.last_id >= after.first_id:
                raise UsageError(
                    "expected ids that ascend from segment to segment, found "
                    f"{after.first_id} after {before.last_id}"
                )
        if sum(segment.items for segment in filled) >= MAX_ITEMS:
            raise UsageError("expected fewer than 2^32 items over all segments, found more")
        self.segments = tuple(segments)
        self._parts = all_of(filled)
        self._bits = lengths[0]
        self._threads = threads or cores()
        # codes by rows once more, for numpy: kept while it may be asked again
        self._rows: ReferenceEngine | None = None

    @property
    def bits(self) -> int:
        """Length of the stored codes."""
        return self._bits

    def __len__(self) -> int:
        return sum(segment.items for segment in self.segments)

    def warm(self) -> None:
        """Wait until the kernel is ready; what follows is answered by it."""
        KERNEL.wait()

    def prepare(self, allowed: NDArray[np.bool_]) -> Allowed:
        """Make a mask ready for many searches; give the result as their `allowed`."""
        return some_of(self.segments, check_allowed(allowed, len(self)))

    def search(
        self,
        queries: Codes,
        k: int,
        *,
        allowed: NDArray[np.bool_] | Allowed | None = None,
        max_distance: int | None = None,
        bits: int | None = None,
        logits: NDArray[np.float32] | None = None,
        rerank: int | None = None,
    ) -> SearchResult:
        """Find the k nearest items of each query; see `Engine.search`."""
        some = self._prepared(allowed)
        count = len(self) if some is None else some.count
        request = check_search(self.bits, count, queries, k, max_distance, bits, logits, rerank)
        kernel = self._kernel(len(queries))
        if kernel is None:
            return self._reference().search(
                queries,
                k,
                allowed=None if some is None else some.mask,
                max_distance=max_distance,
                bits=bits,
                logits=logits,
                rerank=rerank,
            )
        return self._driver(kernel, some).nearest(request)

    def radius(
        self,
        queries: Codes,
        max_distance: int,
        *,
        allowed: NDArray[np.bool_] | Allowed | None = None,
        bits: int | None = None,
    ) -> RadiusResult:
        """Find all items not farther than `max_distance`; see `Engine.radius`."""
        some = self._prepared(allowed)
        request = check_radius(self.bits, queries, max_distance, bits)
        kernel = self._kernel(len(queries))
        if kernel is None:
            mask = None if some is None else some.mask
            return self._reference().radius(queries, max_distance, allowed=mask, bits=bits)
        return self._driver(kernel, some).within(request)

    def _driver(self, kernel: ModuleType, some: Allowed | None) -> Driver:
        parts = self._parts if some is None else some.parts
        return Driver(kernel, self._bits, parts, self._threads)

    def _prepared(self, allowed: NDArray[np.bool_] | Allowed | None) -> Allowed | None:
        return self.prepare(allowed) if isinstance(allowed, np.ndarray) else allowed

    def _kernel(self, queries: int) -> ModuleType | None:
        """The kernel, if it should answer so many queries; None leaves them to numpy."""
        work = queries * (len(self) + _CALL)
        if work <= SMALL:
            return None
        kernel = KERNEL.wait() if work >= _WAIT_FROM else KERNEL.for_work(work)
        if kernel is not None and len(self) > SMALL:
            self._rows = None
        return kernel

    def _reference(self) -> ReferenceEngine:
        if self._rows is None:
            self._rows = self._make_reference()
        return self._rows

    def _make_reference(self) -> ReferenceEngine:
        codes = Codes.concatenate([segment.item_codes() for segment in self.segments])
        ids = [segment.ids_of(np.arange(segment.items)) for segment in self.segments]
        return ReferenceEngine(codes, np.concatenate(ids))


def _warm(kernel: ModuleType) -> None:
    """Call every function of the kernel once, so that all are compiled."""
    codes = Codes(np.repeat(np.arange(4, dtype=np.uint8), 4)[:, None], 8)
    allowed = some_of([build_sliced(codes)], np.arange(16) % 3 > 0)
    driver = Driver(kernel, 8, allowed.parts, threads=1)
    logits = np.ones((4, 8), np.float32)
    driver.nearest(check_search(8, 16, codes[:4], 2, None, None, logits, 4))
    driver.within(check_radius(8, codes[:4], 2, None))


KERNEL = KernelLoader("hashing.search.kernel", _warm, _LOAD_AFTER)
