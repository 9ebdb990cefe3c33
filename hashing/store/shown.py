"""An index of which a part is shown: to whoever is given this, nothing else is there.

One place for what is hidden, below every use case: search, lists, words, counts, facets, maps,
duplicates and pictures read an index, and read this one alike.
"""

import threading
from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace
from functools import cached_property
from typing import NamedTuple, Self, TypeVar

import numpy as np
from numpy.typing import NDArray

from hashing.codes import Codes
from hashing.filters import Filter, all_of
from hashing.search import RadiusRequest, RadiusResult, Request, SearchRequest, SearchResult
from hashing.sources import Value
from hashing.store.contract import Index, IndexInfo, NewItem, NoItemError, StoredItem
from hashing.store.identifiers import as_ids, possible_ids
from hashing.store.location import Location
from hashing.store.page import PAGE, Page

MAX_FACETS = 5000
"""Values of a column above which it is nothing to choose from, as in the stores."""

AT_ONCE = 10_000
"""Items that are read at once to count their values."""

Asked = TypeVar("Asked", bound=Request)


class Counts(NamedTuple):
    """Values of each column with their counts, spans of columns of numbers, different files."""

    facets: dict[str, dict[Value, int]]
    spans: dict[str, tuple[float, float]]
    files: int


class _State:
    """What is shown of an index since it last changed; each part is found when first asked for.

    An answer that comes late is kept here, with the state that it was asked of, and never taken for
    what is shown now.
    """

    def __init__(self, index: Index, where: Filter | None) -> None:
        self._index, self.where = index, where
        self._counting = threading.Lock()

    @cached_property
    def ids(self) -> NDArray[np.int64]:
        """Of what is shown, ascending."""
        return self._index.ids(self.where)

    def holds(self, ids: NDArray[np.int64]) -> NDArray[np.bool_]:
        """Which of these ids are shown, bool like `ids`: all of them where nothing is hidden."""
        if self.where is None:
            return np.ones(len(ids), np.bool_)
        # both look it up in what ascends: to read all ids for each picture takes seconds
        return np.searchsorted(self.ids, ids, "left") < np.searchsorted(self.ids, ids, "right")

    def counts(self) -> Counts:
        """Of what is shown; whoever asks meanwhile waits rather than counts, too."""
        with self._counting:
            return self._counted

    @cached_property
    def _counted(self) -> Counts:
        columns = self._index.info.columns
        counts: dict[str, Counter[Value]] = {column: Counter() for column in columns}
        ids, files = self.ids, set()
        for start in range(0, len(ids), AT_ONCE):
            for item in self._index.items(ids[start : start + AT_ONCE].tolist()):
                files.add(item.file)
                for column, value in item.fields.items():
                    if column in counts:  # others may have come meanwhile
                        counts[column][value] += 1
        spans = {
            column: (float(min(map(float, found))), float(max(map(float, found))))
            for column, found in counts.items()
            if found and columns[column] is not str
        }
        # the most frequent first, then as the values are ordered
        facets = {
            column: dict(sorted(found.items(), key=lambda pair: (-pair[1], pair[0])))
            for column, found in counts.items()
            if len(found) <= MAX_FACETS
        }
        return Counts(facets, spans, len(files))


