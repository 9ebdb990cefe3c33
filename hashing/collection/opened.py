"""An open index with its pictures: what every use case of a collection reads."""

from dataclasses import dataclass
from typing import Self

from hashing.codes import Codes
from hashing.collection.pictures import Pictures
from hashing.errors import InputError, UsageError
from hashing.store import Index, IndexInfo, StoredItem


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

    @property
    def style_column(self) -> str:
        """Class folders give `label` where a metadata file gives `style`."""
        return "style" if "style" in self.info.columns else "label"

    def item(self, item_id: int) -> StoredItem:
        """One item. Raises UnknownItemError."""
        try:
            return self.index.items([item_id])[0]
        except InputError as error:
            raise UnknownItemError(f"no work has the id {item_id}") from error

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
