"""The index on a server: rows and truth there, codes sliced in memory here."""

import threading
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from typing import Self

import numpy as np
from numpy.typing import NDArray

from hashing.codes import Codes
from hashing.errors import InputError, StorageError
from hashing.filters import Filter
from hashing.search import (
    RadiusRequest,
    RadiusResult,
    SearchRequest,
    SearchResult,
    SlicedCodes,
    build_sliced,
)
from hashing.sources import Value
from hashing.store import words
from hashing.store.contract import IndexInfo, NewItem, StoredItem
from hashing.store.fields import grown
from hashing.store.identifiers import as_ids, possible_ids
from hashing.store.location import Location
from hashing.store.page import PAGE, Page, page_of
from hashing.store.postgres import query, rows
from hashing.store.postgres.schema import add_column, now
from hashing.store.postgres.server import Database, Server
from hashing.store.postgres.state import State
from hashing.store.view import View

MAX_SEGMENTS = 8
"""In memory; more are made into one."""


@dataclass(slots=True)
class Snapshot:
    """One publication as a reader sees it."""

    state: State
    segments: list[SlicedCodes]
    view: View
    facets: dict[str, dict[Value, int]] | None = None
    spans: dict[str, tuple[float, float] | None] = field(default_factory=dict)


@dataclass(slots=True)
class Draft:
    """A publication in the making."""

    db: Database
    state: State


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
            self._snapshot = self._take(None)
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

    @property
    def info(self) -> IndexInfo:
        """What the index says of itself."""
        snapshot = self._snapshot
        with self._server.reading() as db:
            size = query.size(db, self.location)
        state = snapshot.state
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
            segments=len(snapshot.segments),
            bytes=size,
            published=state.published,
            unfinished=state.unfinished,
            features=state.features,
        )

    def search(self, request: SearchRequest) -> SearchResult:
        """The k nearest items."""
        with self._guard:
            view = self._snapshot.view
            plain = view.resolved(request)
        return view.engine.search(plain)

    def radius(self, request: RadiusRequest) -> RadiusResult:
        """All items not farther than a distance."""
        with self._guard:
            view = self._snapshot.view
            plain = view.resolved(request)
        return view.engine.radius(plain)

    def ids(self, where: Filter | None = None) -> NDArray[np.int64]:
        """Ids of all items, or of those that `where` keeps."""
        with self._guard:
            return self._snapshot.view.ids(where)

    def page(
        self,
        where: Filter | None = None,
        text: str = "",
        *,
        seed: int | None = None,
        offset: int = 0,
        limit: int = PAGE,
    ) -> Page:
        """Part of the items that a filter and words keep."""
        return page_of(self, where, text, seed, offset, limit)

    def items(self, ids: Iterable[int]) -> list[StoredItem]:
        """The items of these ids."""
        wanted = as_ids(ids)
        with self._asking_of(wanted) as (db, state):
            return rows.read_items(db, state, wanted.tolist())

    def codes(self, ids: Iterable[int]) -> Codes:
        """The codes of these ids."""
        wanted = as_ids(ids)
        with self._asking_of(wanted) as (db, state):
            return rows.read_codes_of(db, wanted, state.bits)

    def features(self, ids: Iterable[int]) -> NDArray[np.float16]:
        """The features of these ids."""
        wanted = as_ids(ids)
        with self._asking_of(wanted) as (db, state):
            if not state.features:
                return np.empty((len(wanted), 0), np.float16)
            return rows.read_features(db, wanted, state.features)

    def preview(self, item: int) -> bytes | None:
        """A small JPEG of the picture, None where none was kept."""
        with self._asking_of(as_ids([item])) as (db, _):
            found = db.execute("SELECT jpeg FROM previews WHERE id = %s", [int(item)], binary=True)
            row = found.fetchone()
        return None if row is None else bytes(row[0])

    def facets(self) -> dict[str, dict[Value, int]]:
        """The values of each column and their counts."""
        with self._guard:
            snapshot = self._snapshot
            if snapshot.facets is None:
                with self._asking() as (db, state):
                    snapshot.facets = query.select_facets(db, state)
            return {name: dict(values) for name, values in snapshot.facets.items()}

    def span(self, column: str) -> tuple[float, float] | None:
        """The least and the greatest value of a column of numbers."""
        with self._guard:
            snapshot = self._snapshot
            if column not in snapshot.spans:
                with self._asking() as (db, state):
                    snapshot.spans[column] = query.select_span(db, state, column)
            return snapshot.spans[column]

    def text_search(self, text: str, *, where: Filter | None = None) -> NDArray[np.int64]:
        """Ids of the items that have all words, best first."""
        with self._guard:
            with self._asking() as (db, state):
                found = query.select_words(db, state, text)
            return found if where is None else found[np.isin(found, self.ids(where))]

    def contents(self, files: Iterable[str]) -> list[set[bytes]]:
        """For each file the SHA-256 digests of the items of that name."""
        with self._asking() as (db, state):
            return query.select_contents(db, state, files)

    def extra(self, name: str) -> bytes | None:
        """A named blob, None where absent."""
        with self._asking() as (db, _):
            found = db.execute("SELECT value FROM extras WHERE name = %s", [name], binary=True)
            row = found.fetchone()
        return None if row is None else bytes(row[0])

    def add(self, items: Iterable[NewItem], columns: Mapping[str, type] = {}) -> NDArray[np.int64]:
        """Publish new items; returns their ids."""
        with self._changing() as draft:
            _add_columns(draft, columns)
            first = draft.state.next_id
            ids = rows.insert(draft.db, draft.state, items)
            new = len(np.unique(ids[ids >= first]))
            draft.state = replace(draft.state, next_id=first + new, rows=draft.state.rows + new)
        return ids

    def change(self, items: Iterable[StoredItem], columns: Mapping[str, type] = {}) -> None:
        """Publish other files and fields of items."""
        with self._changing() as draft:
            _add_columns(draft, columns)
            rows.change(draft.db, draft.state, items)

    def remove(self, ids: Iterable[int]) -> int:
        """Publish without these items; returns how many were there."""
        with self._changing() as draft:
            done = draft.db.execute(
                "UPDATE items SET removed = %s WHERE id = ANY(%s::bigint[]) AND removed IS NULL",
                [draft.state.number, possible_ids(ids).tolist()],
            ).rowcount
            draft.state = replace(draft.state, removed=draft.state.removed + done)
        return done

    def put_extra(self, name: str, value: bytes) -> None:
        """Publish a named blob."""
        with self._changing() as draft:
            draft.db.execute(
                "INSERT INTO extras VALUES (%s, %s) "
                "ON CONFLICT (name) DO UPDATE SET value = excluded.value",
                [name, value],
            )

    def finish(self) -> None:
        """Publish that the build is complete."""
        with self._changing() as draft:
            draft.state = replace(draft.state, unfinished=None)

    def compact(self) -> None:
        """Drop the rows of removed items."""
        with self._changing() as draft:
            db, state = draft.db, draft.state
            db.execute(
                "DELETE FROM previews USING items "
                "WHERE previews.id = items.id AND items.removed IS NOT NULL"
            )
            if state.features:
                db.execute(
                    "DELETE FROM features USING items "
                    "WHERE features.id = items.id AND items.removed IS NOT NULL"
                )
            db.execute("DELETE FROM items WHERE removed IS NOT NULL")
            draft.state = replace(state, rows=state.count, removed=0, compacted=state.number)
        self._server.vacuum()

    def verify(self) -> list[str]:
        """Read all rows and compare them with the state; nothing here can be repaired."""
        with self._server.reading() as db:
            query.check_rows(db, State.read(db, self.location), self.location)
        self.refresh()
        return []

    def refresh(self) -> bool:
        """Move to the newest publication; True where that changed anything."""
        with self._guard:
            mine = self._snapshot.state
            with self._server.once() as db:
                newest = State.read(db, self.location)
            if newest.uuid != mine.uuid:
                raise StorageError(
                    f"{self.location} was rebuilt since it was opened; open it again"
                )
            if newest.number == mine.number:
                return False
            self._snapshot = self._take(self._snapshot)
            return True

    def _take(self, former: Snapshot | None) -> Snapshot:
        """The newest publication; only codes that came since the former one are fetched."""
        with self._server.reading() as db:
            state = State.read(db, self.location)
            removed = query.select_removed(db, state)
            kept = former is not None and state.compacted <= former.state.number
            segments = list(former.segments) if former is not None and kept else []
            first = former.state.next_id if former is not None and kept else 0
            ids, codes = rows.read_codes(db, first, state.next_id, state.bits)
        if len(ids):
            segments.append(build_sliced(codes, ids))
        if len(segments) > MAX_SEGMENTS:
            segments = [_merged(segments)]
        return Snapshot(state, segments, View(segments, state.bits, removed, self._select))

    def _select(self, where: Filter) -> NDArray[np.int64]:
        with self._asking() as (db, state):
            return query.select_ids(db, state, where)

    def _check_same(self, state: State) -> None:
        if state.uuid != self._snapshot.state.uuid:
            raise StorageError(f"{self.location} was rebuilt since it was opened; open it again")

    @contextmanager
    def _asking(self) -> Iterator[tuple[Database, State]]:
        """One state of the rows that still has all of the snapshot's, and the snapshot's state."""
        with self._server.reading() as db:
            mine, newest = self._snapshot.state, State.read(db, self.location)
            if newest.uuid != mine.uuid:
                raise StorageError(
                    f"{self.location} was rebuilt since it was opened; open it again"
                )
            if newest.compacted > mine.number:
                raise StorageError(
                    f"{self.location} was compacted since it was opened; open it again"
                )
            yield db, mine

    @contextmanager
    def _asking_of(self, ids: NDArray[np.int64]) -> Iterator[tuple[Database, State]]:
        """Like `_asking`, for items that must be there. Raises InputError."""
        there = self._snapshot.view.contains(ids)
        if not there.all():
            raise InputError(f"there is no item {ids[~there][0]} in {self.location}")
        with self._asking() as asked:
            yield asked

    @contextmanager
    def _changing(self) -> Iterator[Draft]:
        """A publication: all or nothing. Writers wait for each other at the row of the state."""
        with self._server.writing() as db:
            state = State.read(db, self.location, lock=True)
            if state.uuid != self._snapshot.state.uuid:
                raise StorageError(
                    f"{self.location} was rebuilt since it was opened; open it again"
                )
            if state.words != words.VERSION:
                rows.rewrite_words(db, state)
            draft = Draft(db, replace(state, number=state.number + 1, words=words.VERSION))
            yield draft
            replace(draft.state, published=now()).write(db)
        self.refresh()


def _add_columns(draft: Draft, columns: Mapping[str, type]) -> None:
    known = draft.state.columns
    together = grown(known, columns)
    for place, (name, kind) in enumerate(together.items()):
        if name not in known:
            add_column(draft.db, place, kind)
    draft.state = replace(draft.state, columns=together)


def _merged(segments: list[SlicedCodes]) -> SlicedCodes:
    ids = np.concatenate([part.ids_of(np.arange(part.items)) for part in segments])
    return build_sliced(Codes.concatenate([part.item_codes() for part in segments]), ids)
