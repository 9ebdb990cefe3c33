"""An open index with its pictures: what every use case of a collection reads."""

import threading
import weakref
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Generic, Self, TypeVar

import numpy as np
from numpy.typing import NDArray

from hashing.codes import Codes
from hashing.collection.pictures import Pictures
from hashing.errors import InputError, UsageError
from hashing.sources import Value
from hashing.sources.columns import WRITTEN, written
from hashing.store import Index, IndexInfo, StoredItem

Found = TypeVar("Found")

PORTION = 4096
"""Items that are held at once where all are gone through."""


class UnknownItemError(InputError):
    """An id that no living item of the index has."""


@dataclass(frozen=True, eq=False)
class Opened:
    """An open index, what it says of itself, and its pictures."""

    index: Index
    info: IndexInfo
    pictures: Pictures

    @classmethod
    def of(cls, index: Index) -> Self:
        """Look at an open index for the first time."""
        return cls(index, index.info, Pictures(index))

    def column(self, role: str) -> str | None:
        """The column that plays a role (see `hashing.sources.roles`), None where none does."""
        return self.info.roles.get(role)

    def value(self, item: StoredItem, role: str) -> Value | None:
        """What an item has in the column of a role."""
        return item.fields.get(self.info.roles.get(role, ""))

    def shown(self, item: StoredItem, role: str) -> str:
        """The same as it was written, empty where there is nothing."""
        column = self.info.roles.get(role, "")
        value = item.fields.get(column + WRITTEN, item.fields.get(column))
        return "" if value is None else written(value)

    def item(self, item_id: int) -> StoredItem:
        """One item. Raises UnknownItemError."""
        try:
            return self.index.items([item_id])[0]
        except InputError as error:
            raise UnknownItemError(f"no work has the id {item_id}") from error

    def preview(self, item_id: int) -> bytes | None:
        """The small picture of an item, to be shown; None where none can be had (any more)."""
        try:
            return self.index.preview(item_id)
        except Exception:  # noqa: BLE001 (a closed collection: its answers stay readable)
            return None

    def code(self, item_id: int) -> Codes:
        """The code of one item. Raises UnknownItemError."""
        self.item(item_id)
        return self.index.codes([item_id])

    def length(self, bits: int | None) -> int:
        """A code length to search by, the longest for None. Raises UsageError for another."""
        wanted, lengths = bits or self.info.bits, self.info.lengths
        if wanted not in lengths:
            raise UsageError(f"expected one of the code lengths {list(lengths)}, found {wanted}")
        return wanted


def each_portion(index: Index, ids: NDArray[np.int64]) -> Iterator[list[StoredItem]]:
    """Items in the order of their ids, as many at once as memory is to hold."""
    for start in range(0, len(ids), PORTION):
        yield index.items(ids[start : start + PORTION])


class Once(Generic[Found]):
    """Something that is found of a collection as it is now, once, and kept while that is open."""

    def __init__(self) -> None:
        self._found: weakref.WeakKeyDictionary[Opened, Found] = weakref.WeakKeyDictionary()
        self._finding = threading.Lock()

    def __call__(self, opened: Opened, find: Callable[[], Found]) -> Found:
        """What was found before, or what `find` finds now; others wait for it meanwhile."""
        with self._finding:
            if opened not in self._found:
                self._found[opened] = find()
            return self._found[opened]
