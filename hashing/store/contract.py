"""What every index takes and returns, wherever it lies."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol, Self

import numpy as np
from numpy.typing import NDArray

from hashing.codes import Codes
from hashing.errors import InputError
from hashing.filters import Filter
from hashing.search import RadiusRequest, RadiusResult, SearchRequest, SearchResult
from hashing.sources import Value
from hashing.store.location import Location
from hashing.store.page import PAGE, Page


class NoItemError(InputError):
    """An identifier that no item has, or none any more: others may have removed it meanwhile."""


@dataclass(frozen=True)
class NewIndex:
    """What an index is made of; `create_index` says what each part means."""

    bits: int
    lengths: tuple[int, ...]
    fingerprint: str
    columns: Mapping[str, type]
    model: Path
    roles: Mapping[str, str]
    unfinished: str | None
    features: int = 0


@dataclass(frozen=True, slots=True)
class NewItem:
    """One picture about to enter an index.

    file: its path within its source, forward slashes. fields: metadata by column name.
    code: `bits / 8` bytes. content: SHA-256 of the encoded picture, 32 bytes.
    preview: a small JPEG, or None to keep none. features: where the index keeps them, that many
    numbers in half precision, little-endian.
    """

    file: str
    fields: Mapping[str, Value]
    code: bytes
    content: bytes
    preview: bytes | None = None
    features: bytes | None = None


@dataclass(frozen=True, slots=True)
class StoredItem:
    """One picture of an index; `id` is never given to another picture.

    content: SHA-256 of the encoded picture.
    """

    id: int
    file: str
    content: bytes
    fields: Mapping[str, Value]


@dataclass(frozen=True, slots=True)
class IndexInfo:
    """What an index says of itself.

    fingerprint: of the model that made its codes. model: where that model lies.
    columns: metadata columns and their types (`str`, `int`, `float`).
    roles: the column of each role that one plays (see `hashing.sources.roles`).
    generation: counts publications; two readers of one generation see the same items.
    removed: items marked as removed whose rows `compact` has not yet dropped.
    unfinished: the source of a build that was interrupted, None when complete.
    features: numbers that are kept of each item beside its code, 0 where none are.
    """

    location: str
    uuid: str
    bits: int
    lengths: tuple[int, ...]
    fingerprint: str
    model: str
    columns: Mapping[str, type]
    roles: Mapping[str, str]
    count: int
    removed: int
    generation: int
    segments: int
    bytes: int
    published: str
    unfinished: str | None
    features: int = 0


class Index(Protocol):
    """Pictures, their codes and metadata, found by Hamming distance.

    A reader sees one generation until `refresh`; every method may be called from any thread.
    Raises ArtefactError where the index is damaged and StorageError where the disk refuses.
    """

    @property
    def location(self) -> Location:
        """Where it lies: whoever is given this can open it again."""
        ...

    @property
    def info(self) -> IndexInfo:
        """What the index says of itself."""
        ...

    def add(self, items: Iterable[NewItem], columns: Mapping[str, type] = {}) -> NDArray[np.int64]:
        """Publish new items, all or none; returns their ids.

        columns: metadata columns the items may have, those the index does not know are made.
        """
        ...

    def remove(self, ids: Iterable[int]) -> int:
        """Publish without these items; ids that are not there are ignored. Returns how many."""
        ...

    def change(self, items: Iterable[StoredItem], columns: Mapping[str, type] = {}) -> None:
        """Publish other files and fields of items that are there, all or none.

        Id, code, preview and content stay; one may take the file that another gives up. columns: as
        for `add`. Raises InputError for an id that is not there or twice, and for another content.
        """
        ...

    def search(self, request: SearchRequest) -> SearchResult:
        """The k nearest items."""
        ...

    def radius(self, request: RadiusRequest) -> RadiusResult:
        """All items not farther than a distance."""
        ...

    def ids(self, where: Filter | None = None) -> NDArray[np.int64]:
        """Ids of all items, or of those that a filter keeps, ascending. Raises UsageError.

        A filter may ask for `file`, too, where no column is called so.
        """
        ...

    def page(
        self,
        where: Filter | None = None,
        text: str = "",
        *,
        seed: int | None = None,
        offset: int = 0,
        limit: int = PAGE,
    ) -> Page:
        """Part of the items that a filter keeps and whose fields have all words of a text.

        With words the best match comes first, else ids ascend; with a seed the items come in an
        order of its own, the same for every page.
        """
        ...

    def items(self, ids: Iterable[int]) -> list[StoredItem]:
        """The items of these ids in this order. Raises InputError for an id that is not there."""
        ...

    def codes(self, ids: Iterable[int]) -> Codes:
        """The codes of these ids in this order."""
        ...

    def features(self, ids: Iterable[int]) -> NDArray[np.float16]:
        """The features `[n, D]` of these ids in this order; D is 0 where none are kept."""
        ...

    def preview(self, item: int) -> bytes | None:
        """A small JPEG of the picture, None where none was kept."""
        ...

    def facets(self) -> dict[str, dict[Value, int]]:
        """For each column its values and how many items carry each, most frequent first.

        A column of very many values is left out: it is nothing to choose from.
        """
        ...

    def span(self, column: str) -> tuple[float, float] | None:
        """The least and the greatest value of a column of numbers, None where no item has one."""
        ...

    def text_search(self, text: str, *, where: Filter | None = None) -> NDArray[np.int64]:
        """Ids of all items that `where` keeps and whose fields have all words of `text`.

        The best match first: words in title and creator count more. Words are compared as
        `store.words` says; the last one may be only a beginning.
        """
        ...

    def extra(self, name: str) -> bytes | None:
        """A named blob kept with the index (the map of all items, …), None where absent."""
        ...

    def put_extra(self, name: str, value: bytes) -> None:
        """Keep a named blob, replacing an earlier one."""
        ...

    def distinct_files(self) -> int:
        """How many different files the items have; fewer than items where some share one."""
        ...

    def contents(self, files: Iterable[str]) -> list[dict[bytes, int]]:
        """For each file the items of that name: SHA-256 digests, and the first id of each."""
        ...

    def finish(self) -> None:
        """Publish that the build is complete."""
        ...

    def refresh(self) -> bool:
        """Move to the newest generation; True where that changed anything."""
        ...

    def verify(self) -> list[str]:
        """Check everything; returns what was damaged and could be repaired, one line each."""
        ...

    def compact(self) -> None:
        """Merge all segments and drop the rows of removed items."""
        ...

    def __enter__(self) -> Self: ...

    def __exit__(self, *_: object) -> None: ...

    def close(self) -> None:
        """Leave the index; a closed one can be copied as it is."""
        ...
