"""The rows of an index as of one publication: what readers ask."""

from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from hashing.codes import Codes
from hashing.errors import StorageError
from hashing.filters import Filter
from hashing.sources import Value
from hashing.store.code_search import Mark, Portion
from hashing.store.contract import StoredItem
from hashing.store.fields import keepable
from hashing.store.postgres import query, rows
from hashing.store.postgres.server import Database, Server
from hashing.store.postgres.state import State


class Published:
    """What a reader sees until it moves on; safe from any thread. It is the `Rows` of `CodeSearch`.

    Methods raise StorageError where the index was rebuilt or compacted since.
    """

    def __init__(self, server: Server, state: State) -> None:
        self._server, self.state = server, state
        self._held: Database | None = None
        self._spans: dict[str, tuple[float, float] | None] = {}

    @property
    def uuid(self) -> str:
        """Of the index."""
        return self.state.uuid

    @property
    def bits(self) -> int:
        """Of the stored codes."""
        return self.state.bits

    @property
    def lengths(self) -> tuple[int, ...]:
        """That it may be searched by."""
        return self.state.lengths

    @property
    def mark(self) -> Mark:
        """How far it is."""
        return Mark(self.state.number, self.state.next_id, self.state.compacted)

    @property
    def count(self) -> int:
        """Items that are there."""
        return self.state.count

    @property
    def columns(self) -> Mapping[str, str]:
        """Types of the fields by name."""
        return self.state.columns

    @contextmanager
    def within(self, db: Database) -> Iterator[None]:
        """Ask within a transaction of the caller's that reads this publication as the newest."""
        self._held = db
        try:
            yield
        finally:
            self._held = None

    @contextmanager
    def asking(self) -> Iterator[Database]:
        """One state of the rows that still has all of this publication's."""
        if self._held is not None:
            yield self._held
            return
        with self._server.reading() as db:
            newest = State.read(db, self._server.location)
            check_same(self._server, self.state, newest)
            if newest.compacted > self.state.number:
                raise StorageError(
                    f"{self._server.location} was compacted since it was opened; open it again"
                )
            yield db

    @contextmanager
    def alone(self) -> Iterator[None]:
        """Wait until nobody else is in such a block of this index.

        It ends with the transaction that is asked within.
        """
        with self.asking() as db:
            db.execute("SELECT pg_advisory_xact_lock(hashtextextended(%s, 0))", [self.uuid])
            yield

    def portions(self, first: int, end: int) -> Iterator[Portion]:
        """All rows with ids from `first` to below `end`."""
        with self.asking() as db:
            for start in range(first, end, rows.PORTION):
                stop = min(start + rows.PORTION, end)
                ids, codes = rows.read_codes(db, start, stop, self.bits)
                yield Portion(ids, codes, query.select_removals(db, self.state, ids))

    def removals(self, since: int, below: int) -> Iterator[Portion]:
        """Rows below an id that were removed after publication `since`."""
        with self.asking() as db:
            ids, removed = query.select_removed(db, self.state, since, below)
            for start in range(0, len(ids), rows.BATCH):
                some = ids[start : start + rows.BATCH]
                codes = rows.read_codes_of(db, some, self.bits)
                yield Portion(some, codes, removed[start : start + rows.BATCH])

    def changes(self, since: int, below: int) -> Iterator[Portion]:
        """Rows below an id whose fields were changed after publication `since`."""
        if self.state.changed <= since:
            return
        with self.asking() as db:
            ids = query.select_changed(db, since, below)
            for start in range(0, len(ids), rows.BATCH):
                some = ids[start : start + rows.BATCH]
                codes = rows.read_codes_of(db, some, self.bits)
                yield Portion(some, codes, query.select_removals(db, self.state, some))

    def slots(self, ids: NDArray[np.int64]) -> NDArray[np.int32]:
        """The first fields of some rows as small numbers."""
        with self.asking() as db:
            return query.select_slots(db, self.state, ids)

    def counts(self, first: int, end: int) -> tuple[int, int]:
        """How many rows there are in a range of ids, and how many of them are removed."""
        with self.asking() as db:
            return query.count_rows(db, self.state, first, end)

    def ids(self, where: Filter | None = None) -> NDArray[np.int64]:
        """Ids of the items that are there and pass a filter, ascending."""
        with self.asking() as db:
            return query.select_ids(db, self.state, where)

    def page(self, where: Filter | None, offset: int, limit: int) -> tuple[NDArray[np.int64], int]:
        """Part of the items that pass a filter, in order of id, and how many these are."""
        with self.asking() as db:
            return query.select_page(db, self.state, where, offset, limit)

    def keeps(self, ids: NDArray[np.int64], where: Filter) -> NDArray[np.bool_]:
        """Which of these items pass a filter."""
        with self.asking() as db:
            return np.isin(ids, query.select_ids(db, self.state, where, among=ids))

    def contains(self, ids: NDArray[np.int64]) -> NDArray[np.bool_]:
        """Which of these ids are those of items that are there."""
        with self.asking() as db:
            return np.isin(ids, query.select_ids(db, self.state, among=ids))

    def some(self, where: Filter, most: int) -> tuple[NDArray[np.int64], Codes] | None:
        """Ids, ascending, and codes of the items that pass a filter; None for more than `most`."""
        with self.asking() as db:
            return query.select_some(db, self.state, where, most)

    def passing(self, where: Filter) -> Iterator[tuple[NDArray[np.int64], Codes]]:
        """Ids and codes of all items that pass a filter in order of id, in portions."""
        for first in range(0, self.state.next_id, query.PASSING):
            with self.asking() as db:
                yield query.select_passing(db, self.state, where, first)

    def codes_of(self, ids: NDArray[np.int64]) -> Codes:
        """The codes of these items in their order; they are there."""
        with self.asking() as db:
            return rows.read_codes_of(db, ids, self.bits)

    def features_of(self, ids: NDArray[np.int64]) -> NDArray[np.float16]:
        """The features of these items in their order; they are there."""
        if not self.state.features:
            return np.empty((len(ids), 0), np.float16)
        with self.asking() as db:
            return rows.read_features(db, ids, self.state.features)

    def items(self, ids: NDArray[np.int64]) -> list[StoredItem]:
        """These items in their order; they are there."""
        with self.asking() as db:
            return rows.read_items(db, self.state, ids.tolist())

    def preview(self, item: int) -> bytes | None:
        """A small JPEG of an item, None where none was kept."""
        with self.asking() as db:
            return rows.read_blob(db, "SELECT jpeg FROM previews WHERE id = %s", item)

    def extra(self, name: str) -> bytes | None:
        """A named blob, None where absent."""
        if not keepable(name):
            return None
        with self.asking() as db:
            return rows.read_blob(db, "SELECT value FROM extras WHERE name = %s", name)

    def contents(self, files: Iterable[str]) -> list[dict[bytes, int]]:
        """For each file the SHA-256 digests of the items of that name, and the first id of each."""
        with self.asking() as db:
            return query.select_contents(db, self.state, files)

    def words(self, text: str, where: Filter | None) -> NDArray[np.int64]:
        """Ids of the items that have all words and pass a filter, best first."""
        with self.asking() as db:
            return query.select_words(db, self.state, text, where)

    @cached_property
    def facets(self) -> dict[str, dict[Value, int]]:
        """The values of each column and their counts."""
        with self.asking() as db:
            return query.select_facets(db, self.state)

    @cached_property
    def distinct_files(self) -> int:
        """How many different files the items have."""
        with self.asking() as db:
            return query.count_files(db, self.state)

    def span(self, column: str) -> tuple[float, float] | None:
        """The least and the greatest value of a column of numbers."""
        if column not in self._spans:
            with self.asking() as db:
                self._spans[column] = query.select_span(db, self.state, column)
        return self._spans[column]


def check_same(server: Server, mine: State, newest: State) -> None:
    """Raise StorageError where another index has taken the place."""
    if newest.uuid != mine.uuid:
        raise StorageError(f"{server.location} was rebuilt since it was opened; open it again")
