"""Questions to the tables, as of a generation: filters, words, facets and spans."""

import sqlite3
from collections import Counter
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
_ROWS = 1000
"""That are counted at once, while nobody else in the process computes."""
_COLUMNS = 500
"""Asked for their extremes at once: SQLite answers at most 2,000 values, of which they are two."""
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
    """For each column of at most `MAX_FACETS` values these and how many items carry each.

    All columns are counted in one pass: a query a column reads every row once more.
    """
    fields = list(generation.columns)
    if not fields:
        return {}
    counts: dict[str, Counter[Value]] = {field: Counter() for field in fields}
    rows = db.execute(
        f"SELECT {', '.join(map(column, fields))} FROM metadata WHERE {_LIVING}",
        (generation.next_id, generation.number),
    )
    while batch := rows.fetchmany(_ROWS):
        for field, values in zip(fields, zip(*batch, strict=True), strict=True):
            if len(counts[field]) <= MAX_FACETS + 1:  # nothing is one of them
                counts[field].update(values)
    facets = {}
    for field, counter in counts.items():
        del counter[None]
        _check_kinds(counter, generation, field)
        if len(counter) <= MAX_FACETS:
            found = sorted(counter.items(), key=lambda pair: (-pair[1], pair[0]))
            facets[field] = dict(found)
    return facets


def select_spans(
    db: sqlite3.Connection, generation: Generation
) -> dict[str, tuple[float, float] | None]:
    """Least and greatest number of each column of numbers; None where no item has one.

    They too are asked for together, as many as a query may answer.
    """
    fields = [field for field, kind in generation.columns.items() if kind != "str"]
    spans: dict[str, tuple[float, float] | None] = {}
    for start in range(0, len(fields), _COLUMNS):
        some = fields[start : start + _COLUMNS]
        asked = ", ".join(f"min({column(field)}), max({column(field)})" for field in some)
        found = db.execute(
            f"SELECT {asked} FROM metadata WHERE {_LIVING}",
            (generation.next_id, generation.number),
        ).fetchone()
        for field, low, high in zip(some, found[::2], found[1::2], strict=True):
            spans[field] = None if low is None else (low, high)
            _check_kinds(spans[field] or (), generation, field)
    return spans


def _check_kinds(values: Iterable[object], generation: Generation, field: str) -> None:
    kind = generation.columns[field]
    if not all(of_kind(value, kind) for value in values):
        raise BadRowError(f"the column {field} holds values of another type")
