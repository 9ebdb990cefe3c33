"""Which items are relevant to a query, or left out for it: where integer labels agree."""

from collections.abc import Hashable, Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Self

import numpy as np
from numpy.typing import NDArray

from hashing.errors import UsageError


@dataclass(frozen=True, eq=False)
class Labels:
    """One label field of queries and database; equal labels match.

    queries: int64 `[Q]`, database: int64 `[N]`; negative where absent, which matches nothing.
    grade: what a match adds to the relevance grade; `graded` gives several fields theirs.
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


def graded(fields: Iterable[Labels]) -> list[Labels]:
    """Several label fields as one graded relevance, wherever it is measured.

    The rule: a match in the n-th field, counted from 1, adds n, and an item's grade is the sum. So
    name the broad field first and the narrow one last: with a group and a creator a grade is
    0 nothing, 1 same group, 2 same creator, 3 both; a third field alone weighs as much as the
    first two together. The gain of a grade g in nDCG is 2^g - 1.
    """
    return [replace(labels, grade=place) for place, labels in enumerate(fields, 1)]
