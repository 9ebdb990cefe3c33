"""How an index comes to be: an empty one, complete or not at all."""

import os
from contextlib import closing, suppress
from pathlib import Path
from uuid import uuid4

from hashing.errors import UsageError
from hashing.files import delete, sync_folder
from hashing.sources.roles import default_roles
from hashing.store import words
from hashing.store.contract import NewIndex
from hashing.store.embedded.generation import Generation, write_generation
from hashing.store.embedded.lock import LOCK, writer_lock
from hashing.store.embedded.publication import now
from hashing.store.embedded.schema import (
    DATABASE,
    FEATURE_TABLES,
    PREVIEW_TABLES,
    PREVIEWS,
    TABLES,
    add_column,
    checkpoint,
    connect,
    database_errors,
    disk_errors,
    make_database,
)
from hashing.store.embedded.segments import SEGMENTS
from hashing.store.embedded.sums import SUM, write_sum

BEGUN = "index.begun"
"""The database of an index that is only being made."""


def create(folder: Path, new: NewIndex) -> None:
    """Make an empty index, complete or not at all.

    It is one once the database has its name: what a process that died before left in `folder` is
    made anew. Raises UsageError where `folder` holds anything else.
    """
    _refuse_taken(folder)
    model = new.model.absolute()
    generation = Generation(
        number=0,
        uuid=str(uuid4()),
        published=now(),
        bits=new.bits,
        lengths=new.lengths,
        fingerprint=new.fingerprint,
        model=str(model),
        model_beside=Path(os.path.relpath(model, folder.absolute())).as_posix(),
        columns={name: kind.__name__ for name, kind in new.columns.items()},
        unfinished=new.unfinished,
        roles={**default_roles(new.columns), **new.roles},
        words=words.VERSION,
        previews_known=True,
        features=new.features,
    )
    with disk_errors(folder):
        folder.mkdir(parents=True, exist_ok=True)
        with writer_lock(folder):
            _refuse_taken(folder)  # again, for another process may have been faster
            try:
                _make(folder, generation)
            finally:
                _delete_begun(folder)
        sync_folder(folder.parent)


def delete_index(folder: Path) -> None:
    """Delete an index that nobody writes; other files that lie in its folder stay.

    A process may die anywhere in here. Until the database has lost its name it is an index still,
    whose segments are made of its rows; then what is left is what `create` makes anew.
    """
    if not folder.is_dir():
        return
    with writer_lock(folder):
        database, *of_sqlite = _files(DATABASE)
        segments = (folder / SEGMENTS).glob("*.seg")
        for path in (*segments, folder / SUM, *(folder / name for name in of_sqlite)):
            delete(path)
        sync_folder(folder)
        delete(folder / database)
        sync_folder(folder)
        _delete_begun(folder)
        delete(folder / LOCK)  # while it is ours: afterwards it may be another's
    if os.name == "nt":  # where it cannot be deleted while anybody has it open
        delete(folder / LOCK)
    for path in (folder / SEGMENTS, folder):
        with suppress(OSError):  # not there, or it holds something else
            path.rmdir()


def _make(folder: Path, generation: Generation) -> None:
    _delete_begun(folder)
    (folder / SEGMENTS).mkdir(exist_ok=True)
    begun = folder / BEGUN
    features = FEATURE_TABLES if generation.features else ""
    make_database(folder / PREVIEWS, PREVIEW_TABLES + features)
    make_database(begun, TABLES)
    with closing(connect(begun, write=True)) as db, database_errors(begun):
        for name, kind in generation.columns.items():
            add_column(db, name, kind)
        write_generation(db, generation)
        checkpoint(db)
    sync_folder(folder)
    begun.rename(folder / DATABASE)
    sync_folder(folder)
    write_sum(folder, generation.number, settled=True)


def _refuse_taken(folder: Path) -> None:
    """Raise UsageError for anything but an empty folder and an index that was never finished."""
    if folder.is_dir() and not any(entry for entry in folder.rglob("*") if not _is_begun(entry)):
        return
    if folder.exists():
        raise UsageError(
            f"{folder} exists already: use add to put more into it, or name another place"
        )


def _is_begun(entry: Path) -> bool:
    """Whether only an index that was never finished has this file or folder."""
    return entry.name in {LOCK, SEGMENTS, *_files(BEGUN), *_files(PREVIEWS)}


def _delete_begun(folder: Path) -> None:
    if not (folder / DATABASE).exists():
        for name in (*_files(BEGUN), *_files(PREVIEWS)):
            delete(folder / name)


def _files(database: str) -> list[str]:
    """All files that SQLite makes for one database."""
    return [database + suffix for suffix in ("", "-wal", "-shm", "-journal")]
