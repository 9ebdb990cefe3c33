"""Which items are relevant to a query, or left out for it: where labels agree."""

from collections.abc import Collection, Hashable, Iterable, Sequence, Set
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Self, TypeVar

import numpy as np
from numpy.typing import NDArray

from hashing.errors import UsageError


class Numbering:
    """Numbers any hashable values in order of appearance, a portion at a time.

    Numbers of NumPy and of tensors are those of Python.
    """

    def __init__(self) -> None:
        self._numbers: dict[Hashable, int] = {}

    def __call__(self, values: Sequence[Hashable | None]) -> NDArray[np.int64]:
        """The numbers of some values; −1 for None, NaN and NA. Raises UsageError for sets."""
        numbers = self._numbers
        rows = (
            -1 if label is None else numbers.setdefault(label, len(numbers))
            for label in map(_label, values)
        )
        return np.fromiter(rows, np.int64, len(values))

    def __len__(self) -> int:
        return len(self._numbers)


def _label(value: object) -> Hashable | None:
    """A label as Python has it, None where it is absent. Raises UsageError for several."""
    if getattr(value, "ndim", None) == 0:
        value = value.item()  # type: ignore[attr-defined]
    if (
        not isinstance(value, Hashable)
        or isinstance(value, frozenset)
        or getattr(value, "ndim", 0) > 0
    ):
        raise UsageError(
            f"expected one label each, found {value!r:.100}; of sets of labels use LabelSets.of"
        )
    # NaN differs from itself, and pandas' NA does not tell
    return value if (value == value) is True else None


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
        """Number any hashable values in order of appearance; None and NaN are absent.

        Raises UsageError for sets, of which `LabelSets` asks whether they share a label.
        """
        number = Numbering()
        return cls(number(queries), number(database), grade)

    def matches(self, query: int) -> NDArray[np.bool_]:
        """Which items `[N]` carry the query's label."""
        label = self.queries[query]
        return self.database == label if label >= 0 else np.zeros(len(self.database), np.bool_)

    def shared(self, query: int) -> NDArray[np.bool_]:
        """How many labels the items `[N]` share with the query: one where they match."""
        return self.matches(query)

    @property
    def most(self) -> int:
        """The most labels that an item can share with a query."""
        return 1


def _set(values: object) -> Sequence[Hashable | None]:
    """The labels of one set."""
    if isinstance(values, list | tuple | Set):
        return list(values)
    if isinstance(values, Hashable) and not getattr(values, "ndim", 0) and _label(values) is None:
        return ()
    raise UsageError(f"expected a set of labels each, found {values!r:.100}")


@dataclass(frozen=True, eq=False)
class LabelSets:
    """Sets of labels of queries and database, as NUS-WIDE and COCO have them.

    An item matches a query with which it shares a label, and the more it shares the better.

    queries: bool `[Q, C]`, database: bool `[N, C]`: which of C labels each carries.
    grade: what each shared label adds to the relevance grade.
    """

    queries: NDArray[np.bool_]
    database: NDArray[np.bool_]
    grade: int = 1

    def __post_init__(self) -> None:
        for name in ("queries", "database"):
            array = np.asarray(getattr(self, name))
            if array.ndim != 2 or not np.isin(array, (0, 1)).all():
                raise UsageError(
                    f"expected {name} labels as 0 and 1 of each of C labels, [n, C], "
                    f"found {array.dtype} {list(array.shape)}"
                )
            object.__setattr__(self, name, array.astype(np.bool_, copy=False))
        if self.queries.shape[1] != self.database.shape[1]:
            raise UsageError(
                f"expected the same labels of queries and database, found "
                f"{self.queries.shape[1]} and {self.database.shape[1]} columns"
            )
        if self.grade < 1:
            raise UsageError(f"expected a grade of at least 1, found {self.grade}")

    @classmethod
    def of(
        cls,
        queries: Sequence[Collection[Hashable] | None],
        database: Sequence[Collection[Hashable] | None],
        grade: int = 1,
    ) -> Self:
        """Sets of any hashable values; None and an empty set match nothing.

        Raises UsageError for single labels, a text among them.
        """
        number = Numbering()
        carried = [[number(_set(values)) for values in sets] for sets in (queries, database)]
        mine, theirs = (np.zeros((len(sets), len(number)), np.bool_) for sets in carried)
        for rows, sets in zip((mine, theirs), carried, strict=True):
            for row, numbers in zip(rows, sets, strict=True):
                row[numbers[numbers >= 0]] = True
        return cls(mine, theirs, grade)

    def shared(self, query: int) -> NDArray[np.intp]:
        """How many labels the items `[N]` share with the query."""
        carried = np.flatnonzero(self.queries[query])
        shared: NDArray[np.intp] = np.count_nonzero(self.database[:, carried], axis=1)
        return shared

    def matches(self, query: int) -> NDArray[np.bool_]:
        """Which items `[N]` share a label with the query."""
        return self.shared(query) > 0

    @cached_property
    def most(self) -> int:
        """The most labels that an item can share with a query, at least one."""
        counts = (labels.sum(axis=1).max(initial=0) for labels in (self.queries, self.database))
        return max(1, int(min(counts)))


Field = TypeVar("Field", Labels, LabelSets, Labels | LabelSets)


def graded(fields: Iterable[Field]) -> list[Field]:
    """Several label fields as one graded relevance, wherever it is measured.

    The rule: a match in the n-th field, counted from 1, adds n, and an item's grade is the sum. So
    name the broad field first and the narrow one last: with a group and a creator a grade is
    0 nothing, 1 same group, 2 same creator, 3 both; a third field alone weighs as much as the
    first two together. The gain of a grade g in nDCG is 2^g - 1. Where a field's labels are sets,
    each shared label counts: in one field alone the grade is the number of shared labels.
    """
    return [replace(labels, grade=place) for place, labels in enumerate(fields, 1)]
