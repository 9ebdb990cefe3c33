"""The items of an index as an evaluation needs them: numbers in place of labels and contents."""

import re
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from hashing import metrics
from hashing.codes import Codes
from hashing.collection.opened import each_portion
from hashing.sources import Value
from hashing.store import Index

_BETWEEN = re.compile(r"\s*[,;|]\s*")

Digests = NDArray[np.bytes_]
"""The first 16 bytes of SHA-256 digests, `S16`: of different pictures none are the same."""


@dataclass(frozen=True, eq=False)
class Pictures:
    """One side of an evaluation.

    logits are None where the pictures were not encoded here, features where nobody asked.
    """

    fields: Sequence[Mapping[str, Value]]
    contents: Sequence[bytes]
    codes: Codes
    logits: NDArray[np.float32] | None = None
    features: NDArray[np.float16] | None = None


@dataclass(frozen=True, eq=False)
class Judged:
    """All items, and what makes them relevant to the queries; some tens of bytes an item.

    ids: int64 `[N]`. fields: by column. itself: what a query must not find, its own content.
    """

    ids: NDArray[np.int64]
    codes: Codes
    contents: Digests
    fields: Mapping[str, metrics.Relevance]
    itself: metrics.Labels

    @classmethod
    def of(
        cls,
        index: Index,
        names: Collection[str],
        sets: Collection[str],
        queries: Pictures | None,
    ) -> "Judged":
        """Of an index with items; without `queries` each of its items is one."""
        ids = index.ids()
        columns: dict[str, _Column | _Sets] = {
            name: _Sets() if name in sets else _Column() for name in dict.fromkeys(names)
        }
        if queries is not None:
            for name, column in columns.items():
                column.take([fields.get(name) for fields in queries.fields])
        asked = 0 if queries is None else len(queries.contents)
        packed = np.empty((len(ids), index.info.bits // 8), np.uint8)
        contents = np.empty(len(ids), "S16")
        start = 0
        for items in each_portion(index, ids):
            part = slice(start, start := start + len(items))
            packed[part] = index.codes(ids[part]).packed
            contents[part] = [item.content[:16] for item in items]
            for name, column in columns.items():
                column.take([item.fields.get(name) for item in items])
        fields = {name: column.relevance(asked) for name, column in columns.items()}
        others = np.array([each[:16] for each in queries.contents] if queries else [], "S16")
        itself = _same(others, contents)
        return cls(ids, Codes(packed, index.info.bits), contents, fields, itself)

    def numbers(self) -> dict[str, NDArray[np.int64]]:
        """The labels of all items by column, of those that hold one each."""
        return {
            name: field.database
            for name, field in self.fields.items()
            if isinstance(field, metrics.Labels)
        }

    def places_in(self, contents: Sequence[bytes]) -> NDArray[np.int64]:
        """Where each item's content stands among others, −1 where it does not."""
        others = np.array([each[:16] for each in contents][::-1], "S16")
        known, first = np.unique(others, return_index=True)
        place = np.searchsorted(known, self.contents).clip(max=len(known) - 1)
        found: NDArray[np.int64] = len(others) - 1 - first[place]
        return np.where(known[place] == self.contents, found, -1)


class _Column:
    """One label of each picture, as a number."""

    def __init__(self) -> None:
        self._number = metrics.Numbering()
        self._parts: list[NDArray[np.int64]] = []

    def take(self, values: Sequence[Value | None]) -> None:
        """The values of the pictures that come next."""
        self._parts.append(self._number(values))

    def relevance(self, asked: int) -> metrics.Labels:
        """Of queries, which came first, and items; without queries each item is one."""
        numbers = np.concatenate(self._parts)
        return metrics.Labels(numbers[:asked] if asked else numbers, numbers[asked:])


class _Sets:
    """Several labels in one cell, as numbers."""

    def __init__(self) -> None:
        self._numbers: dict[str, int] = {}
        self._rows: list[NDArray[np.int64]] = []
        self._count = 0

    def take(self, values: Sequence[Value | None]) -> None:
        """The cells of the pictures that come next."""
        carried = [
            (self._count + row, self._numbers.setdefault(label, len(self._numbers)))
            for row, value in enumerate(values)
            for label in several(value)
        ]
        self._rows.append(np.array(carried, np.int64).reshape(len(carried), 2))
        self._count += len(values)

    def relevance(self, asked: int) -> metrics.LabelSets:
        """Of queries, which came first, and items; without queries each item is one."""
        carries = np.zeros((self._count, len(self._numbers)), np.bool_)
        rows, labels = np.concatenate(self._rows).T
        carries[rows, labels] = True
        return metrics.LabelSets(carries[:asked] if asked else carries, carries[asked:])


def several(value: Value | None) -> list[str]:
    """The labels in one cell."""
    return [] if value is None else list(filter(None, _BETWEEN.split(str(value).strip())))


def _same(queries: Digests, database: Digests) -> metrics.Labels:
    """Equal digests have one number."""
    _, numbers = np.unique(np.concatenate([queries, database]), return_inverse=True)
    asked = len(queries)
    return metrics.Labels(numbers[:asked] if asked else numbers, numbers[asked:])
