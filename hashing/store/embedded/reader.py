"""What one reader holds: connections, its snapshot, and the transactions it asks in."""

import os
import sqlite3
import threading
import time
from collections.abc import Iterator
from contextlib import ExitStack, closing, contextmanager
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from hashing.errors import ArtefactError, StorageError
from hashing.filters import Filter
from hashing.store.embedded.checks import verified_copy, words_copy
from hashing.store.embedded.generation import Generation, read_generation
from hashing.store.embedded.lock import is_writing
from hashing.store.embedded.query import select_ids
from hashing.store.embedded.schema import (
    DATABASE,
    PREVIEWS,
    can_write,
    connect,
    database_errors,
)
from hashing.store.embedded.snapshot import Snapshot, make_view, take_snapshot
from hashing.store.embedded.sums import matches_sum, recorded_generation, refuse_older
from hashing.store.view import View
from hashing.store.words import VERSION

PATIENCE = 10.0
"""Seconds that a writer may take from its commit to the checksum of what it wrote."""


def rebuilt(folder: Path) -> StorageError:
    """The error for another index in the place of the one that was opened."""
    return StorageError(f"{folder} was rebuilt since it was opened; open it again")


def _connections(folder: Path) -> tuple[sqlite3.Connection, sqlite3.Connection]:
    """The databases of an index: rows and previews."""
    with ExitStack() as opened:
        db = opened.enter_context(closing(connect(folder / DATABASE)))
        previews = connect(folder / PREVIEWS)
        opened.pop_all()
        return db, previews


