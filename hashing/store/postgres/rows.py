"""Items as rows of the server, and back."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import islice

import numpy as np
from numpy.typing import NDArray

from hashing.codes import Codes
from hashing.errors import ArtefactError, InputError
from hashing.sources import Value
from hashing.store.contract import NewItem, NoItemError, StoredItem
from hashing.store.fields import check_features, checked, each_once
from hashing.store.postgres.server import Database
from hashing.store.postgres.state import State
from hashing.store.words import BETWEEN, item_words

BATCH = 10_000
PORTION = 1 << 22
"""Ids of which codes are fetched at once, some 30 bytes each."""
MOST_WORDS = 16_000
"""Of one item: the server tells no places beyond 16,383 apart."""
MOST_BYTES = (1 << 20) - 1
"""Of an item's words: the server's `tsvector` holds no more."""
LONGEST_FILE = 2_600
"""Bytes of a file's name: an entry of the server's index of files has at most 2,704."""
LONGEST_WORD = 2_046
"""Bytes of a word that the server keeps; nobody asks for a longer one."""

_BEGIN, _END = b"PGCOPY\n\xff\r\n\0" + bytes(8), b"\xff\xff"
"""What the server's binary format begins and ends with."""


def insert(db: Database, state: State, items: Iterable[NewItem]) -> NDArray[np.int64]:
    """Write new items with ids from `state.next_id`; returns the ids of all items given.

    One whose file and content are there already keeps its id. Raises InputError.
    """
    ids: list[int] = []
    next_id, source = state.next_id, iter(items)
    while batch := list(islice(source, BATCH)):
        rows = [_kept(item, state) for item in batch]
        for row in rows:
            check_features(row, state.features)
        there = _there(db, rows)
        new: list[tuple[int, NewItem]] = []
        for row in rows:
            item_id = there.setdefault((row.file, row.content), next_id)
            if item_id == next_id:
                new.append((item_id, row))
                next_id += 1
            ids.append(item_id)
        _copy_in(db, state, new)
    return np.array(ids, np.int64)


def read_items(db: Database, state: State, ids: Sequence[int]) -> list[StoredItem]:
    """The items of these ids in this order; they are there."""
    names = list(state.columns)
    columns = "".join(f", {state.column(name)}" for name in names)
    rows = db.execute(
        f"SELECT id, file, content{columns} FROM items WHERE id = ANY(%s::bigint[])", [list(ids)]
    )
    found = {
        item: StoredItem(
            item,
            file,
            bytes(content),
            {name: v for name, v in zip(names, values, strict=True) if v is not None},
        )
        for item, file, content, *values in rows
    }
    return [found[item] for item in ids]


def read_codes_of(db: Database, ids: NDArray[np.int64], bits: int) -> Codes:
    """The codes of these ids in their order; they are there."""
    unique, place = np.unique(ids, return_inverse=True)
    rows = db.execute(
        "SELECT code FROM items WHERE id = ANY(%s::bigint[]) ORDER BY id",
        [unique.tolist()],
        binary=True,
    )
    return as_codes(b"".join(code for (code,) in rows), len(unique), bits)[place]


def read_features(db: Database, ids: NDArray[np.int64], count: int) -> NDArray[np.float16]:
    """The features `[n, count]` of these ids in their order; they are there."""
    unique, place = np.unique(ids, return_inverse=True)
    rows = db.execute(
        "SELECT numbers FROM features WHERE id = ANY(%s::bigint[]) ORDER BY id",
        [unique.tolist()],
        binary=True,
    )
    numbers = np.frombuffer(b"".join(row for (row,) in rows), "<f2")
    return numbers.reshape(len(unique), count)[place]


