"""An answer: items in the order they should be shown. It shows itself in a notebook."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

from hashing.collection.opened import Opened
from hashing.collection.sheet import Card, Sheet, show_sheet
from hashing.search.features import HAMMING, similarity
from hashing.sources import Value
from hashing.store import StoredItem

LABEL = ("title", "creator", "group", "year")
"""The roles that a label beside a picture tells, in this order."""


@dataclass(frozen=True)
class Hit:
    """One item of an answer.

    distance: bits that differ from the query, or from the nearest liked item of a taste.
    copies: ids of near-duplicates folded into it.
    nearest_like: for a taste, the place of the nearest liked item among them.
    measured: the distance of its features, where the search went by these.
    """

    item: StoredItem
    distance: int
    copies: tuple[int, ...] = ()
    nearest_like: int | None = None
    measured: float | None = None

    @property
    def id(self) -> int:
        """Stays the same as long as the collection lives; never given to another item."""
        return self.item.id

    @property
    def file(self) -> str:
        """The picture's path within its source, forward slashes."""
        return self.item.file

    @property
    def fields(self) -> Mapping[str, Value]:
        """Its metadata by column name."""
        return self.item.fields


@dataclass(frozen=True)
class Answer:
    """Items in the order they should be shown; iterate over it, or let a notebook show it.

    code: the query in hexadecimal, None for a taste. bits: the length searched by.
    groups: the commonest among the nearest items with their shares.
    search_ms: milliseconds of the search alone. opened: what the items come from.
    by: the distance that orders them, `hamming` or one of features. complete: whether nothing as
    near was left out; only an engine beyond this process may leave out some.
    """

    code: str | None
    bits: int
    hits: list[Hit]
    groups: list[tuple[str, float]]
    search_ms: float
    opened: Opened = field(repr=False, compare=False)
    by: str = HAMMING
    complete: bool = True

    def __iter__(self) -> Iterator[Hit]:
        return iter(self.hits)

    def __len__(self) -> int:
        return len(self.hits)

    def __getitem__(self, place: int) -> Hit:
        return self.hits[place]

    def __str__(self) -> str:
        measure = f"{self.bits} bits" if self.by == HAMMING else self.by
        lines = [f"{self.far(hit):>9} {hit.id:>8}  {hit.file}" for hit in self.hits]
        return "\n".join([f"{measure}; distance, id, file", *lines])

    def far(self, hit: Hit) -> str:
        """The distance that orders the hits, as text: bits, or four digits."""
        return str(hit.distance) if hit.measured is None else f"{hit.measured:.4g}"

    def similarity(self, hit: Hit) -> float:
        """How alike hit and query are, 1 where nothing tells them apart.

        By Hamming distance the share of the bits that agree, by cosine the cosine, else
        1 / (1 + distance).
        """
        distance = hit.distance if hit.measured is None else hit.measured
        return similarity(distance, self.by, self.bits)

    def sheet(self, name: str = "", query: bytes | None = None) -> Sheet:
        """A contact sheet; name and query (a JPEG) tell what was searched with."""
        return Sheet(name, query, [self._card(hit) for hit in self.hits])

    def show(self, name: str = "", query: bytes | None = None) -> None:
        """Show the pictures: in the notebook where this runs in one, else in the browser."""
        show_sheet(self.sheet(name, query))

    def _repr_html_(self) -> str:
        return self.sheet().fragment()

    def _card(self, hit: Hit) -> Card:
        picture = self.opened.preview(hit.id)
        title, creator, *rest = (self.opened.shown(hit.item, role) for role in LABEL)
        detail = " · ".join(filter(None, rest))
        apart = f"{hit.distance} differing bits" if hit.measured is None else self.far(hit)
        return Card(picture, title or hit.file, creator, detail, apart)
