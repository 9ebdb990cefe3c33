"""What every engine can do, and the engines by name."""

from collections.abc import Callable
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from hashing.codes import Codes
from hashing.registry import find
from hashing.search.faiss import FaissEngine
from hashing.search.reference import ReferenceEngine
from hashing.search.request import RadiusRequest, SearchRequest
from hashing.search.result import RadiusResult, SearchResult
from hashing.search.scan import ScanEngine
from hashing.search.scan.sliced import MAX_BITS


class Engine(Protocol):
    """Exact Hamming search over one set of codes; an index (`hashing.store`) is one, too.

    Engines over bare codes are made as `Engine(codes, ids)` with `codes` of N items and `ids`
    int64 `[N]`, non-negative, unique and ascending (None: 0 … N−1). They raise UsageError on a
    request that does not fit their codes or filters by fields.
    """

    def search(self, request: SearchRequest) -> SearchResult:
        """The k nearest items; k above the number of allowed items gives that many columns."""
        ...

    def radius(self, request: RadiusRequest) -> RadiusResult:
        """All items not farther than a distance."""
        ...


def _scan(codes: Codes, ids: NDArray[np.int64] | None) -> Engine:
    """The kernel, or numpy for codes too long to be sliced."""
    return (ScanEngine if codes.bits <= MAX_BITS else ReferenceEngine)(codes, ids)


ENGINES: dict[str, Callable[[Codes, NDArray[np.int64] | None], Engine]] = {
    "scan": _scan,
    "reference": ReferenceEngine,
    "faiss": FaissEngine,
}


def make_engine(codes: Codes, ids: NDArray[np.int64] | None = None, name: str = "scan") -> Engine:
    """Make an engine over codes of N items and their ids; raises UsageError on unknown names.

    name: one of `ENGINES`, `package.module:Name`, or an entry point of an installed package. The
    default is the fastest for any number of items; it leaves small work and codes of more than
    256 bits to the reference.
    """
    return find("engine", name, ENGINES, takes=("codes", "ids"))(codes, ids)
