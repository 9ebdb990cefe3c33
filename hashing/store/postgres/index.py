"""The index on a server: rows and truth there, and what searches their codes."""

import threading
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from typing import NamedTuple, Self

import numpy as np
from numpy.typing import NDArray

from hashing.codes import Codes
from hashing.filters import Filter
from hashing.search import RadiusRequest, RadiusResult, SearchRequest, SearchResult
from hashing.sources import Value
from hashing.store.code_search import Answers
from hashing.store.contract import IndexInfo, NewItem, NoItemError, StoredItem
from hashing.store.engines import open_engine
from hashing.store.identifiers import as_ids, possible_ids
from hashing.store.location import Location
from hashing.store.page import PAGE, Page, cut, page_of
from hashing.store.postgres import query
from hashing.store.postgres.publication import Draft, publication
from hashing.store.postgres.published import Published, check_same
from hashing.store.postgres.server import Server
from hashing.store.postgres.state import State

MOST_SHUFFLED = 1_000_000
"""Items that are listed to put them in another order."""


class Snapshot(NamedTuple):
    """One publication as a reader sees it: its rows, and what answers distances as of then."""

    rows: Published
    codes: Answers


class PostgresIndex:
    """An index on a server; see `Index` for the methods.

    An item whose file and content are there already is not added twice, however many writers add
    at once: `add` gives the id it has.
    """

    def __init__(self, location: Location) -> None:
        self.location = location
        self._server = Server(location)
        self._guard = threading.RLock()
        try:
            self._engine = open_engine(location)
            self._snapshot = self._take()
            self._server.found = True
        except BaseException:
            self._server.close()
            raise

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Leave the server."""
        self._server.close()
        self._engine.close()

    @property
    def info(self) -> IndexInfo:
        """What the index says of itself."""
        snapshot = self._snapshot
        with self._server.reading() as db:
            size = query.size(db, self.location)
        state = snapshot.rows.state
        return IndexInfo(
            location=str(self.location),
            uuid=state.uuid,
            bits=state.bits,
            lengths=state.lengths,
            fingerprint=state.fingerprint,
            model=state.model,
            columns=state.types,
            roles=state.role_columns,
            count=state.count,
            removed=state.removed,
            generation=state.number,
            segments=snapshot.codes.segments,
            bytes=size,
            published=state.published,
            unfinished=state.unfinished,
            features=state.features,
        )

    def search(self, request: SearchRequest) -> SearchResult:
        """The k nearest items."""
        return self._snapshot.codes.search(request)

    def radius(self, request: RadiusRequest) -> RadiusResult:
        """All items not farther than a distance."""
        return self._snapshot.codes.radius(request)

    def ids(self, where: Filter | None = None) -> NDArray[np.int64]:
        """Ids of all items, or of those that `where` keeps."""
        return self._snapshot.codes.ids(where)

    def page(
        self,
        where: Filter | None = None,
        text: str = "",
        *,
        seed: int | None = None,
        offset: int = 0,
        limit: int = PAGE,
    ) -> Page:
        """Part of the items that a filter and words keep.

        With an engine nothing here knows all ids: of more than `MOST_SHUFFLED` items a seed puts
        the earliest in another order, and the rest have no place in it.
        """
        if not self.location.engine or text.strip():
            return page_of(self, where, text, seed, offset, limit)
        if seed is None:
            return Page(*self._snapshot.rows.page(where, offset, limit))
        ids, total = self._snapshot.rows.page(where, 0, MOST_SHUFFLED)
        return replace(cut(ids, seed, offset, limit), total=total)

    def items(self, ids: Iterable[int]) -> list[StoredItem]:
        """The items of these ids."""
        wanted = as_ids(ids)
        return self._rows_of(wanted).items(wanted)

    def codes(self, ids: Iterable[int]) -> Codes:
        """The codes of these ids."""
        wanted = as_ids(ids)
        return self._rows_of(wanted).codes_of(wanted)

    def features(self, ids: Iterable[int]) -> NDArray[np.float16]:
        """The features of these ids."""
        wanted = as_ids(ids)
        return self._rows_of(wanted).features_of(wanted)

    def preview(self, item: int) -> bytes | None:
        """A small JPEG of the picture, None where none was kept."""
        return self._rows_of(as_ids([item])).preview(int(item))

    def facets(self) -> dict[str, dict[Value, int]]:
        """The values of each column and their counts."""
        return {name: dict(values) for name, values in self._snapshot.rows.facets.items()}

    def span(self, column: str) -> tuple[float, float] | None:
        """The least and the greatest value of a column of numbers."""
        return self._snapshot.rows.span(column)

    def text_search(self, text: str, *, where: Filter | None = None) -> NDArray[np.int64]:
        """Ids of the items that have all words, best first."""
        return self._snapshot.rows.words(text, where)

    def distinct_files(self) -> int:
        """How many different files the items have; fewer than items where some share one."""
        return self._snapshot.rows.distinct_files

    def contents(self, files: Iterable[str]) -> list[dict[bytes, int]]:
        """For each file the SHA-256 digests of the items of that name, and the first id of each."""
        return self._snapshot.rows.contents(files)

    def extra(self, name: str) -> bytes | None:
        """A named blob, None where absent."""
        return self._snapshot.rows.extra(name)

    def add(self, items: Iterable[NewItem], columns: Mapping[str, type] = {}) -> NDArray[np.int64]:
        """Publish new items; returns their ids."""
        with self._changing() as draft:
            draft.add_columns(columns)
            return draft.add(items)

    def change(self, items: Iterable[StoredItem], columns: Mapping[str, type] = {}) -> None:
        """Publish other files and fields of items."""
        with self._changing() as draft:
            draft.add_columns(columns)
            draft.change(items)

    def remove(self, ids: Iterable[int]) -> int:
        """Publish without these items; returns how many were there."""
        with self._changing() as draft:
            return draft.remove(possible_ids(ids))

    def put_extra(self, name: str, value: bytes) -> None:
        """Publish a named blob."""
        with self._changing() as draft:
            draft.put_extra(name, value)

    def finish(self) -> None:
        """Publish that the build is complete."""
        with self._changing() as draft:
            draft.finish()

    def compact(self) -> None:
        """Drop the rows of removed items."""
        with self._changing() as draft:
            draft.compact()
        self._server.vacuum()

    def verify(self) -> list[str]:
        """Read all rows and compare them with the state, and an engine's codes with the rows.

        Codes are put right, rows cannot be.
        """
        with self._server.reading() as db:
            query.check_rows(db, State.read(db, self.location), self.location)
        self.refresh()
        return self._engine.check(self._snapshot.rows)

    def refresh(self) -> bool:
        """Move to the newest publication; True where that changed anything."""
        with self._guard:
            mine = self._snapshot.rows.state
            with self._server.once() as db:
                newest = State.read(db, self.location)
            check_same(self._server, mine, newest)
            if newest.number == mine.number:
                return False
            self._snapshot = self._take()
            return True

    def _take(self) -> Snapshot:
        """The newest publication."""
        with self._server.reading() as db:
            rows = Published(self._server, State.read(db, self.location))
            with rows.within(db):
                return Snapshot(rows, self._engine.sync(rows))

    def _rows_of(self, ids: NDArray[np.int64]) -> Published:
        """The rows, where all of these items are there. Raises NoItemError."""
        rows, codes = self._snapshot
        there = codes.contains(ids)
        if not there.all():
            raise NoItemError(f"there is no item {ids[~there][0]} in {self.location}")
        return rows

    @contextmanager
    def _changing(self) -> Iterator[Draft]:
        """A publication, after which this reader moves to it."""
        with publication(self._server, self._snapshot.rows.state) as draft:
            yield draft
        self.refresh()
