"""Rows of the tables: written once with their digests, checked whenever they are used."""

import json
import math
import sqlite3
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from hashing.codes import Codes
from hashing.errors import UsageError
from hashing.sources import Value
from hashing.store.contract import NewItem, StoredItem
from hashing.store.embedded.digests import (
    CODE_MODULUS,
    code_check,
    code_digests,
    extra_digest,
    item_digest,
    preview_sum,
    removals_check,
)
from hashing.store.embedded.generation import Generation
from hashing.store.embedded.schema import BadRowError, column
from hashing.store.fields import PYTHON_TYPES
from hashing.store.words import item_words

BATCH = 10_000
CONTENT_BYTES = 32


def insert_items(
    db: sqlite3.Connection,
    first_id: int,
    items: Sequence[NewItem],
    bits: int,
    columns: Mapping[str, str],
    roles: Mapping[str, str],
) -> int:
    """Write new items with ids from `first_id`; returns the sum of their digests."""
    ids = range(first_id, first_id + len(items))
    pairs = list(zip(ids, items, strict=True))
    previews = [preview_sum(row.preview) for row in items]
    digests = [
        item_digest(i, row.file, row.content, row.code, row.fields, preview)
        for (i, row), preview in zip(pairs, previews, strict=True)
    ]
    packed = np.frombuffer(b"".join(row.code for row in items), np.uint8)
    checks = code_digests(
        np.array(ids, np.int64), Codes(packed.reshape(len(items), bits // 8), bits)
    )
    _insert(
        db,
        "items (id, file, content, digest, preview)",
        [
            (i, row.file, row.content, *rest)
            for (i, row), *rest in zip(pairs, digests, previews, strict=True)
        ],
    )
    _insert(
        db,
        "codes (id, code, digest)",
        [(i, row.code, check) for (i, row), check in zip(pairs, checks.tolist(), strict=True)],
    )
    insert_metadata(db, [(i, row.fields) for i, row in pairs], columns, roles)
    return sum(int.from_bytes(digest, "big") for digest in digests)


def insert_metadata(
    db: sqlite3.Connection,
    rows: Sequence[tuple[int, Mapping[str, Value]]],
    columns: Mapping[str, str],
    roles: Mapping[str, str],
) -> None:
    """Write the fields of items, and their words for full-text search."""
    _insert(
        db,
        f"metadata ({', '.join(['id', *map(column, columns)])})",
        [(i, *(fields.get(name) for name in columns)) for i, fields in rows],
    )
    insert_words(db, rows, roles)


def insert_words(
    db: sqlite3.Connection,
    rows: Iterable[tuple[int, Mapping[str, Value]]],
    roles: Mapping[str, str],
) -> None:
    """Write the words of items for full-text search."""
    words = [(i, *item_words(fields, roles)) for i, fields in rows if fields]
    _insert(db, "words (rowid, naming, others)", words)


def read_codes_of(db: sqlite3.Connection, ids: NDArray[np.int64], bits: int) -> Codes:
    """The codes of ids in their order, checked. Raises BadRowError."""
    unique, place = np.unique(ids, return_inverse=True)
    rows = db.execute(
        "SELECT id, digest, code FROM codes WHERE id IN (SELECT value FROM json_each(?)) "
        "ORDER BY id",
        (json.dumps(unique.tolist()),),
    ).fetchall()
    found, codes, _ = _checked_codes(rows, bits)
    if len(found) != len(unique):
        raise BadRowError(f"code {np.setdiff1d(unique, found)[0]} is missing")
    return codes[place]


class Row(NamedTuple):
    """An item as it lies in the tables; preview: `preview_sum`, None where an earlier row."""

    item: StoredItem
    digest: bytes
    preview: int | None


def read_items(db: sqlite3.Connection, ids: Sequence[int], generation: Generation) -> list[Row]:
    """The rows of these ids in this order, checked. Raises BadRowError."""
    chosen = "id IN (SELECT value FROM json_each(?))"
    found = {row.item.id: row for row in _select(db, generation, chosen, (json.dumps(ids),))}
    for item_id in ids:
        if item_id not in found:
            raise BadRowError(f"item {item_id} is missing")
    return [found[item_id] for item_id in ids]


def read_all(db: sqlite3.Connection, generation: Generation) -> Iterator[Row]:
    """Every row in order of id, checked. Raises BadRowError."""
    return _select(db, generation, "TRUE", ())


def read_codes(
    db: sqlite3.Connection, first_id: int, next_id: int, bits: int
) -> tuple[NDArray[np.int64], Codes, int]:
    """Ids, codes and the sum of their digests of a range of ids, checked. Raises BadRowError."""
    inside, bounds = "FROM codes WHERE id >= ? AND id < ?", (first_id, next_id)
    (there,) = db.execute(f"SELECT count(*) {inside}", bounds).fetchone()
    cursor = db.execute(f"SELECT id, digest, code {inside} ORDER BY id", bounds)
    # Filled in place: in parts, ten million codes would need twice the memory. As large as what is
    # there, for the range is only what a file says.
    ids = np.empty(there, np.int64)
    packed = np.empty((len(ids), bits // 8), np.uint8)
    count = check = 0
    while rows := cursor.fetchmany(BATCH):
        part = slice(count, count + len(rows))
        if part.stop > len(ids):
            raise BadRowError(f"there are more codes than ids from {first_id} to {next_id}")
        ids[part], codes, digests = _checked_codes(rows, bits)
        packed[part] = codes.packed
        count += len(rows)
        check += digests
    return ids[:count], Codes(packed[:count], bits), check % CODE_MODULUS


def insert_removals(db: sqlite3.Connection, ids: NDArray[np.int64], generation: int) -> int:
    """Mark items as removed; returns the sum of the digests of the new marks."""
    _insert(db, "removals (id, generation)", [(item, generation) for item in ids.tolist()])
    return removals_check(ids, np.full(len(ids), generation, np.int64))


def read_removals(db: sqlite3.Connection) -> tuple[NDArray[np.int64], int]:
    """Ids of all removed items, ascending, and the sum of the digests of their marks."""
    rows = db.execute("SELECT id, generation FROM removals ORDER BY id").fetchall()
    with _sound():
        ids, generations = np.array(rows, np.int64).reshape(len(rows), 2).T
    return np.ascontiguousarray(ids), removals_check(ids, generations)


def read_extra(db: sqlite3.Connection, name: str, digest: str) -> bytes:
    """A named blob, checked. Raises BadRowError."""
    found = db.execute("SELECT value FROM extras WHERE name = ?", (name,)).fetchone()
    with _sound():
        value = b"".join(found)
    if extra_digest(value) != digest:
        raise BadRowError(f"{name} does not match its digest")
    return value


def _select(
    db: sqlite3.Connection, generation: Generation, condition: str, values: tuple[object, ...]
) -> Iterator[Row]:
    columns, kinds = list(generation.columns), generation.columns
    preview_column = "preview" if generation.previews_known else "NULL"
    names = "".join(f", {column(name)}" for name in columns)
    cursor = db.execute(
        f"SELECT id, file, content, items.digest, {preview_column}, code{names} FROM items "
        f"LEFT JOIN codes USING (id) LEFT JOIN metadata USING (id) WHERE {condition} ORDER BY id",
        values,
    )
    for item, file, content, digest, preview, code, *rest in cursor:
        pairs = zip(columns, rest, strict=True)
        fields = {name: value for name, value in pairs if value is not None}
        with _sound():
            expected = item_digest(item, file, content, code, fields, preview)
            known = isinstance(file, str) and len(content) == CONTENT_BYTES
        if digest != expected:
            raise BadRowError(f"item {item} does not match its digest")
        if not known or not all(of_kind(fields[name], kinds[name]) for name in fields):
            raise BadRowError(f"item {item} holds values of other types than its columns")
        yield Row(StoredItem(item, file, content, fields), digest, preview)


def _checked_codes(
    rows: Sequence[tuple[int, int, bytes]], bits: int
) -> tuple[NDArray[np.int64], Codes, int]:
    """Rows of (id, digest, code) as arrays, with the sum of their digests."""
    with _sound():
        ids, digests = np.array([row[:2] for row in rows], np.int64).reshape(len(rows), 2).T.copy()
        packed = np.frombuffer(b"".join([row[2] for row in rows]), np.uint8)
        codes = Codes(packed.reshape(len(rows), bits // 8), bits)
    wrong = np.flatnonzero(code_digests(ids, codes) != digests)
    if wrong.size:
        raise BadRowError(f"the code of item {ids[wrong[0]]} does not match its digest")
    return ids, codes, code_check(digests)


def of_kind(value: object, kind: str) -> bool:
    """Whether a value is what a column of this kind keeps: a stranger's may hold anything."""
    finite = not isinstance(value, float) or math.isfinite(value)
    return finite and type(value) is PYTHON_TYPES[kind]


@contextmanager
def _sound() -> Iterator[None]:
    """What is missing, or of a type that no column has, is a bad row too."""
    try:
        yield
    except (TypeError, ValueError, AttributeError, OverflowError, UsageError) as error:
        raise BadRowError(f"a row cannot be understood ({error})") from error


def _insert(db: sqlite3.Connection, target: str, rows: Sequence[tuple[object, ...]]) -> None:
    if rows:
        marks = ", ".join("?" * len(rows[0]))
        db.executemany(f"INSERT INTO {target} VALUES ({marks})", rows)
