"""The database file: its tables, how it is opened, and what its errors mean."""

import os
import re
import sqlite3
from collections.abc import Iterator, Mapping
from contextlib import closing, contextmanager
from pathlib import Path
from urllib.parse import quote

from hashing.errors import ArtefactError, InputError, StorageError

DATABASE = "index.db"
PREVIEWS = "previews.db"

# The texts are words already, in ASCII or of letters that this tokenizer takes as they are.
WORDS_TABLE = """
CREATE VIRTUAL TABLE words USING fts5(naming, others, tokenize = "ascii");
"""
REMOVALS_TABLE = (
    "CREATE TABLE removals (id INTEGER PRIMARY KEY, generation INTEGER NOT NULL) STRICT;"
)
TABLES = f"""
CREATE TABLE generation (
  number INTEGER PRIMARY KEY, state TEXT NOT NULL, digest BLOB NOT NULL
) STRICT;
CREATE TABLE items (
  id INTEGER PRIMARY KEY, file TEXT NOT NULL, content BLOB NOT NULL, digest BLOB NOT NULL,
  preview INTEGER
) STRICT;
CREATE TABLE metadata (id INTEGER PRIMARY KEY) STRICT;
CREATE TABLE codes (id INTEGER PRIMARY KEY, code BLOB NOT NULL, digest INTEGER NOT NULL) STRICT;
{REMOVALS_TABLE}
CREATE TABLE extras (name TEXT PRIMARY KEY, value BLOB NOT NULL) STRICT;
{WORDS_TABLE}"""
PREVIEW_TABLES = """
CREATE TABLE previews (id INTEGER PRIMARY KEY, jpeg BLOB NOT NULL, crc32 INTEGER NOT NULL) STRICT;
"""
FEATURE_TABLES = """
CREATE TABLE features (
  id INTEGER PRIMARY KEY, numbers BLOB NOT NULL, crc32 INTEGER NOT NULL
) STRICT;
"""
"""Beside the previews, in an index that keeps features."""
KNOWN_TABLES = frozenset(
    ["generation", "items", "metadata", "codes", "removals", "extras", "previews", "features"]
)
KNOWN_WORDS = re.compile(
    r"""CREATE VIRTUAL TABLE words USING fts5\((\w+, )+tokenize = ["'][\w ]+["']\)"""
)
"""Nothing but columns and a tokenizer: no rows of another table."""
KNOWN_INDEXES = frozenset(("items_by_content", "items_by_file"))
"""What databases of ours consist of, those of earlier versions too."""
SQL_TYPES: Mapping[str, str] = {"str": "TEXT", "int": "INTEGER", "float": "REAL"}

_DISK = {
    sqlite3.SQLITE_FULL: "the disk is full",
    sqlite3.SQLITE_IOERR: "reading or writing failed",
    sqlite3.SQLITE_CANTOPEN: "it cannot be opened",
    sqlite3.SQLITE_READONLY: "it cannot be written",
    sqlite3.SQLITE_PERM: "permission is denied",
    sqlite3.SQLITE_BUSY: "another process holds it",
    sqlite3.SQLITE_LOCKED: "another connection holds it",
    sqlite3.SQLITE_NOMEM: "memory is exhausted",
}


def column(field: str) -> str:
    """The metadata column of a field, quoted: users name fields, so none may meet `id`."""
    return '"m_' + field.replace('"', '""') + '"'


def connect(path: Path, *, write: bool = False, make: bool = False) -> sqlite3.Connection:
    """Open a database file of an index, in autocommit mode, usable from every thread.

    A file in a folder that cannot be written is opened as immutable: what a writer does to it later
    is seen by whoever opens it again. With `make` a file that is not there is made. Nothing but a
    connection ever opens such a file: `sums` says why.
    Raises ArtefactError where there is none or it is none of ours, StorageError where it cannot be
    opened.
    """
    if not make and not path.is_file():
        raise ArtefactError(
            f"expected an index in {path.parent}, found no {path.name}; index.py build makes one"
        )
    mode = "rw" if write or can_write(path.parent) else _immutable(path)
    if make:
        mode = "rwc"
    with database_errors(path):
        db = sqlite3.connect(
            f"file:{quote(str(path.absolute()))}?mode={mode}",
            uri=True,
            isolation_level=None,
            check_same_thread=False,
            timeout=30,
        )
        try:
            for pragma in (
                "synchronous = FULL",
                "cell_size_check = ON",
                "trusted_schema = OFF",
                "mmap_size = 0",
                f"query_only = {'OFF' if write else 'ON'}",
            ):
                db.execute(f"PRAGMA {pragma}")
            _check_objects(db)
        except BaseException:
            db.close()
            raise
    return db


