"""What answers distances for the rows of an index, apart from where the rows lie.

The rows are the truth. They tell a `CodeSearch` of every publication, and what it gives in return
answers as of then: `scan` keeps codes sliced in memory here, an engine keeps them on servers of its
own. An engine is one file and one line in `engines`.
"""

from collections.abc import Iterator, Mapping
from contextlib import AbstractContextManager
from dataclasses import dataclass
from typing import NamedTuple, Protocol

import numpy as np
from numpy.typing import NDArray

from hashing.codes import Codes
from hashing.filters import Filter
from hashing.search import RadiusRequest, RadiusResult, SearchRequest, SearchResult

NEVER = 2**63 - 1
"""The publication that removed an item, for one that is there."""


@dataclass(frozen=True)
class Capabilities:
    """What a search of codes can be asked.

    lengths: the code lengths that it searches by, None for every one. most: answers to a query at
    most; of more that tie at the last distance some are left out, and `complete` is false. None
    for no limit. exact: whether it compares with every code; where it does not, no answer of it is
    `complete`.
    """

    lengths: tuple[int, ...] | None
    most: int | None
    exact: bool = True


@dataclass(frozen=True)
class Mark:
    """How far an index is, or what follows it.

    number: of the publication. next_id: items have smaller ids. compacted: the publication that
    last dropped the rows of removed items.
    """

    number: int
    next_id: int
    compacted: int


class Portion(NamedTuple):
    """Some rows in order of id.

    ids: int64 `[n]`. removed: by which publication, or `NEVER`, int64 `[n]`. slots: their fields
    as `Rows.slots` gives them, int32 `[n, SLOTS]`, where an engine asked for them.
    """

    ids: NDArray[np.int64]
    codes: Codes
    removed: NDArray[np.int64]
    slots: NDArray[np.int32] | None = None


class Rows(Protocol):
    """The rows of an index as of one publication, as what searches their codes sees them.

    Methods raise StorageError where the server is away, and where rows of this publication have
    been dropped since.
    """

    @property
    def uuid(self) -> str:
        """Of the index."""
        ...

    @property
    def bits(self) -> int:
        """Of the stored codes."""
        ...

    @property
    def lengths(self) -> tuple[int, ...]:
        """Code lengths that it may be searched by."""
        ...

    @property
    def mark(self) -> Mark:
        """How far it is."""
        ...

    @property
    def count(self) -> int:
        """Items that are there."""
        ...

    @property
    def columns(self) -> Mapping[str, str]:
        """Types of the fields by name, in the order in which they came."""
        ...

    def alone(self) -> AbstractContextManager[None]:
        """Wait until nobody else is in such a block of this index, on whatever machine."""
        ...

    def portions(self, first: int, end: int) -> Iterator[Portion]:
        """All rows with ids from `first` to below `end`."""
        ...

    def removals(self, since: int, below: int) -> Iterator[Portion]:
        """Rows below an id that were removed after publication `since`."""
        ...

    def changes(self, since: int, below: int) -> Iterator[Portion]:
        """Rows below an id whose fields were changed after publication `since`."""
        ...

    def slots(self, ids: NDArray[np.int64]) -> NDArray[np.int32]:
        """The first fields of some rows, ascending ids, as `slots.slot_of`; `ABSENT` of others."""
        ...

    def counts(self, first: int, end: int) -> tuple[int, int]:
        """How many rows there are in a range of ids, and how many of them are removed."""
        ...

    def ids(self, where: Filter | None = None) -> NDArray[np.int64]:
        """Ids of the items that are there and pass a filter, ascending. Raises UsageError."""
        ...

    def keeps(self, ids: NDArray[np.int64], where: Filter) -> NDArray[np.bool_]:
        """Which of these items pass a filter. Raises UsageError."""
        ...

    def contains(self, ids: NDArray[np.int64]) -> NDArray[np.bool_]:
        """Which of these ids are those of items that are there."""
        ...

    def some(self, where: Filter, most: int) -> tuple[NDArray[np.int64], Codes] | None:
        """Ids, ascending, and codes of the items that pass a filter; None for more than `most`."""
        ...

    def passing(self, where: Filter) -> Iterator[tuple[NDArray[np.int64], Codes]]:
        """The same of all items that pass a filter, in portions."""
        ...

    def codes_of(self, ids: NDArray[np.int64]) -> Codes:
        """The codes of these items in their order; they are there."""
        ...


class Answers(Protocol):
    """What answers distances as of one publication; safe from any thread."""

    @property
    def capabilities(self) -> Capabilities:
        """What it can be asked."""
        ...

    @property
    def segments(self) -> int:
        """Parts that the codes lie in."""
        ...

    def search(self, request: SearchRequest) -> SearchResult:
        """The k nearest items. Raises UsageError for what the engine cannot be asked."""
        ...

    def radius(self, request: RadiusRequest) -> RadiusResult:
        """All items not farther than a distance."""
        ...

    def ids(self, where: Filter | None = None) -> NDArray[np.int64]:
        """Ids of the items that are there and pass a filter, ascending."""
        ...

    def contains(self, ids: NDArray[np.int64]) -> NDArray[np.bool_]:
        """Which of these ids are those of items that are there."""
        ...


class CodeSearch(Protocol):
    """Keeps codes where it searches them; raises StorageError where that is away."""

    def sync(self, rows: Rows) -> Answers:
        """Take over what was published since, by whomever, and answer as of then."""
        ...

    def check(self, rows: Rows) -> list[str]:
        """Compare with the rows; returns what was put right, a line each."""
        ...

    def refuse_taken(self) -> None:
        """Raise UsageError where another index keeps its codes there."""
        ...

    def delete(self, uuid: str) -> None:
        """Drop the codes of this index, and none of others."""
        ...

    def close(self) -> None:
        """Leave it."""
        ...
