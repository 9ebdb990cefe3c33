"""A check of everything an index consists of, and the repair of what its rows can give again."""

import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from hashing.errors import ArtefactError
from hashing.store.embedded import changes
from hashing.store.embedded.checks import check_rows, read_checked_removals
from hashing.store.embedded.features import check_features
from hashing.store.embedded.generation import Generation, read_generation
from hashing.store.embedded.previews import check_previews
from hashing.store.embedded.publication import publication
from hashing.store.embedded.rows import read_all
from hashing.store.embedded.schema import (
    DATABASE,
    PREVIEWS,
    can_write,
    connect,
    damaged,
    database_errors,
)
from hashing.store.embedded.segments import SEGMENTS, BadSegmentError, open_segment
from hashing.store.embedded.snapshot import refuse_other
from hashing.store.embedded.sums import recorded_generation, refuse_older


def verify(folder: Path) -> list[str]:
    """Check every byte that counts; returns one line for each thing found and repaired.

    Raises ArtefactError where rows or previews are damaged, which nothing can give again, or where
    the folder cannot be written to.
    """
    generation, removed = _check_rows(folder)
    faults = _segment_faults(folder, generation, removed)
    if faults:
        with closing(connect(folder / DATABASE)) as db:
            faults = _still_named(faults, read_generation(db, folder))
    if not faults:
        return []
    if not can_write(folder):
        raise ArtefactError(f"{folder} cannot be written to repair: " + "; ".join(faults.values()))
    with publication(folder) as draft:
        faults = _still_named(faults, draft.generation)
        for name in faults:
            changes.rebuild_segment(draft, name)
    return [f"{fault}: rebuilt from the rows" for fault in faults.values()]


def _check_rows(folder: Path) -> tuple[Generation, NDArray[np.int64]]:
    """The generation whose rows were found sound, and ids of its removed items."""
    recorded = recorded_generation(folder)
    with _opened(folder / DATABASE) as db, _opened(folder / PREVIEWS) as previews:
        generation = _begin(folder, db, previews)
        refuse_older(folder, generation.number, recorded)
        with database_errors(folder / DATABASE):
            check_rows(db, generation)
        recorded_previews = ((row.item.id, row.preview) for row in read_all(db, generation))
        check_previews(previews, generation, recorded_previews)
        check_features(previews, generation)
        return generation, read_checked_removals(db, generation)


@contextmanager
def _opened(path: Path) -> Iterator[sqlite3.Connection]:
    """A database, its structure checked at the end."""
    with closing(connect(path)) as db, database_errors(path):
        yield db
        (found,) = db.execute("PRAGMA integrity_check(1)").fetchone()
        if found != "ok":
            raise damaged(path, found)


def _begin(folder: Path, db: sqlite3.Connection, previews: sqlite3.Connection) -> Generation:
    """Begin to read both databases in states that go together; returns their generation.

    Previews are published first and deleted by the publication after the one that drops their
    items, so theirs may be one publication ahead, but not two.
    """
    while True:
        db.execute("BEGIN")
        before = read_generation(db, folder)
        previews.execute("BEGIN")
        previews.execute("SELECT count(*) FROM sqlite_schema").fetchone()  # from here on it stays
        db.rollback()
        db.execute("BEGIN")
        generation = read_generation(db, folder)
        if generation.number == before.number:
            return generation
        db.rollback()
        previews.rollback()


def _segment_faults(
    folder: Path, generation: Generation, removed: NDArray[np.int64]
) -> dict[str, str]:
    faults = {}
    for record in generation.segments:
        try:
            path = folder / SEGMENTS / record.name
            codes = open_segment(path, record.bytes, record.digest).read()
            refuse_other(codes, record, generation.bits, removed)
        except BadSegmentError as error:
            faults[record.name] = f"segment {record.name}: {error}"
    return faults


def _still_named(faults: dict[str, str], generation: Generation) -> dict[str, str]:
    """Those of segments that a writer did not merge or drop meanwhile."""
    names = {record.name for record in generation.segments}
    return {name: fault for name, fault in faults.items() if name in names}
