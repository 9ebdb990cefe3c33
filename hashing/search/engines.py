"""The engines by name."""

from collections.abc import Callable
from difflib import get_close_matches

import numpy as np
from numpy.typing import NDArray

from hashing.codes import Codes
from hashing.errors import UsageError
from hashing.search.faiss_flat import FaissEngine
from hashing.search.protocol import Engine
from hashing.search.reference import ReferenceEngine
from hashing.search.scan import ScanEngine

ENGINES: dict[str, Callable[[Codes, NDArray[np.int64] | None], Engine]] = {
    "scan": ScanEngine,
    "reference": ReferenceEngine,
    "faiss": FaissEngine,
}


def make_engine(codes: Codes, ids: NDArray[np.int64] | None = None, name: str = "scan") -> Engine:
    """Make an engine over codes of N items and their ids; raises UsageError on unknown names.

    The default is the fastest for any number of items; it leaves small work to the reference.
    """
    if name not in ENGINES:
        close = "".join(f"; did you mean {match!r}?" for match in get_close_matches(name, ENGINES))
        raise UsageError(f"expected an engine of {sorted(ENGINES)}, found {name!r}{close}")
    return ENGINES[name](codes, ids)
