"""How functions are compiled, and how the compiler's cache learns that one of them has changed.

The cache looks at the file of the function it stores and at what the function closes over. What it
calls from other files is compiled into it unseen: so every function closes over a digest of all the
kernel's files, and of the numbers from elsewhere that are compiled in.
"""

import warnings
from hashlib import sha256
from pathlib import Path
from types import CellType, FunctionType
from typing import Any

from numba import njit

from hashing.search.scan.plan import SUMS
from hashing.search.scan.sliced import BLOCK, LANES, PLANE_BYTES


def _sources() -> tuple[str | int, ...]:
    """What a compiled function depends on besides its own file."""
    digest = sha256()
    for path in sorted(Path(__file__).parent.glob("*.py")):
        digest.update(path.read_bytes())
    return digest.hexdigest(), SUMS, BLOCK, LANES, PLANE_BYTES


def _can_cache() -> bool:
    """Whether the compiler finds a folder to cache in; one warning if not."""
    try:
        njit(cache=True)(_can_cache)
    except RuntimeError as error:
        warnings.warn(
            f"expected a writable folder to keep compiled search in, found none ({error}); "
            "it is compiled anew in every process: set NUMBA_CACHE_DIR to a writable folder",
            RuntimeWarning,
            stacklevel=2,
        )
        return False
    return True


_SOURCES = CellType(_sources())
_CACHE = _can_cache()


def compiled(function: Any) -> Any:
    """Compile a function, or load what was compiled from the same sources."""
    code = function.__code__.replace(co_freevars=("sources",))
    closed = FunctionType(code, function.__globals__, function.__name__, None, (_SOURCES,))
    closed.__module__, closed.__qualname__ = function.__module__, function.__qualname__
    closed.__doc__ = function.__doc__
    return njit(cache=_CACHE, nogil=True, error_model="numpy")(closed)


inlined = njit(forceinline=True, nogil=True, error_model="numpy")
