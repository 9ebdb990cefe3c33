"""The fast engine: codes by bit planes, scanned by the compiled kernel on all cores."""

from collections.abc import Sequence
from dataclasses import replace
from itertools import pairwise
from types import ModuleType
from typing import Self

import numpy as np
from numpy.typing import NDArray

from hashing.codes import Codes
from hashing.errors import UsageError
from hashing.search.reference import ReferenceEngine
from hashing.search.request import Allowed, RadiusRequest, Request, SearchRequest
from hashing.search.result import RadiusResult, SearchResult
from hashing.search.scan.driver import Driver
from hashing.search.scan.loading import KernelLoader
from hashing.search.scan.parts import Prepared, all_of, contains, mask_of, some_of
from hashing.search.scan.sliced import MAX_ITEMS, SlicedCodes, build_sliced
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
    """Exact search of segments of sliced codes; see `Engine`.

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

    def mask(self, ids: NDArray[np.int64]) -> NDArray[np.bool_]:
        """Mask `[N]` in order of id of the items among `ids`; those not there are ignored."""
        return mask_of(self.segments, ids)

    def contains(self, ids: NDArray[np.int64]) -> NDArray[np.bool_]:
        """Which of these ids are those of items, bool like `ids`."""
        return contains(self.segments, ids)

    def prepare(self, mask: NDArray[np.bool_]) -> Prepared:
        """Make a mask `[N]` ready for many searches; give the result as their `allowed`."""
        if mask.dtype != np.bool_ or mask.shape != (len(self),):
            raise UsageError(
                f"expected a mask as bool [{len(self)}], found {mask.dtype} {list(mask.shape)}"
            )
        return some_of(self.segments, mask)

    def search(self, request: SearchRequest) -> SearchResult:
        """Find the k nearest items of each query."""
        request.refuse_filter()
        some, kernel = self._prepared(request), self._kernel(len(request.codes))
        if kernel is None:
            return self._reference().search(replace(request, allowed=some))
        items = len(self) if some is None else some.count
        return self._driver(kernel, some).nearest(request, items)

    def radius(self, request: RadiusRequest) -> RadiusResult:
        """Find all items not farther than a distance."""
        request.refuse_filter()
        some, kernel = self._prepared(request), self._kernel(len(request.codes))
        if kernel is None:
            return self._reference().radius(replace(request, allowed=some))
        return self._driver(kernel, some).within(request)

    def _driver(self, kernel: ModuleType, some: Prepared | None) -> Driver:
        parts = self._parts if some is None else some.parts
        return Driver(kernel, self._bits, parts, self._threads)

    def _prepared(self, request: Request) -> Prepared | None:
        allowed = request.allowed
        if allowed is None or isinstance(allowed, Prepared):
            return allowed
        return self.prepare(allowed.mask if isinstance(allowed, Allowed) else self.mask(allowed))

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
        rows = self._rows  # another thread may forget them meanwhile
        if rows is None:
            rows = self._rows = self._make_reference()
        return rows

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
    driver.nearest(SearchRequest(codes[:4], 2, logits=logits, rerank=4), allowed.count)
    driver.within(RadiusRequest(codes[:4], 2))


KERNEL = KernelLoader("hashing.search.kernel", _warm, _LOAD_AFTER)