class Shown:
    """An index without the items that a filter leaves out; see `Index` for its methods.

    choose: the filter for what an index says of itself now, None to show everything. It is asked
    anew whenever the index has changed, so that a column that comes to be hides from then on.
    """

    def __init__(self, index: Index, choose: Callable[[IndexInfo], Filter | None]) -> None:
        self._index, self._choose = index, choose
        self._renewing = threading.Lock()
        self._renew()

    def _renew(self) -> None:
        with self._renewing:  # whoever comes last has the newest
            self._state = _State(self._index, self._choose(self._index.info))

    def _narrowed(self, where: Filter | None) -> Filter | None:
        parts = [part for part in (self._state.where, where) if part is not None]
        return all_of(*parts) if parts else None

    def _asked(self, request: Asked) -> Asked:
        return replace(request, where=self._narrowed(request.where))

    def _checked(self, ids: Iterable[int]) -> list[int]:
        """The ids as they are. Raises NoItemError for one that is not shown."""
        asked = as_ids(ids)
        missing = asked[~self._state.holds(asked)]
        if len(missing):
            raise NoItemError(f"no item has the id {missing[0]}")
        found: list[int] = asked.tolist()
        return found

    @property
    def location(self) -> Location:
        """Where all of it lies."""
        return self._index.location

    @property
    def info(self) -> IndexInfo:
        """What the index says of itself, and the count of what is shown."""
        state, info = self._state, self._index.info
        return info if state.where is None else replace(info, count=len(state.ids))

    def add(self, items: Iterable[NewItem], columns: Mapping[str, type] = {}) -> NDArray[np.int64]:
        """Publish new items; those that the filter leaves out are there, but not shown."""
        ids = self._index.add(items, columns)
        self._renew()
        return ids

    def remove(self, ids: Iterable[int]) -> int:
        """Publish without these items, as far as they are shown."""
        asked = possible_ids(ids)
        removed = self._index.remove(asked[self._state.holds(asked)].tolist())
        self._renew()
        return removed

    def change(self, items: Iterable[StoredItem], columns: Mapping[str, type] = {}) -> None:
        """Publish other files and fields of items that are shown."""
        changed = list(items)
        self._checked(item.id for item in changed)
        self._index.change(changed, columns)
        self._renew()

    def search(self, request: SearchRequest) -> SearchResult:
        """The k nearest items of those shown."""
        return self._index.search(self._asked(request))

    def radius(self, request: RadiusRequest) -> RadiusResult:
        """All items shown that are not farther than a distance."""
        return self._index.radius(self._asked(request))

    def ids(self, where: Filter | None = None) -> NDArray[np.int64]:
        """Ids of what is shown, or of what of it a filter keeps, ascending."""
        return self._index.ids(self._narrowed(where))

    def page(
        self,
        where: Filter | None = None,
        text: str = "",
        *,
        seed: int | None = None,
        offset: int = 0,
        limit: int = PAGE,
    ) -> Page:
        """Part of what is shown."""
        narrowed = self._narrowed(where)
        return self._index.page(narrowed, text, seed=seed, offset=offset, limit=limit)

    def items(self, ids: Iterable[int]) -> list[StoredItem]:
        """The items of these ids. Raises NoItemError for one that is not shown."""
        return self._index.items(self._checked(ids))

    def codes(self, ids: Iterable[int]) -> Codes:
        """The codes of these ids. Raises NoItemError for one that is not shown."""
        return self._index.codes(self._checked(ids))

    def features(self, ids: Iterable[int]) -> NDArray[np.float16]:
        """The features of these ids. Raises NoItemError for one that is not shown."""
        return self._index.features(self._checked(ids))

    def preview(self, item: int) -> bytes | None:
        """A small JPEG. Raises NoItemError for an item that is not shown."""
        return self._index.preview(self._checked([item])[0])

    def facets(self) -> dict[str, dict[Value, int]]:
        """For each column its values among what is shown, most frequent first."""
        state = self._state
        return self._index.facets() if state.where is None else state.counts().facets

    def span(self, column: str) -> tuple[float, float] | None:
        """The least and the greatest number of a column among what is shown."""
        state = self._state
        return self._index.span(column) if state.where is None else state.counts().spans.get(column)

    def text_search(self, text: str, *, where: Filter | None = None) -> NDArray[np.int64]:
        """Ids of what is shown and has all words of a text, the best match first."""
        return self._index.text_search(text, where=self._narrowed(where))

    def extra(self, name: str) -> bytes | None:
        """A named blob, which may tell of what is not shown: readers keep to `ids`."""
        return self._index.extra(name)

    def put_extra(self, name: str, value: bytes) -> None:
        """Keep a named blob."""
        self._index.put_extra(name, value)

    def distinct_files(self) -> int:
        """How many different files there are among what is shown."""
        state = self._state
        return self._index.distinct_files() if state.where is None else state.counts().files

    def contents(self, files: Iterable[str]) -> list[dict[bytes, int]]:
        """For each file digests and ids of the items of that name, shown or not."""
        return self._index.contents(files)

    def finish(self) -> None:
        """Publish that the build is complete."""
        self._index.finish()

    def refresh(self) -> bool:
        """Move to the newest generation; True where that changed anything."""
        changed = self._index.refresh()
        if changed:
            self._renew()
        return changed

    def verify(self) -> list[str]:
        """Check all of it."""
        return self._index.verify()

    def compact(self) -> None:
        """Merge all segments."""
        self._index.compact()
        self._renew()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Leave the index."""
        self._index.close()
