"""Which items are relevant to a query, or left out for it: where integer labels agree."""

from collections.abc import Hashable, Sequence
from dataclasses import dataclass
from typing import Self

import numpy as np
from numpy.typing import NDArray

from hashing.errors import UsageError


@dataclass(frozen=True, eq=False)
class Labels:
    """One label field of queries and database; equal labels match.

    queries: int64 `[Q]`, database: int64 `[N]`; negative where absent, which matches nothing.
    grade: what a match adds to the relevance grade. With style 1 and artist 2 a grade is
    0 nothing, 1 same style, 2 same artist, 3 both.
    """

    queries: NDArray[np.int64]
    database: NDArray[np.int64]
    grade: int = 1

    def __post_init__(self) -> None:
        for name in ("queries", "database"):
            array = np.asarray(getattr(self, name))
            if array.ndim != 1 or array.dtype.kind not in "iu":
                raise UsageError(
                    f"expected {name} labels as integers in one dimension, "
                    f"found {array.dtype} {list(array.shape)}"
                )
            object.__setattr__(self, name, array.astype(np.int64, copy=False))
        if self.grade < 1:
            raise UsageError(f"expected a grade of at least 1, found {self.grade}")

    @classmethod
    def of(
        cls,
        queries: Sequence[Hashable | None],
        database: Sequence[Hashable | None],
        grade: int = 1,
    ) -> Self:
        """Number any hashable values in order of appearance; None is absent."""
        numbers: dict[Hashable, int] = {}

        def number(values: Sequence[Hashable | None]) -> NDArray[np.int64]:
            rows = (-1 if v is None else numbers.setdefault(v, len(numbers)) for v in values)
            return np.fromiter(rows, np.int64, len(values))

        return cls(number(queries), number(database), grade)

    def matches(self, query: int) -> NDArray[np.bool_]:
        """Which items `[N]` carry the query's label."""
        label = self.queries[query]
        return self.database == label if label >= 0 else np.zeros(len(self.database), np.bool_)