def read_codes(db: Database, first: int, end: int, bits: int) -> tuple[NDArray[np.int64], Codes]:
    """Ids, ascending, and codes of all rows of a range of ids, those of removed items too."""
    query = "COPY (SELECT id, code FROM items WHERE id >= {} AND id < {} ORDER BY id) TO STDOUT"
    with (
        db.cursor() as cursor,
        cursor.copy(query.format(int(first), int(end)) + " (FORMAT binary)") as copy,
    ):
        raw = b"".join(bytes(part) for part in copy)
    row = np.dtype(
        [("fields", ">i2"), ("n", ">i4"), ("id", ">i8"), ("m", ">i4"), ("code", "u1", bits // 8)]
    )
    parts = raw[len(_BEGIN) : -len(_END)]
    if len(parts) % row.itemsize:
        raise _strange_codes(bits)
    rows = np.frombuffer(parts, row)
    if (rows["m"] != bits // 8).any():
        raise _strange_codes(bits)
    return rows["id"].astype(np.int64), Codes(np.ascontiguousarray(rows["code"]), bits)


def as_codes(joined: bytes, count: int, bits: int) -> Codes:
    """So many codes as they were written, one behind the other. Raises ArtefactError."""
    if len(joined) != count * (bits // 8):
        raise _strange_codes(bits)
    return Codes(np.frombuffer(joined, np.uint8).reshape(count, bits // 8), bits)


def _strange_codes(bits: int) -> ArtefactError:
    return ArtefactError(
        f"expected codes of {bits} bits on the server, found others: restore the index from a "
        "backup or build it again"
    )


def read_blob(db: Database, statement: str, key: object) -> bytes | None:
    """The one value that a statement finds by a key, None where it finds none."""
    row = db.execute(statement, [key], binary=True).fetchone()
    return None if row is None else bytes(row[0])


def change(db: Database, state: State, items: Iterable[StoredItem]) -> list[int]:
    """Give living items other files and fields, and return their ids.

    Raises InputError where one is not there or twice, or another has its file and content already.
    """
    names = list(state.columns)
    sets = "".join(f", {state.column(name)} = %s" for name in names)
    some = list(each_once(items))
    found = db.execute(
        "SELECT id, file, content FROM items WHERE removed IS NULL AND id = ANY(%s::bigint[])",
        [[item.id for item in some]],
    )
    former = {item: (file, bytes(content)) for item, file, content in found}
    changed: list[NewItem] = []
    for item in some:
        if item.id not in former:
            raise NoItemError(f"there is no item {item.id} in the index")
        if item.content != former[item.id][1]:
            raise InputError(f"expected the content of item {item.id}, found another")
        code = bytes(state.bits // 8)  # stays what it is
        changed.append(_kept(NewItem(item.file, item.fields, code, item.content), state))
    # until all have their new files they leave the unique index: one may have another's former file
    moved = [item.id for item in some if item.file != former[item.id][0]]
    db.execute("UPDATE items SET removed = 0 WHERE id = ANY(%s::bigint[])", [moved])
    there = _there(db, changed)
    values: list[list[object]] = []
    for item, row in zip(some, changed, strict=True):
        if (other := there.setdefault((row.file, row.content), item.id)) != item.id:
            raise InputError(
                f"{row.file}: expected a file for item {item.id} that no item of the same content "
                f"has, found item {other}: leave its file as it is, or remove one of the two"
            )
        words = _words(row.fields, state.role_columns)
        values.append([row.file, words, *(row.fields.get(name) for name in names), item.id])
    with db.cursor() as cursor:
        cursor.executemany(
            f"UPDATE items SET file = %s, removed = NULL, words = %s::tsvector{sets} WHERE id = %s",
            values,
        )
    return sorted(former)


def rewrite_words(db: Database, state: State) -> None:
    """Make the words of all items anew, as this version splits them."""
    ids = [item for (item,) in db.execute("SELECT id FROM items ORDER BY id")]
    for first in range(0, len(ids), BATCH):
        some = read_items(db, state, ids[first : first + BATCH])
        with db.cursor() as cursor:
            cursor.executemany(
                "UPDATE items SET words = %s::tsvector WHERE id = %s",
                [(_words(item.fields, state.role_columns), item.id) for item in some],
            )


def _kept(item: NewItem, state: State) -> NewItem:
    """The item as this index keeps it. Raises InputError."""
    item = checked(item, state.bits, state.columns)
    if (length := len(item.file.encode())) > LONGEST_FILE:
        raise InputError(
            f"{item.file[:80]}…: expected a file name of at most {LONGEST_FILE:,} bytes on "
            f"PostgreSQL, found {length:,}: shorten it, or keep the index in a folder"
        )
    return item


def _there(db: Database, rows: Sequence[NewItem]) -> dict[tuple[str, bytes], int]:
    """The ids of living items by file and content, of those among `rows`."""
    found = db.execute(
        "SELECT file, content, id FROM items WHERE removed IS NULL AND file = ANY(%s::text[])",
        [[row.file for row in rows]],
    )
    return {(file, bytes(content)): item for file, content, item in found}


def _copy_in(db: Database, state: State, rows: Sequence[tuple[int, NewItem]]) -> None:
    names = list(state.columns)
    columns = "".join(f", {state.column(name)}" for name in names)
    with (
        db.cursor() as cursor,
        cursor.copy(f"COPY items (id, file, content, code, words{columns}) FROM STDIN") as copy,
    ):
        for item, row in rows:
            words = _words(row.fields, state.role_columns)
            values = (row.fields.get(name) for name in names)
            copy.write_row([item, row.file, row.content, row.code, words, *values])
    with db.cursor() as cursor, cursor.copy("COPY previews (id, jpeg) FROM STDIN") as copy:
        for item, row in rows:
            if row.preview is not None:
                copy.write_row([item, row.preview])
    if not state.features:
        return
    with db.cursor() as cursor, cursor.copy("COPY features (id, numbers) FROM STDIN") as copy:
        for item, row in rows:
            copy.write_row([item, row.features])


def _words(fields: Mapping[str, Value], roles: Mapping[str, str]) -> str:
    """The words of an item as the server's `tsvector`, those that name it with weight A."""
    naming, others = (text.split(" ") for text in item_words(fields, roles))
    placed = [*((word, "A") for word in naming), (BETWEEN, ""), *((word, "") for word in others)]
    return " ".join(_lexemes(placed[:MOST_WORDS]))


def _lexemes(words: Sequence[tuple[str, str]]) -> Iterator[str]:
    """The words with their places, until the server could hold no more of them."""
    left = MOST_BYTES
    for place, (word, weight) in enumerate(words, 1):
        length = len(word.encode())
        if word not in ("", BETWEEN) and length <= LONGEST_WORD:
            left -= length + 6  # its place, how many places it has, and a gap between words
            if left < 0:
                return
            yield f"'{word}':{place}{weight}"
