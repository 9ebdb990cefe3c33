"""Questions to the tables, as of a generation: filters, words, facets and spans."""

import sqlite3
from collections.abc import Iterable
from functools import partial

import numpy as np
from numpy.typing import NDArray

from hashing.filters import Filter, check
from hashing.sources import Value
from hashing.store.embedded.conditions import to_sqlite
from hashing.store.embedded.generation import Generation
from hashing.store.embedded.rows import of_kind
from hashing.store.embedded.schema import BadRowError, column
from hashing.store.fields import FILE, PYTHON_TYPES, filterable
from hashing.store.words import phrases, rank_of, words_of

MAX_FACETS = 5000
"""Creators of a large collection; nobody chooses from a column of more values."""
_AT_ONCE = 1 << 24
"""Ids that are asked for at once: their text stays far below SQLite's limit."""
_LIVING = "id < ? AND id NOT IN (SELECT id FROM removals WHERE generation <= ?)"


def select_ids(db: sqlite3.Connection, generation: Generation, where: Filter) -> NDArray[np.int64]:
    """Ids of the living items that a filter keeps, ascending."""
    types = {name: PYTHON_TYPES[kind] for name, kind in generation.columns.items()}
    check(where, filterable(types))
    condition, values = to_sqlite(where, partial(_column, generation))
    statement = (
        f"SELECT group_concat(id) FROM metadata WHERE ({condition}) AND {_LIVING} "
        "AND id >= ? AND id < ?"
    )
    parts = [np.empty(0, np.int64)]
    for first in range(0, generation.next_id, _AT_ONCE):
        bounds = generation.next_id, generation.number, first, first + _AT_ONCE
        (text,) = db.execute(statement, (*values, *bounds)).fetchone()
        # one long text is read twice as fast as so many rows
        parts.append(np.fromstring(text or "", np.int64, sep=","))
    return np.sort(np.concatenate(parts))


def _column(generation: Generation, field: str) -> str:
    if field == FILE and FILE not in generation.columns:
        return "(SELECT file FROM items WHERE items.id = metadata.id)"
    return column(field)


def select_contents(
    db: sqlite3.Connection, generation: Generation, files: Iterable[str]
) -> list[dict[bytes, int]]:
    """For each file the content digests of the living items of that name, the first id of each.

    All items are read: an index of the names would make every `add` slower for this one question.
    """
    wanted = list(files)
    contents: dict[str, dict[bytes, int]] = {file: {} for file in wanted}
    rows = db.execute(
        f"SELECT file, content, id FROM items WHERE {_LIVING} ORDER BY id",
        (generation.next_id, generation.number),
    )
    for file, content, item_id in rows:
        if file in contents:
            contents[file].setdefault(content, item_id)
    return [contents[file] for file in wanted]


def count_files(db: sqlite3.Connection, generation: Generation) -> int:
    """How many different files the living items have."""
    (count,) = db.execute(
        f"SELECT count(DISTINCT file) FROM items WHERE {_LIVING}",
        (generation.next_id, generation.number),
    ).fetchone()
    return int(count)


def select_words(db: sqlite3.Connection, generation: Generation, text: str) -> NDArray[np.int64]:
    """Ids of the living items that have all words of `text`, best first; none where it has none.

    Each phrase is quoted: nothing of it is syntax.
    """
    asked = phrases(text)
    if not asked:
        return np.empty(0, np.int64)
    match = " ".join(f'"{" ".join(phrase.words)}"' + "*" * phrase.begins for phrase in asked)
    rows = db.execute(
        f"SELECT rowid AS id, * FROM words WHERE words MATCH ? AND {_LIVING}",
        (match, generation.next_id, generation.number),
    )
    # in the table of earlier versions lie the texts themselves
    split = str.split if generation.words else words_of
    ranked = sorted((*rank_of(asked, split(naming or "")), item) for item, naming, _ in rows)
    return np.array([item for _, _, item in ranked], np.int64)


def select_facets(db: sqlite3.Connection, generation: Generation) -> dict[str, dict[Value, int]]:
    """For each column of at most `MAX_FACETS` values these and how many items carry each."""
    facets = {}
    for field in generation.columns:
        name = column(field)
        rows = db.execute(
            f"SELECT {name}, count(*) FROM metadata WHERE {name} IS NOT NULL AND {_LIVING} "
            f"GROUP BY 1 ORDER BY 2 DESC, 1 LIMIT {MAX_FACETS + 1}",
            (generation.next_id, generation.number),
        ).fetchall()
        _check_kinds((row[0] for row in rows), generation, field)
        if len(rows) <= MAX_FACETS:
            facets[field] = dict(rows)
    return facets


def select_span(
    db: sqlite3.Connection, generation: Generation, field: str
) -> tuple[float, float] | None:
    """Least and greatest number of a column; None where no item has one or it holds text."""
    if generation.columns.get(field, "str") == "str":
        return None
    name = column(field)
    low, high = db.execute(
        f"SELECT min({name}), max({name}) FROM metadata WHERE {_LIVING}",
        (generation.next_id, generation.number),
    ).fetchone()
    if low is None:
        return None
    _check_kinds((low, high), generation, field)
    return low, high


def _check_kinds(values: Iterable[object], generation: Generation, field: str) -> None:
    kind = generation.columns[field]
    if not all(of_kind(value, kind) for value in values):
        raise BadRowError(f"the column {field} holds values of another type")
