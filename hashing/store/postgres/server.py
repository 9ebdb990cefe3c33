"""Connections to a server, and what its errors mean for a person."""

import re
from collections.abc import Iterator
from contextlib import contextmanager
from threading import BoundedSemaphore
from typing import Any

import psycopg
from psycopg import Connection, IsolationLevel, errors, sql

from hashing.errors import ArtefactError, StorageError, UsageError
from hashing.store.fields import keepable
from hashing.store.location import Location, masked

Database = Connection[tuple[Any, ...]]

CONNECTIONS = 8
"""Of one index at most: more questions at a time wait for their turn."""
PATIENCE = 5.0
"""Seconds to wait for a connection."""
LONGEST_NAME = 63
"""Bytes of a schema's name; the server cuts off the rest, and different names meet."""

_SETTINGS = """
SET client_encoding = 'UTF8'; SET standard_conforming_strings = on; SET extra_float_digits = 1;
SET search_path TO {}
"""
"""Of a connection. A server, database or user may have set otherwise how texts, bytes that are
copied in and the last digits of numbers are written."""

_AWAY = ("08", "28", "3D", "57")
"""Classes of states: connection, authorisation, no such database, shutting down or starting."""


class Server:
    """The connections of one open index, all in its schema; safe from any thread.

    One that is idle is taken up again if the server still answers on it, else a new one is made:
    what is wrong with the server is told at once, and all goes on as soon as it is back.
    """

    def __init__(self, location: Location) -> None:
        """Raises StorageError where the server cannot be reached."""
        self.location = location
        with server_errors(location):
            self._idle = [connect(location)]
        self._turns = BoundedSemaphore(CONNECTIONS)
        self._closed = False
        self.found = False
        """Whether there was an index: one that is missing then is gone."""

    def close(self) -> None:
        """Leave the server."""
        self._closed = True
        while self._idle:
            self._idle.pop().close()

    @contextmanager
    def reading(self) -> Iterator[Database]:
        """One state of the database."""
        with self._transaction(IsolationLevel.REPEATABLE_READ) as db:
            yield db

    @contextmanager
    def writing(self) -> Iterator[Database]:
        """All that the block does, or nothing; what it waits for it sees as it is then."""
        with self._transaction(IsolationLevel.READ_COMMITTED) as db:
            yield db

    @contextmanager
    def once(self) -> Iterator[Database]:
        """A connection for a single question, which needs no transaction around it."""
        with self._connection() as db:
            yield db

    def vacuum(self) -> None:
        """Give back the space of deleted rows, and count what is left for the planner."""
        with self._connection() as db:
            db.execute("VACUUM (ANALYZE) items")
            db.execute("VACUUM (ANALYZE) previews")

    @contextmanager
    def _transaction(self, isolation: IsolationLevel) -> Iterator[Database]:
        with self._connection() as db:
            if db.isolation_level != isolation:
                db.isolation_level = isolation
            with db.transaction():
                yield db

    @contextmanager
    def _connection(self) -> Iterator[Database]:
        with server_errors(self.location, found=self.found), self._turns:
            if self._closed:
                raise StorageError(f"{self.location} was closed; open it again")
            db = self._taken()
            try:
                yield db
            finally:
                if self._closed or db.broken:
                    db.close()
                else:
                    self._idle.append(db)

    def _taken(self) -> Database:
        while True:
            try:
                db = self._idle.pop()
            except IndexError:
                return connect(self.location)
            try:
                db.execute("")
                return db
            except psycopg.OperationalError:
                db.close()


def connect(location: Location) -> Database:
    """One connection, in the schema of an index. Raises psycopg's errors, UsageError."""
    _check_name(location.name)
    try:
        db = psycopg.connect(location.address, autocommit=True, connect_timeout=int(PATIENCE))
    except psycopg.Error as error:
        misread = isinstance(error, psycopg.ProgrammingError)
        # with a slash or an @ in a password the server's library takes a part of it for a host
        if not misread and not re.search(r"(?s)://[^:/@]*:(?!\d*/).*[/@].*@", location.address):
            raise
        said = _line(error)
        if masked(location.address) != location.address:  # it may quote a part of the password
            said = "expected options that it knows, and each of / @ % & # in a password as %2F"
        raise UsageError(f"{location} is no URL of PostgreSQL: {said}") from None
    try:
        db.execute(sql.SQL(_SETTINGS).format(sql.Identifier(location.name)))
    except BaseException:
        db.close()
        raise
    return db


def _check_name(name: str) -> None:
    """Raise UsageError for a name that the server refuses, cuts off or takes for another."""
    refused = name.startswith("pg_") or name == "$user" or not keepable(name)
    if refused or len(name.encode()) > LONGEST_NAME:
        raise UsageError(
            f"expected a name of an index of at most {LONGEST_NAME} bytes, not $user nor pg_… "
            f"(those are PostgreSQL's), found {name[:80]!a}: name another behind the #"
        )


@contextmanager
def server_errors(location: Location, *, found: bool = False) -> Iterator[None]:
    """Turn the server's errors into StorageError (the server) or ArtefactError (the index).

    found: whether there was an index before.
    """
    try:
        yield
    except (errors.UndefinedTable, errors.InvalidSchemaName, errors.UndefinedColumn) as error:
        if found:
            raise StorageError(
                f"{location} is gone: wait if it is being rebuilt, else put it back"
            ) from error
        raise ArtefactError(
            f"expected an index at {location}, found none that may be read; "
            "index.py build makes one"
        ) from error
    except (errors.DataCorrupted, errors.IndexCorrupted) as error:
        raise ArtefactError(
            f"{location} is damaged: {_line(error)}; restore it from a backup or build it again"
        ) from error
    except errors.DiskFull as error:
        raise StorageError(f"{location}: the server's disk is full; nothing was changed") from error
    except errors.InsufficientPrivilege as error:
        raise StorageError(f"{location}: {_line(error)}; ask its owner for the right") from error
    except errors.ReadOnlySqlTransaction as error:
        raise StorageError(
            f"{location}: the server is read-only; write to the one that it follows"
        ) from error
    except psycopg.Error as error:
        lost = isinstance(error, (psycopg.OperationalError, psycopg.InterfaceError))
        if lost and (error.sqlstate is None or error.sqlstate[:2] in _AWAY):
            raise StorageError(
                f"{location} cannot be reached ({_line(error)}); try again when the server is there"
            ) from error
        raise StorageError(f"{location}: {_line(error)}") from error


def _line(error: Exception) -> str:
    """The first line of the server's message that says something, without its rank."""
    lines = [line.strip() for line in str(error).splitlines() if line.strip()]
    text = lines[-1] if "Multiple connection attempts" in str(error) else (lines or [""])[0]
    for rank in ("connection is bad: ", "connection failed: ", "FATAL:  ", "ERROR:  "):
        text = text.rpartition(rank)[2] if rank in text else text
    return text or type(error).__name__
