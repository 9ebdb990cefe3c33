"""The checks that every engine makes of what it is asked."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from hashing.codes import Codes
from hashing.errors import UsageError
from hashing.search.scores import fixed_point


@dataclass(frozen=True, eq=False)
class Request:
    """A checked question to an engine.

    queries: codes cut to the searched length. max_distance: at most that length.
    weights: int32 `[Q, bits]`, the queries' logits in fixed point, or None for plain Hamming.
    k, rerank: not above the number of allowed items.
    """

    queries: Codes
    max_distance: int
    weights: NDArray[np.int32] | None = None
    k: int = 0
    rerank: int | None = None

    @property
    def bits(self) -> int:
        """The searched length."""
        return self.queries.bits


def check_search(
    bits: int,
    allowed: int,
    queries: Codes,
    k: int,
    max_distance: int | None,
    prefix: int | None,
    logits: NDArray[np.float32] | None,
    rerank: int | None,
) -> Request:
    """Check a search for the k nearest of `allowed` items, stored at `bits` bits."""
    if k < 1:
        raise UsageError(f"expected k of at least 1, found {k}")
    if rerank is not None and logits is None:
        raise UsageError("expected the queries' logits, which rerank orders by, found none")
    if rerank is not None and rerank < k:
        raise UsageError(f"expected to rerank at least the k = {k} results, found {rerank}")
    plain = check_radius(bits, queries, max_distance, prefix)
    return Request(
        plain.queries,
        plain.max_distance,
        None if logits is None else _weights(logits, plain.queries),
        min(k, allowed),
        None if rerank is None else min(rerank, allowed),
    )


def check_radius(
    bits: int, queries: Codes, max_distance: int | None, prefix: int | None
) -> Request:
    """Check a search for all items within a distance."""
    length = bits if prefix is None else prefix
    if length > bits or queries.bits not in (length, bits):
        raise UsageError(
            f"expected a search by at most {bits} bits with queries as long as the database's "
            f"or the search's, found queries of {queries.bits} for a search by {length} bits"
        )
    if max_distance is not None and max_distance < 0:
        raise UsageError(f"expected a maximum distance of at least 0, found {max_distance}")
    limit = length if max_distance is None else min(max_distance, length)
    return Request(queries.prefix(length), limit)


def check_allowed(allowed: NDArray[np.bool_], items: int) -> NDArray[np.bool_]:
    """Return the mask; raises UsageError unless it is bool `[N]`."""
    if allowed.dtype != np.bool_ or allowed.shape != (items,):
        raise UsageError(
            f"expected allowed items as bool [{items}], found {allowed.dtype} {list(allowed.shape)}"
        )
    return allowed


def check_ids(ids: NDArray[np.int64] | None, items: int) -> NDArray[np.int64]:
    """Ids int64 `[N]`, 0 … N−1 if None; UsageError unless non-negative and ascending."""
    if ids is None:
        return np.arange(items, dtype=np.int64)
    if ids.dtype != np.int64 or ids.shape != (items,):
        raise UsageError(f"expected ids as int64 [{items}], found {ids.dtype} {list(ids.shape)}")
    if items and (ids[0] < 0 or (np.diff(ids) <= 0).any()):
        raise UsageError("expected ids that are non-negative, unique and ascending")
    return ids


def _weights(logits: NDArray[np.float32], queries: Codes) -> NDArray[np.int32]:
    if logits.ndim != 2 or len(logits) != len(queries) or logits.shape[1] < queries.bits:
        raise UsageError(
            f"expected logits as [{len(queries)}, {queries.bits}] like the queries, "
            f"found {list(logits.shape)}"
        )
    return fixed_point(logits[:, : queries.bits])