def _check_objects(db: sqlite3.Connection) -> None:
    """Raise BadRowError for anything but our tables: a stranger's view or trigger is a program.

    It runs for ever, or changes rows, whenever one asks a table that it stands for or belongs to.
    """
    for _, name, kind, _, _, strict in db.execute("PRAGMA main.table_list").fetchall():
        of_words = kind == "shadow" and name.startswith("words_")
        ours = kind == "table" and strict and name in KNOWN_TABLES
        if ours and any(row[6] for row in db.execute(f"PRAGMA main.table_xinfo({name})")):
            raise BadRowError(f"the table {name} has columns that are computed")
        if not (ours or of_words or name == "words" or name.startswith("sqlite_")):
            raise BadRowError(f"{name[:80]!a} is no table of an index")
    for kind, name, sql in db.execute(
        "SELECT type, name, sql FROM sqlite_schema WHERE sql IS NOT NULL AND "
        "(type <> 'table' OR name = 'words')"
    ):
        if not (KNOWN_WORDS.fullmatch(sql) if name == "words" else name in KNOWN_INDEXES):
            raise BadRowError(f"{kind} {name[:80]!a} belongs to no index")


def make_database(path: Path, tables: str) -> None:
    """Make a new database file with `tables`, in write-ahead mode."""
    with closing(connect(path, write=True, make=True)) as db, database_errors(path):
        db.execute("PRAGMA journal_mode = WAL")
        db.executescript(tables)
        checkpoint(db)


def checkpoint(db: sqlite3.Connection) -> bool:
    """Move the write-ahead log into the file and empty it; False where a reader is in the way."""
    (busy, _, _) = db.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()
    return not busy


class BadRowError(Exception):
    """A row that is missing or is not what was written; says which and how."""


@contextmanager
def database_errors(path: Path) -> Iterator[None]:
    """Turn SQLite's errors into StorageError (the disk) or ArtefactError (the file, its rows)."""
    try:
        yield
    except BadRowError as error:
        raise damaged(path, str(error)) from error
    except sqlite3.Error as error:
        code = getattr(error, "sqlite_errorcode", sqlite3.SQLITE_CORRUPT)
        if code != sqlite3.SQLITE_IOERR_SHORT_READ and code & 0xFF in _DISK:
            raise StorageError(f"{path}: {_DISK[code & 0xFF]} ({error})") from error
        raise damaged(path, str(error)) from error
    except (UnicodeDecodeError, OverflowError) as error:
        raise damaged(path, str(error)) from error


@contextmanager
def disk_errors(path: Path) -> Iterator[None]:
    """Turn what the system refuses outside of SQLite (a full disk, …) into StorageError."""
    try:
        yield
    except OSError as error:
        raise StorageError(f"{error.filename or path}: {error.strerror or error}") from error


def damaged(path: Path, found: str) -> ArtefactError:
    """The error for content that is not what was written."""
    return ArtefactError(
        f"{path} is damaged: {found}; restore it from a copy or build the index again"
    )


def can_write(folder: Path) -> bool:
    """Whether this process may make files in `folder`."""
    return os.access(folder, os.W_OK)


def _immutable(path: Path) -> str:
    log = path.with_name(path.name + "-wal")
    if log.exists() and log.stat().st_size:
        raise StorageError(
            f"{path.parent} cannot be written but holds an unfinished log ({log.name}); "
            "open it once where it can be written, then copy it"
        )
    return "ro&immutable=1"


def add_column(db: sqlite3.Connection, field: str, kind: str) -> None:
    """Give the metadata table a column; `kind` is `str`, `int` or `float`.

    Raises InputError for a name that cannot be one, or differs from another only in case.
    """
    try:
        db.execute(f"ALTER TABLE metadata ADD COLUMN {column(field)} {SQL_TYPES[kind]}")
    except (sqlite3.OperationalError, sqlite3.ProgrammingError, ValueError) as error:
        if getattr(error, "sqlite_errorcode", sqlite3.SQLITE_ERROR) != sqlite3.SQLITE_ERROR:
            raise
        raise InputError(f"the column {field!a} cannot be kept ({error}): rename it") from error
