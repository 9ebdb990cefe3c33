"""Small pictures, in a file of their own: whoever searches never reads it.

It is published before the items are, and may only ever hold too many: previews of items that were
dropped, or that never came to be, are deleted by the next publication.
"""

import json
import sqlite3
import zlib
from collections.abc import Iterable

from hashing.store.embedded.digests import NO_PREVIEW, preview_sum
from hashing.store.embedded.generation import Generation
from hashing.store.embedded.schema import BadRowError


def insert_previews(db: sqlite3.Connection, previews: Iterable[tuple[int, bytes]]) -> None:
    """Write previews under the ids of their items."""
    rows = ((item, jpeg, zlib.crc32(jpeg)) for item, jpeg in previews)
    db.executemany("INSERT INTO previews (id, jpeg, crc32) VALUES (?, ?, ?)", rows)


def read_preview(db: sqlite3.Connection, item: int, recorded: int | None) -> bytes | None:
    """The preview of an item, checked, None where none was kept. Raises BadRowError.

    recorded: its checksum as the item's row has it (`preview_sum`), None where that says nothing.
    """
    row = db.execute("SELECT id, jpeg, crc32 FROM previews WHERE id = ?", (item,)).fetchone()
    jpeg = None if row is None else _checked(*row)
    _compare(item, preview_sum(jpeg), recorded)
    return jpeg


def check_previews(
    db: sqlite3.Connection, generation: Generation, recorded: Iterable[tuple[int, int | None]]
) -> None:
    """Compare all previews with their checksums and with the rows of their items.

    recorded: id and checksum of every item, ascending. Raises BadRowError.
    """
    rows = db.execute(
        "SELECT id, jpeg, crc32 FROM previews "
        "WHERE id < ? AND id NOT IN (SELECT value FROM json_each(?)) ORDER BY id",
        (generation.next_id, json.dumps(generation.forgotten)),
    )
    found = ((row[0], preview_sum(_checked(*row))) for row in rows)
    count, here = 0, next(found, None)
    for item, crc32 in recorded:
        while here is not None and here[0] < item:  # of no item
            count, here = count + 1, next(found, None)
        there = here is not None and here[0] == item
        _compare(item, here[1] if there and here else NO_PREVIEW, crc32)
        if there:
            count, here = count + 1, next(found, None)
    count += (here is not None) + sum(1 for _ in found)
    if count != generation.previews:
        raise BadRowError(f"{count} previews are there, {generation.previews} were written")


def count_previews(db: sqlite3.Connection, ids: list[int]) -> int:
    """How many of these items have a preview."""
    among = "SELECT count(*) FROM previews WHERE id IN (SELECT value FROM json_each(?))"
    (count,) = db.execute(among, (json.dumps(ids),)).fetchone()
    return int(count)


def forget_previews(db: sqlite3.Connection, generation: Generation) -> None:
    """Delete previews whose items were dropped, or never came to be published."""
    db.execute(
        "DELETE FROM previews WHERE id >= ? OR id IN (SELECT value FROM json_each(?))",
        (generation.next_id, json.dumps(generation.forgotten)),
    )


def _compare(item: int, found: int, recorded: int | None) -> None:
    if recorded not in (None, found):
        what = "missing" if found == NO_PREVIEW else "not the one that was kept"
        raise BadRowError(f"the preview of item {item} is {what}")


def _checked(item: int, jpeg: bytes, crc32: int) -> bytes:
    if not isinstance(jpeg, bytes) or zlib.crc32(jpeg) != crc32:
        raise BadRowError(f"the preview of item {item} does not match its checksum")
    return jpeg
