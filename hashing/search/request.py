"""The checks that every engine makes of what it is asked."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from hashing.codes import Codes
from hashing.errors import UsageError
from hashing.search.scores import fixed_point


@dataclass(frozen=True, eq=False)
class Request:
    """A checked question to an engine of N items.

    queries: codes cut to the searched length. allowed: bool `[N]` or None for all.
    weights: int32 `[Q, bits]`, the queries' logits in fixed point, or None for plain Hamming.
    """

    queries: Codes
    allowed: NDArray[np.bool_] | None
    max_distance: int
    weights: NDArray[np.int32] | None = None
    columns: int = 0
    rerank: int | None = None

    @property
    def bits(self) -> int:
        """The searched length."""
        return self.queries.bits


def check_search(
    bits: int,
    items: int,
    queries: Codes,
    k: int,
    *,
    allowed: NDArray[np.bool_] | None,
    max_distance: int | None,
    prefix: int | None,
    logits: NDArray[np.float32] | None,
    rerank: int | None,
) -> Request:
    """A request for the k nearest; `bits` is the engine's length, `prefix` the one asked for."""
    if k < 1:
        raise UsageError(f"expected k of at least 1, found {k}")
    if rerank is not None and logits is None:
        raise UsageError("expected the queries' logits, which rerank orders by, found none")
    if rerank is not None and rerank < k:
        raise UsageError(f"expected to rerank at least the k = {k} results, found {rerank}")
    plain = check_radius(bits, items, queries, max_distance, allowed=allowed, prefix=prefix)
    count = items if plain.allowed is None else int(np.count_nonzero(plain.allowed))
    return Request(
        plain.queries,
        plain.allowed,
        plain.max_distance,
        None if logits is None else _weights(logits, plain.queries),
        min(k, count),
        None if rerank is None else min(rerank, count),
    )


def check_radius(
    bits: int,
    items: int,
    queries: Codes,
    max_distance: int | None,
    *,
    allowed: NDArray[np.bool_] | None,
    prefix: int | None,
) -> Request:
    """A request for all items within a distance."""
    length = bits if prefix is None else prefix
    if length > bits or queries.bits not in (length, bits):
        raise UsageError(
            f"expected a search by at most {bits} bits with queries as long as the database's "
            f"or the search's, found queries of {queries.bits} for a search by {length} bits"
        )
    if max_distance is not None and max_distance < 0:
        raise UsageError(f"expected a maximum distance of at least 0, found {max_distance}")
    if allowed is not None and (allowed.dtype != np.bool_ or allowed.shape != (items,)):
        raise UsageError(
            f"expected allowed items as bool [{items}], found {allowed.dtype} {list(allowed.shape)}"
        )
    limit = length if max_distance is None else min(max_distance, length)
    return Request(queries.prefix(length), allowed, limit)


def _weights(logits: NDArray[np.float32], queries: Codes) -> NDArray[np.int32]:
    if logits.ndim != 2 or len(logits) != len(queries) or logits.shape[1] < queries.bits:
        raise UsageError(
            f"expected logits as [{len(queries)}, {queries.bits}] like the queries, "
            f"found {list(logits.shape)}"
        )
    return fixed_point(logits[:, : queries.bits])
