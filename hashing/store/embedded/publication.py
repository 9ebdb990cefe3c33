"""Publication: how an index changes from one generation to the next, completely or not at all."""

import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager, suppress
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path

from hashing.errors import StorageError
from hashing.files import delete, leftovers
from hashing.store import words
from hashing.store.embedded.checks import check_rows, rebuild_words
from hashing.store.embedded.features import forget_features
from hashing.store.embedded.generation import Generation, read_generation, write_generation
from hashing.store.embedded.lock import writer_lock
from hashing.store.embedded.previews import forget_previews
from hashing.store.embedded.schema import (
    DATABASE,
    PREVIEWS,
    can_write,
    checkpoint,
    connect,
    database_errors,
    disk_errors,
)
from hashing.store.embedded.segments import SEGMENTS, is_name
from hashing.store.embedded.sums import (
    SUM,
    matches_sum,
    recorded_generation,
    refuse_older,
    write_sum,
)


@dataclass(slots=True)
class Draft:
    """A generation in the making; `changes` holds what can be done to it."""

    folder: Path
    db: sqlite3.Connection
    previews: sqlite3.Connection
    generation: Generation


@contextmanager
def publication(folder: Path) -> Iterator[Draft]:
    """Change an index: all that the block does becomes visible at its end, or nothing does.

    A process may die anywhere in here. Before the second COMMIT the old generation is whole and the
    next writer clears away what was left; after it the new one is.
    Raises StorageError where the folder cannot be written, BusyError where another writer keeps it.
    """
    if not can_write(folder):
        raise StorageError(f"{folder} cannot be written; copy the index where it can be")
    with writer_lock(folder), _connected(folder) as (db, previews):
        old = read_generation(db, folder)
        refuse_older(folder, old.number, recorded_generation(folder))
        with disk_errors(folder):
            (folder / SEGMENTS).mkdir(exist_ok=True)
            delete_unrecorded(folder, old)
        db.execute("BEGIN IMMEDIATE")
        previews.execute("BEGIN IMMEDIATE")
        forget_previews(previews, old)
        forget_features(previews, old)
        new = replace(
            old,
            number=old.number + 1,
            published=now(),
            forgotten=(),
            words=words.VERSION,
            previews_known=True,
        )
        draft = Draft(folder, db, previews, new)
        try:
            _check(draft, old)
            yield draft  # rows; segment files: temporary name, fsync, rename, fsync of the folder
            write_generation(db, draft.generation)
            previews.execute("COMMIT")  # nobody asks for a preview before its item is there
        except BaseException:
            with suppress(OSError):
                delete_unrecorded(folder, old)
            raise
        db.execute("COMMIT")  # with synchronous=FULL: from here on the new generation counts
        _settle(draft, old)


def delete_unrecorded(folder: Path, generation: Generation) -> None:
    """Delete segment files that the recorded generation does not need, and what was half written.

    Files of other names are somebody else's.
    """
    needed = {record.name for record in generation.segments}
    segments = (folder / SEGMENTS).glob("*.seg")
    unneeded = [path for path in segments if is_name(path.name) and path.name not in needed]
    half = [*leftovers(folder / SEGMENTS, "*"), *leftovers(folder, SUM)]
    for path in (*unneeded, *half):
        delete(path)


def _check(draft: Draft, old: Generation) -> None:
    """Never build on damaged rows: the next checksum of the file would vouch for them.

    Words of an earlier version are made anew here too.
    """
    intact = matches_sum(draft.folder, old.number)
    if not intact:
        with database_errors(draft.folder / DATABASE):
            check_rows(draft.db, old)
    if not old.previews_known:
        draft.db.execute("ALTER TABLE items ADD COLUMN preview INTEGER")
    if not intact or old.words != words.VERSION:
        rebuild_words(draft.db, old)


def _settle(draft: Draft, old: Generation) -> None:
    """Tidy up after a publication. All of it may fail: what is published stays published."""
    with suppress(sqlite3.Error, OSError):
        if draft.generation.compacted == draft.generation.number:
            draft.db.execute("VACUUM")
        if old.forgotten:
            draft.previews.execute("VACUUM")
        checkpoint(draft.previews)
        settled = checkpoint(draft.db)
        write_sum(draft.folder, draft.generation.number, settled=settled)
        delete_unrecorded(draft.folder, draft.generation)


@contextmanager
def _connected(folder: Path) -> Iterator[tuple[sqlite3.Connection, sqlite3.Connection]]:
    with (
        closing(connect(folder / DATABASE, write=True)) as db,
        closing(connect(folder / PREVIEWS, write=True)) as previews,
        database_errors(folder),
    ):
        try:
            yield db, previews
        except BaseException:
            # An error's frames may still hold a query, and with it a closed connection's locks.
            for connection in (db, previews):
                with suppress(sqlite3.Error):
                    connection.rollback()
            raise


def now() -> str:
    """The time as it is recorded: ISO 8601, UTC, seconds."""
    return datetime.now(UTC).isoformat(timespec="seconds")
