"""Two sources read as one: a data set, and pictures beside it that nothing is known of."""

from collections.abc import Iterable
from dataclasses import dataclass, field, replace

from hashing.sources import Catalogue, Item


@dataclass(frozen=True)
class PairedCatalogue(Catalogue):
    """A data set's items with their numbers, then those of another source without their fields."""

    first: Catalogue = field(kw_only=True)
    second: Catalogue = field(kw_only=True)

    def read(self, item: Item) -> bytes:
        """The picture, from the source that it lies in."""
        if item.id < len(self.first):
            return self.first.read(item)
        return self.second.read(self.second.items[item.id - len(self.first)])


def beside(first: Catalogue, second: Catalogue) -> PairedCatalogue:
    """The catalogue of both; rows of `first` stay what they are, the other's labels are absent."""
    further: Iterable[Item] = (
        replace(item, id=number, fields={}) for number, item in enumerate(second.items, len(first))
    )
    items = [*first.items, *further]
    return PairedCatalogue(first.root, items, first.columns, first=first, second=second)
