"""Features in half precision, in the file of previews: whoever searches by codes never reads it.

Like previews they are published before their items are, and may only ever be too many.
"""

import json
import sqlite3
import zlib
from collections.abc import Iterable

import numpy as np
from numpy.typing import NDArray

from hashing.store.contract import NewItem
from hashing.store.embedded.generation import Generation
from hashing.store.embedded.schema import BadRowError


def insert_features(db: sqlite3.Connection, items: Iterable[tuple[int, NewItem]]) -> None:
    """Write the features of items under their ids."""
    rows = ((item, row.features, _sum(item, row.features or b"")) for item, row in items)
    db.executemany("INSERT INTO features (id, numbers, crc32) VALUES (?, ?, ?)", rows)


def read_features(
    db: sqlite3.Connection, ids: NDArray[np.int64], count: int
) -> NDArray[np.float16]:
    """The features `[n, count]` of ids in their order, checked. Raises BadRowError."""
    unique, place = np.unique(ids, return_inverse=True)
    rows = db.execute(
        "SELECT id, numbers, crc32 FROM features WHERE id IN (SELECT value FROM json_each(?)) "
        "ORDER BY id",
        (json.dumps(unique.tolist()),),
    )
    found = [_checked(row, count) for row in rows]
    if len(found) != len(unique):
        raise BadRowError(f"of {len(unique)} items {len(unique) - len(found)} have no features")
    numbers = np.frombuffer(b"".join(found), "<f2").reshape(len(unique), count)
    return numbers if np.array_equal(unique, ids) else numbers[place]


def check_features(db: sqlite3.Connection, generation: Generation) -> None:
    """Compare all features with their checksums and their number. Raises BadRowError."""
    if not generation.features:
        return
    rows = db.execute(
        "SELECT id, numbers, crc32 FROM features "
        "WHERE id < ? AND id NOT IN (SELECT value FROM json_each(?))",
        (generation.next_id, json.dumps(generation.forgotten)),
    )
    found = sum(1 for row in rows if _checked(row, generation.features) is not None)
    if found != generation.rows:
        raise BadRowError(f"{found} items have features, {generation.rows} were written")


def forget_features(db: sqlite3.Connection, generation: Generation) -> None:
    """Delete those of items that were dropped, or never came to be published."""
    if generation.features:
        db.execute(
            "DELETE FROM features WHERE id >= ? OR id IN (SELECT value FROM json_each(?))",
            (generation.next_id, json.dumps(generation.forgotten)),
        )


def _checked(row: tuple[int, bytes, int], count: int) -> bytes:
    item, numbers, crc32 = row
    whole = isinstance(numbers, bytes) and len(numbers) == 2 * count
    if not whole or _sum(item, numbers) != crc32:
        raise BadRowError(f"the features of item {item} do not match their checksum")
    return numbers


def _sum(item: int, numbers: bytes) -> int:
    """A checksum that is another one under another id."""
    return zlib.crc32(numbers, item & 0xFFFFFFFF)