class Reader:
    """An open index as of `snapshot`; usable from any thread."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.guard = threading.RLock()
        self._counting = threading.Lock()
        self._tables: sqlite3.Connection | None = None
        self._words: sqlite3.Connection | None = None
        self._immutable = not can_write(folder)
        self.db, self.previews = _connections(folder)
        try:
            self._file = (folder / DATABASE).stat()
            self.snapshot = self._take(None)
        except BaseException:
            self.close()
            raise

    def close(self) -> None:
        """Leave the database; the last one to leave empties its log."""
        with self.guard:
            self._forget_tables()
            self.db.close()
            self.previews.close()

    def refresh(self) -> bool:
        """Move to the newest generation; True where that changed anything.

        Raises StorageError where the folder is gone or another index lies in its place: the files
        that are open here would go on answering as if nothing had happened.
        """
        with self.guard, self.changing():
            self._check_place()
            if self._is_outdated() and not self._reconnect():
                return False  # a writer is at it just now
            if self._newest().number == self.snapshot.generation.number:
                return False
            self.snapshot = self._take(self.snapshot)
            self._forget_tables()
            return True

    @contextmanager
    def changing(self) -> Iterator[None]:
        """Tell what a writer changed under an immutable connection from damage.

        SQLite takes such a file for one that never changes, and would go on with pages of before.
        """
        try:
            yield
        except ArtefactError:
            if self._is_outdated():
                raise StorageError(
                    f"{self.folder} was changed since it was opened; open it again"
                ) from None
            raise

    @contextmanager
    def reading(self) -> Iterator[Generation]:
        """One state of the tables, which still has all rows of the snapshot's generation.

        Yields the generation of that state, which may be a later one.
        """
        with self.changing(), self._transaction():
            current = read_generation(self.db, self.folder)
            self._refuse_compacted(current, self.snapshot)
            yield current

    def view(self) -> View:
        """The view of the snapshot's codes, which once made needs tables only for filters."""
        with self.guard:
            if self.snapshot.view is None:
                with self.reading():
                    self.snapshot.view = make_view(self.snapshot, self.db, self._select)
            return self.snapshot.view

    @contextmanager
    def asking(self) -> Iterator[sqlite3.Connection]:
        """The tables, for questions whose answer any row may change.

        They are asked only where the file is just as it was published; else all rows are checked
        and copied into memory, once a generation.
        """
        with self.guard:
            if self._tables is None:
                self._await_sum()
            with self.reading() as current:
                if self._tables is None:
                    intact = matches_sum(self.folder, current.number)
                    self._tables = self.db if intact else verified_copy(self.db, current)
                yield self._tables

    @contextmanager
    def counting(self) -> Iterator[tuple[sqlite3.Connection, Snapshot]]:
        """Like `asking`, with the snapshot of then, for what reads all rows and takes long.

        It is asked on a connection of its own: only who counts, too, waits for it.
        """
        with self._counting:
            with self.asking() as tables:
                snapshot, intact = self.snapshot, tables is self.db
                if not intact:
                    yield tables, snapshot
            if intact:
                path = self.folder / DATABASE
                with self.changing(), closing(connect(path)) as db, database_errors(path):
                    db.execute("BEGIN")
                    self._refuse_compacted(read_generation(db, self.folder), snapshot)
                    yield db, snapshot

    @contextmanager
    def asking_words(self) -> Iterator[sqlite3.Connection]:
        """Like `asking`, with words of this version: an older index's are made in memory."""
        with self.asking() as tables, self.reading() as current:
            if current.words == VERSION or tables is not self.db:
                yield tables
                return
            if self._words is None:
                self._words = words_copy(tables, current)
            yield self._words

    def _select(self, where: Filter) -> NDArray[np.int64]:
        with self.asking() as tables:
            return select_ids(tables, self.snapshot.generation, where)

    def _refuse_compacted(self, current: Generation, snapshot: Snapshot) -> None:
        if current.compacted > snapshot.generation.number:
            raise StorageError(f"{self.folder} was compacted since it was opened; open it again")

    def _check_place(self) -> None:
        try:
            there = (self.folder / DATABASE).stat()
        except FileNotFoundError:
            raise StorageError(
                f"{self.folder} is gone: wait if it is being rebuilt, else put it back"
            ) from None
        if not os.path.samestat(there, self._file):
            raise rebuilt(self.folder)

    def _is_outdated(self) -> bool:
        """Whether a writer has published under connections that cannot see it."""
        recorded = recorded_generation(self.folder) if self._immutable else None
        return recorded is not None and recorded > self.snapshot.generation.number

    def _reconnect(self) -> bool:
        """Open both databases anew; False where a log in use says that they are being written."""
        try:
            anew = _connections(self.folder)
        except StorageError:
            return False
        self._forget_tables()
        self.db.close()
        self.previews.close()
        self.db, self.previews = anew
        return True

    def _forget_tables(self) -> None:
        if self._tables not in (None, self.db):
            self._tables.close()
        if self._words is not None:
            self._words.close()
        self._tables = self._words = None

    def _take(self, former: Snapshot | None) -> Snapshot:
        """A snapshot whose segments were not deleted by a writer while they were opened."""
        while True:
            recorded = recorded_generation(self.folder)
            with self._transaction():
                snapshot = take_snapshot(self.db, self.folder, former)
            refuse_older(self.folder, snapshot.generation.number, recorded)
            if None not in snapshot.segments:
                return snapshot
            if self._newest().number == snapshot.generation.number:
                return snapshot  # damaged: the rows will have to do

    def _newest(self) -> Generation:
        with self._transaction():
            return read_generation(self.db, self.folder)

    def _await_sum(self) -> None:
        """Let a writer that has just published finish; outside a transaction, for it waits too."""
        deadline = time.monotonic() + PATIENCE
        while (
            recorded_generation(self.folder) != self._newest().number
            and is_writing(self.folder)
            and time.monotonic() < deadline
        ):
            time.sleep(0.02)

    @contextmanager
    def _transaction(self) -> Iterator[None]:
        """One state of the database; inside another transaction it is the same one."""
        path = self.folder / DATABASE
        with self.guard, database_errors(path):
            if self.db.in_transaction:
                yield
                return
            self.db.execute("BEGIN")
            try:
                yield
            finally:
                self.db.rollback()
