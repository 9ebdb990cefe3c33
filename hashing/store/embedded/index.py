"""The embedded index: reads one snapshot, changes by publications."""

import sqlite3
import threading
import zlib
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Self

import numpy as np
from numpy.typing import NDArray

from hashing.codes import Codes
from hashing.errors import InputError, StorageError
from hashing.search import Allowed, RadiusResult, ScanEngine, SearchResult
from hashing.store.contract import IndexInfo, NewItem, StoredItem
from hashing.store.embedded import changes, query, rows
from hashing.store.embedded.checks import verified_copy
from hashing.store.embedded.generation import Generation, read_generation
from hashing.store.embedded.publication import Draft, publication
from hashing.store.embedded.schema import (
    DATABASE,
    PREVIEWS,
    PYTHON_TYPES,
    connect,
    damaged,
    database_errors,
)
from hashing.store.embedded.snapshot import (
    allowed_of,
    contains,
    engine_of,
    living_ids,
    take_snapshot,
)
from hashing.store.embedded.sums import matches_sum
from hashing.store.embedded.verify import verify

MAX_FILTERS = 16
"""Filters whose masks are kept; the oldest is forgotten first."""


class EmbeddedIndex:
    """An index in a folder; see `Index` for the methods."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._guard = threading.RLock()
        self._db = connect(folder / DATABASE)
        self._previews = connect(folder / PREVIEWS)
        self._tables: sqlite3.Connection | None = None
        try:
            with self._transaction():
                self._snapshot = take_snapshot(self._db, folder)
        except BaseException:
            self.close()
            raise

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Leave the index; a closed one can be copied as it is."""
        with self._guard:
            self._db.close()
            self._previews.close()

    @property
    def info(self) -> IndexInfo:
        """What the index says of itself."""
        generation = self._snapshot.generation
        return IndexInfo(
            location=str(self._folder),
            uuid=generation.uuid,
            bits=generation.bits,
            lengths=generation.lengths,
            fingerprint=generation.fingerprint,
            model=self._model(),
            columns={name: PYTHON_TYPES[kind] for name, kind in generation.columns.items()},
            count=generation.count,
            removed=generation.removed,
            generation=generation.number,
            segments=len(generation.segments),
            bytes=sum(path.stat().st_size for path in self._folder.rglob("*") if path.is_file()),
            published=generation.published,
            unfinished=generation.unfinished,
        )

    def search(
        self,
        queries: Codes,
        k: int,
        *,
        where: str | None = None,
        allowed_ids: NDArray[np.int64] | None = None,
        max_distance: int | None = None,
        bits: int | None = None,
        logits: NDArray[np.float32] | None = None,
        rerank: int | None = None,
    ) -> SearchResult:
        """The k nearest items; see `Index.search`."""
        engine, allowed = self._engine(where, allowed_ids)
        return engine.search(
            queries,
            k,
            allowed=allowed,
            max_distance=max_distance,
            bits=bits,
            logits=logits,
            rerank=rerank,
        )

    def radius(
        self,
        queries: Codes,
        max_distance: int,
        *,
        where: str | None = None,
        allowed_ids: NDArray[np.int64] | None = None,
        bits: int | None = None,
    ) -> RadiusResult:
        """All items not farther than `max_distance`."""
        engine, allowed = self._engine(where, allowed_ids)
        return engine.radius(queries, max_distance, allowed=allowed, bits=bits)

    def ids(self, where: str | None = None) -> NDArray[np.int64]:
        """Ids of all items, or of those that `where` keeps."""
        if where is not None:
            return self._filtered(where)
        with self._reading():
            return living_ids(self._snapshot, engine_of(self._snapshot, self._db))

    def items(self, ids: Iterable[int]) -> list[StoredItem]:
        """The items of these ids, every row checked."""
        wanted = [int(item) for item in ids]
        self._check_there(np.array(wanted, np.int64))
        with self._reading():
            return rows.read_items(self._db, wanted, list(self._snapshot.generation.columns))

    def codes(self, ids: Iterable[int]) -> Codes:
        """The codes of these ids, every row checked."""
        wanted = np.array([int(item) for item in ids], np.int64)
        self._check_there(wanted)
        with self._reading():
            return rows.read_codes_of(self._db, wanted, self._snapshot.generation.bits)

    def preview(self, item: int) -> bytes | None:
        """A small JPEG of the picture, None where none was kept."""
        self._check_there(np.array([item], np.int64))
        with self._guard, database_errors(self._folder / PREVIEWS):
            found = self._previews.execute(
                "SELECT jpeg, crc32 FROM previews WHERE id = ?", (item,)
            ).fetchone()
        if found and zlib.crc32(found[0]) != found[1]:
            raise damaged(self._folder / PREVIEWS, f"the preview of item {item} is not its own")
        return found[0] if found else None

    def facets(self) -> dict[str, dict[str, int]]:
        """The values of each text column and their counts."""
        with self._asking() as tables:
            return query.select_facets(tables, self._snapshot.generation)

    def text_search(self, text: str, limit: int = 1000) -> NDArray[np.int64]:
        """Ids of items whose title or artist has all words."""
        with self._asking() as tables:
            return query.select_words(tables, self._snapshot.generation, text, limit)

    def contents(self, files: Iterable[str]) -> list[set[bytes]]:
        """For each file the SHA-256 digests of the items of that name."""
        with self._asking() as tables:
            return query.select_contents(tables, self._snapshot.generation, files)

    def extra(self, name: str) -> bytes | None:
        """A named blob, None where absent."""
        digest = self._snapshot.generation.extras.get(name)
        if digest is None:
            return None
        with self._reading():
            return rows.read_extra(self._db, name, digest)

    def add(self, items: Iterable[NewItem], columns: Mapping[str, type] = {}) -> NDArray[np.int64]:
        """Publish new items as one segment; returns their ids."""
        with self._changing() as draft:
            changes.add_columns(draft, columns)
            return changes.add(draft, items)

    def remove(self, ids: Iterable[int]) -> int:
        """Publish without these items; returns how many were there."""
        with self._changing() as draft:
            return changes.remove(draft, np.array([int(item) for item in ids], np.int64))

    def put_extra(self, name: str, value: bytes) -> None:
        """Publish a named blob."""
        with self._changing() as draft:
            changes.put_extra(draft, name, value)

    def compact(self) -> None:
        """Publish all in one segment and drop the rows of removed items."""
        with self._changing() as draft:
            changes.compact(draft)
        with self._changing():
            pass  # a publication deletes the previews of what the one before it dropped

    def finish(self) -> None:
        """Publish that the build is complete."""
        with self._changing() as draft:
            changes.finish(draft)

    def verify(self) -> list[str]:
        """Check everything; returns what was repaired."""
        return verify(self._folder)

    def refresh(self) -> bool:
        """Move to the newest generation; True where that changed anything."""
        with self._transaction():
            if read_generation(self._db, self._folder).number == self._snapshot.generation.number:
                return False
            self._snapshot = take_snapshot(self._db, self._folder)
            self._tables = None
        return True

    def _engine(
        self, where: str | None, ids: NDArray[np.int64] | None
    ) -> tuple[ScanEngine, Allowed | None]:
        """The engine with what both filters allow; that of `where` alone is kept."""
        snapshot = self._snapshot
        with self._reading():
            engine = engine_of(snapshot, self._db)
            if where is None:
                allowed = snapshot.living
                return engine, allowed if ids is None else allowed_of(snapshot, engine, ids)
            if ids is not None:
                both = np.intersect1d(ids, self._filtered(where))
                return engine, allowed_of(snapshot, engine, both)
            if where not in snapshot.filters:
                snapshot.filters[where] = allowed_of(snapshot, engine, self._filtered(where))
                if len(snapshot.filters) > MAX_FILTERS:
                    del snapshot.filters[next(iter(snapshot.filters))]
            return engine, snapshot.filters[where]

    def _filtered(self, where: str) -> NDArray[np.int64]:
        with self._asking() as tables:
            return query.select_ids(tables, self._snapshot.generation, where)

    def _check_there(self, ids: NDArray[np.int64]) -> None:
        with self._reading():
            there = contains(self._snapshot, engine_of(self._snapshot, self._db), ids)
        if not there.all():
            raise InputError(f"there is no item {ids[~there][0]} in {self._folder}")

    def _model(self) -> str:
        generation = self._snapshot.generation
        beside = self._folder / generation.model_beside
        there = beside.exists() and not Path(generation.model).exists()
        return str(beside.resolve()) if there else generation.model

    @contextmanager
    def _changing(self) -> Iterator[Draft]:
        """A publication, after which this reader moves to the new generation."""
        with publication(self._folder) as draft:
            yield draft
        self.refresh()

    @contextmanager
    def _asking(self) -> Iterator[sqlite3.Connection]:
        """The tables for questions whose answer any row may change.

        They are asked only where the file is just as it was published; else all rows are checked
        and copied into memory, once a generation.
        """
        with self._reading() as current:
            if self._tables is None:
                intact = matches_sum(self._folder, current.number)
                self._tables = self._db if intact else verified_copy(self._db, current)
            yield self._tables

    @contextmanager
    def _reading(self) -> Iterator[Generation]:
        """One state of the tables that still has all rows of the snapshot's generation."""
        with self._transaction():
            current = read_generation(self._db, self._folder)
            if current.compacted > self._snapshot.generation.number:
                raise StorageError(
                    f"{self._folder} was compacted since it was opened; open it again"
                )
            yield current

    @contextmanager
    def _transaction(self) -> Iterator[None]:
        """One state of the database; inside another one it is the same."""
        path = self._folder / DATABASE
        with self._guard, database_errors(path):
            if self._db.in_transaction:
                yield
                return
            self._db.execute("BEGIN")
            try:
                yield
            except rows.BadRowError as error:
                raise damaged(path, str(error)) from error
            finally:
                self._db.rollback()
