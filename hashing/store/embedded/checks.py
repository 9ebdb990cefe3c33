"""Whether the tables are what was written: by the file's checksum, else by every row's digest."""

import sqlite3
from itertools import islice

import numpy as np
from numpy.typing import NDArray

from hashing.codes import Codes
from hashing.store.embedded.digests import ITEM_MODULUS
from hashing.store.embedded.generation import Generation, SegmentRecord
from hashing.store.embedded.rows import (
    BATCH,
    insert_metadata,
    insert_words,
    read_all,
    read_codes,
    read_extra,
    read_removals,
)
from hashing.store.embedded.schema import (
    REMOVALS_TABLE,
    TABLES,
    WORDS_TABLE,
    BadRowError,
    add_column,
    column,
)


def check_rows(db: sqlite3.Connection, generation: Generation) -> None:
    """Compare every row with its digest and all together with the sums. Raises BadRowError."""
    count = check = 0
    for row in read_all(db, generation):
        count += 1
        check += int.from_bytes(row.digest, "big")
    if count != generation.rows or check % ITEM_MODULUS != generation.items_check:
        raise BadRowError(f"{count} items are there, {generation.rows} were written")
    for record in generation.segments:
        read_segment_codes(db, record, generation.bits)
    read_checked_removals(db, generation)
    for name, recorded in generation.extras.items():
        read_extra(db, name, recorded)


def read_segment_codes(
    db: sqlite3.Connection, record: SegmentRecord, bits: int
) -> tuple[NDArray[np.int64], Codes]:
    """Ids and codes of a segment's range, known to be all of them. Raises BadRowError."""
    ids, codes, check = read_codes(db, record.first_id, record.next_id, bits)
    if len(ids) != record.rows or check != record.check:
        raise BadRowError(f"codes between items {record.first_id} and {record.next_id} are missing")
    return ids, codes


def read_checked_removals(db: sqlite3.Connection, generation: Generation) -> NDArray[np.int64]:
    """Ids of all removed items, known to be all of them. Raises BadRowError."""
    removed, check = read_removals(db)
    if len(removed) != generation.removed or check != generation.removals_check:
        raise BadRowError("the list of removed items does not match its digest")
    return removed


def verified_copy(db: sqlite3.Connection, generation: Generation) -> sqlite3.Connection:
    """The tables that filters, words and facets ask, in memory. Raises BadRowError."""
    check_rows(db, generation)
    copy = sqlite3.connect(":memory:", isolation_level=None, check_same_thread=False)
    try:
        _fill(copy, db, generation)
    except BaseException:
        copy.close()
        raise
    return copy


def _fill(copy: sqlite3.Connection, db: sqlite3.Connection, generation: Generation) -> None:
    copy.executescript(TABLES)
    for name, kind in generation.columns.items():
        add_column(copy, name, kind)
    items = (row.item for row in read_all(db, generation))
    while batch := list(islice(items, BATCH)):
        copy.executemany(
            "INSERT INTO items (id, file, content, digest) VALUES (?, ?, ?, x'')",
            [(i.id, i.file, i.content) for i in batch],
        )
        rows = [(item.id, item.fields) for item in batch]
        insert_metadata(copy, rows, generation.columns, generation.role_columns)
    copy.executemany("INSERT INTO removals VALUES (?, ?)", db.execute("SELECT * FROM removals"))


def words_copy(db: sqlite3.Connection, generation: Generation) -> sqlite3.Connection:
    """The words of all items and the marks of removal, in memory."""
    copy = sqlite3.connect(":memory:", isolation_level=None, check_same_thread=False)
    try:
        copy.execute(WORDS_TABLE)
        copy.execute(REMOVALS_TABLE)
        _fill_words(copy, db, generation)
        copy.executemany("INSERT INTO removals VALUES (?, ?)", db.execute("SELECT * FROM removals"))
    except BaseException:
        copy.close()
        raise
    return copy


def rebuild_words(db: sqlite3.Connection, generation: Generation) -> None:
    """Make the words of full-text search anew from the rows."""
    db.execute("DROP TABLE words")
    db.execute(WORDS_TABLE)
    _fill_words(db, db, generation)


def _fill_words(target: sqlite3.Connection, db: sqlite3.Connection, generation: Generation) -> None:
    names, roles = list(generation.columns), generation.role_columns
    cursor = db.execute(f"SELECT {', '.join(['id', *map(column, names)])} FROM metadata")
    while rows := cursor.fetchmany(BATCH):
        pairs = ((row[0], dict(zip(names, row[1:], strict=True))) for row in rows)
        fields = [(i, {k: v for k, v in row.items() if v is not None}) for i, row in pairs]
        insert_words(target, fields, roles)
