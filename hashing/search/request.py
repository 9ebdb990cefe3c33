"""What can be asked of codes: made and checked once, then handed whole to an engine or an index.

index.search(SearchRequest(codes, k=10, where=equals("style", "Cubism"), max_distance=20))
engine.radius(RadiusRequest(codes, 3, allowed=np.array([4, 7])))
"""

from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Self

import numpy as np
from numpy.typing import NDArray

from hashing.codes import Codes, check_bits
from hashing.errors import UsageError
from hashing.filters import Filter
from hashing.search.scores import fixed_point


@dataclass(frozen=True, eq=False)
class Allowed:
    """Items of one engine, made ready for any number of searches by its `prepare`.

    mask: bool `[N]` in order of the engine's ids. count: how many are allowed.
    """

    mask: NDArray[np.bool_]
    count: int


@dataclass(frozen=True, eq=False)
class Request:
    """What every search says.

    codes: the Q queries, as long as the stored codes or as `bits`.
    where: look only among the items whose fields satisfy this filter. Codes alone have no fields:
    an index resolves it, an engine refuses it.
    allowed: look only among these, int64 ids `[A]` in any order; those not there are ignored. An
    engine also takes what its `prepare` made. Together with `where` both must hold.
    bits: compare only the first bits of every code.
    """

    codes: Codes
    where: Filter | None = field(default=None, kw_only=True)
    allowed: NDArray[np.int64] | Allowed | None = field(default=None, kw_only=True)
    bits: int | None = field(default=None, kw_only=True)

    def __post_init__(self) -> None:
        if self.bits is not None:
            check_bits(self.bits)
            if self.bits > self.codes.bits:
                raise UsageError(
                    f"expected to search by at most the queries' {self.codes.bits} bits, "
                    f"found {self.bits}"
                )
        allowed = self.allowed
        if isinstance(allowed, np.ndarray) and (allowed.dtype != np.int64 or allowed.ndim != 1):
            raise UsageError(
                f"expected allowed items as ids, int64 [A], found {allowed.dtype} "
                f"{list(allowed.shape)}"
            )

    def searched_codes(self, stored: int) -> Codes:
        """The queries cut to the searched length, in an engine whose codes have `stored` bits.

        Raises UsageError where they do not fit those codes.
        """
        length = stored if self.bits is None else self.bits
        if length > stored or self.codes.bits not in (length, stored):
            raise UsageError(
                f"expected a search by at most {stored} bits with queries as long as the "
                f"database's or the search's, found queries of {self.codes.bits} for a search by "
                f"{length} bits"
            )
        return self.codes.prefix(length)

    @property
    def allowed_ids(self) -> NDArray[np.int64] | None:
        """`allowed` as an index takes it. Raises UsageError where an engine's `prepare` made it."""
        if isinstance(self.allowed, Allowed):
            raise UsageError("expected the ids of the allowed items, found an engine's own mask")
        return self.allowed

    def refuse_filter(self) -> None:
        """Raise UsageError where an engine over bare codes is asked to filter by fields."""
        if self.where is not None:
            raise UsageError(
                "expected the ids of the allowed items, found a filter: codes alone have no "
                "fields; search an index, or allow the ids it gives for the filter"
            )


@dataclass(frozen=True, eq=False)
class SearchRequest(Request):
    """The k nearest items of each query, ordered by (distance, id).

    k: at least 1; above the number of allowed items all of these are answered.
    max_distance: leave out what is farther.
    logits: float32 `[Q, bits]` of the queries: equal distances are then ordered by (score, id).
    rerank: with logits, at least k: all items not farther than the R-th, ties included, are
    ordered by (score, distance, id).

    Raises UsageError where any of it cannot be meant.
    """

    k: int
    max_distance: int | None = field(default=None, kw_only=True)
    logits: NDArray[np.float32] | None = field(default=None, kw_only=True)
    rerank: int | None = field(default=None, kw_only=True)

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.k < 1:
            raise UsageError(f"expected k of at least 1, found {self.k}")
        if self.rerank is not None and self.logits is None:
            raise UsageError("expected the queries' logits, which rerank orders by, found none")
        if self.rerank is not None and self.rerank < self.k:
            raise UsageError(
                f"expected to rerank at least the k = {self.k} results, found {self.rerank}"
            )
        _check_distance(self.max_distance)
        if self.logits is not None:
            self._check_logits(self.logits)

    def of_query(self, row: int) -> Self:
        """The same request for one of its queries."""
        logits = None if self.logits is None else self.logits[row : row + 1]
        return replace(self, codes=self.codes[row : row + 1], logits=logits)

    @cached_property
    def fixed_logits(self) -> NDArray[np.int32] | None:
        """The logits of the searched bits in fixed point, None where distances alone decide."""
        if self.logits is None:
            return None
        return fixed_point(self.logits[:, : self.bits or self.codes.bits])

    def _check_logits(self, logits: NDArray[np.float32]) -> None:
        bits = self.bits or self.codes.bits
        if logits.ndim != 2 or len(logits) != len(self.codes) or logits.shape[1] < bits:
            raise UsageError(
                f"expected logits as [{len(self.codes)}, {bits}] like the queries, "
                f"found {list(logits.shape)}"
            )
        if not np.isfinite(logits).all():
            raise UsageError("expected finite logits, found NaN or infinity: the model is broken")


@dataclass(frozen=True, eq=False)
class RadiusRequest(Request):
    """All items not farther than `max_distance` from each query. Raises UsageError below 0."""

    max_distance: int

    def __post_init__(self) -> None:
        super().__post_init__()
        _check_distance(self.max_distance)


def check_ids(ids: NDArray[np.int64] | None, items: int) -> NDArray[np.int64]:
    """Ids int64 `[N]`, 0 … N−1 if None; UsageError unless non-negative and ascending."""
    if ids is None:
        return np.arange(items, dtype=np.int64)
    if ids.dtype != np.int64 or ids.shape != (items,):
        raise UsageError(f"expected ids as int64 [{items}], found {ids.dtype} {list(ids.shape)}")
    if items and (ids[0] < 0 or (np.diff(ids) <= 0).any()):
        raise UsageError("expected ids that are non-negative, unique and ascending")
    return ids


def _check_distance(limit: int | None) -> None:
    if limit is not None and limit < 0:
        raise UsageError(f"expected a maximum distance of at least 0, found {limit}")
