"""A check of everything an index consists of, and the repair of what its rows can give again."""

import json
import sqlite3
import zlib
from contextlib import closing
from pathlib import Path

from hashing.errors import ArtefactError
from hashing.store.embedded import changes
from hashing.store.embedded.checks import check_rows
from hashing.store.embedded.generation import Generation, read_generation
from hashing.store.embedded.publication import publication
from hashing.store.embedded.rows import BadRowError
from hashing.store.embedded.schema import (
    DATABASE,
    PREVIEWS,
    can_write,
    connect,
    damaged,
    database_errors,
)
from hashing.store.embedded.segments import SEGMENTS, BadSegmentError, open_segment


def verify(folder: Path) -> list[str]:
    """Check every byte that counts; returns one line for each thing found and repaired.

    Raises ArtefactError where rows or previews are damaged, which nothing can give again, or where
    the folder cannot be written to.
    """
    generation = _check_database(folder)
    _check_previews(folder, generation)
    faults = _segment_faults(folder, generation)
    if faults and not can_write(folder):
        raise ArtefactError(f"{folder} cannot be written to repair: " + "; ".join(faults.values()))
    if faults:
        with publication(folder) as draft:
            for name in faults:
                changes.rebuild_segment(draft, name)
    return [f"{fault}: rebuilt from the rows" for fault in faults.values()]


def _check_database(folder: Path) -> Generation:
    path = folder / DATABASE
    with closing(connect(path)) as db, database_errors(path):
        db.execute("BEGIN")
        generation = read_generation(db, folder)
        try:
            check_rows(db, generation)
        except BadRowError as error:
            raise damaged(path, str(error)) from error
        _check_structure(db, path)
        return generation


def _check_previews(folder: Path, generation: Generation) -> None:
    path = folder / PREVIEWS
    with closing(connect(path)) as db, database_errors(path):
        _check_structure(db, path)
        count = 0
        rows = db.execute(
            "SELECT id, jpeg, crc32 FROM previews "
            "WHERE id < ? AND id NOT IN (SELECT value FROM json_each(?))",
            (generation.next_id, json.dumps(generation.forgotten)),
        )
        for item, jpeg, crc32 in rows:
            count += 1
            if zlib.crc32(jpeg) != crc32:
                raise damaged(path, f"the preview of item {item} does not match its checksum")
    if count != generation.previews:
        raise damaged(path, f"{count} previews are there, {generation.previews} were written")


def _check_structure(db: sqlite3.Connection, path: Path) -> None:
    (found,) = db.execute("PRAGMA integrity_check(1)").fetchone()
    if found != "ok":
        raise damaged(path, found)


def _segment_faults(folder: Path, generation: Generation) -> dict[str, str]:
    faults = {}
    for record in generation.segments:
        try:
            open_segment(folder / SEGMENTS / record.name, record.bytes, record.digest).check()
        except BadSegmentError as error:
            faults[record.name] = f"segment {record.name}: {error}"
    return faults
