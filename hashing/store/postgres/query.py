"""Questions to the rows, as of a publication: filters, words, facets and spans."""

from collections.abc import Iterable

import numpy as np
from numpy.typing import NDArray

from hashing.codes import Codes
from hashing.errors import ArtefactError
from hashing.filters import Filter, check
from hashing.sources import Value
from hashing.store.code_search import NEVER
from hashing.store.fields import filterable, keepable
from hashing.store.location import Location
from hashing.store.postgres.conditions import to_postgres
from hashing.store.postgres.rows import LONGEST_WORD, as_codes
from hashing.store.postgres.server import Database
from hashing.store.postgres.state import State
from hashing.store.slots import ABSENT, SLOTS, in_sql
from hashing.store.words import Phrase, phrases

MAX_FACETS = 5000
"""Creators of a large collection; nobody chooses from a column of more values."""

_AT_ONCE = 1 << 24
"""Ids that are asked for at once: their text stays far below the server's limit."""
PASSING = 1 << 18
"""Ids of a portion of what a filter keeps."""
_LIVING = "id < %s AND (removed IS NULL OR removed > %s)"


def select_ids(
    db: Database,
    state: State,
    where: Filter | None = None,
    *,
    among: NDArray[np.int64] | None = None,
) -> NDArray[np.int64]:
    """Ids of the living items, of all or of some, that a filter keeps, ascending."""
    condition, values = _condition(state, where)
    if among is not None:
        condition, values = f"{condition} AND id = ANY(%s::bigint[])", [*values, among.tolist()]
    statement = (
        f"SELECT string_agg(id::text, ',') FROM items WHERE {condition} AND {_LIVING} "
        "AND id >= %s AND id < %s"
    )
    parts = [np.empty(0, np.int64)]
    step = _AT_ONCE if among is None else state.next_id + 1
    for first in range(0, state.next_id, step):
        bounds = state.next_id, state.number, first, first + step
        ((text,),) = db.execute(statement, [*values, *bounds])
        # one long text is read twice as fast as so many rows
        parts.append(np.fromstring(text or "", np.int64, sep=","))
    return np.sort(np.concatenate(parts))


def select_page(
    db: Database, state: State, where: Filter | None, offset: int, limit: int
) -> tuple[NDArray[np.int64], int]:
    """Part of the living items that a filter keeps, in order of id, and how many these are."""
    condition, values = _condition(state, where)
    living = f"items WHERE {condition} AND {_LIVING}"
    bounds = [*values, state.next_id, state.number]
    rows = db.execute(
        f"SELECT id FROM {living} ORDER BY id OFFSET %s LIMIT %s", [*bounds, offset, limit]
    )
    ids = np.array([item for (item,) in rows], np.int64)
    if where is None:
        return ids, state.count
    ((total,),) = db.execute(f"SELECT count(*) FROM {living}", bounds)
    return ids, total


def select_some(
    db: Database, state: State, where: Filter, most: int
) -> tuple[NDArray[np.int64], Codes] | None:
    """Ids, ascending, and codes of the living items that a filter keeps; None for too many."""
    ids, codes = _select_codes(db, state, where, f"LIMIT {most + 1}")
    return (ids, codes) if len(ids) <= most else None


def select_passing(
    db: Database, state: State, where: Filter, first: int
) -> tuple[NDArray[np.int64], Codes]:
    """The same of the `PASSING` ids from `first` on."""
    return _select_codes(db, state, where, f"AND id >= {first} AND id < {first + PASSING}")


def _select_codes(
    db: Database, state: State, where: Filter, bounds: str
) -> tuple[NDArray[np.int64], Codes]:
    condition, values = _condition(state, where)
    ((text, codes, count),) = db.execute(
        "SELECT string_agg(id::text, ',' ORDER BY id), string_agg(code, ''::bytea ORDER BY id), "
        f"count(*) FROM (SELECT id, code FROM items WHERE {condition} AND {_LIVING} {bounds}) "
        "AS found",
        [*values, state.next_id, state.number],
        binary=True,
    )
    ids = np.fromstring(text or "", np.int64, sep=",")
    return ids, as_codes(codes or b"", count, state.bits)


def select_removed(
    db: Database, state: State, since: int, below: int
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Ids, ascending, of items that were removed after a publication, and by which."""
    rows = db.execute(
        "SELECT id, removed FROM items WHERE removed > %s AND removed <= %s AND id < %s "
        "ORDER BY id",
        [since, state.number, below],
    ).fetchall()
    table = np.array(rows, np.int64).reshape(len(rows), 2)
    return table[:, 0], table[:, 1]


def select_removals(db: Database, state: State, ids: NDArray[np.int64]) -> NDArray[np.int64]:
    """The publication that removed each of some rows, ascending ids, or `NEVER`."""
    removed = np.full(len(ids), NEVER, np.int64)
    if len(ids):
        rows = db.execute(
            "SELECT id, removed FROM items WHERE removed <= %s AND id BETWEEN %s AND %s",
            [state.number, int(ids[0]), int(ids[-1])],
        ).fetchall()
        table = np.array(rows, np.int64).reshape(len(rows), 2)
        table = table[np.isin(table[:, 0], ids)]
        removed[np.searchsorted(ids, table[:, 0])] = table[:, 1]
    return removed


def select_changed(db: Database, since: int, below: int) -> NDArray[np.int64]:
    """Ids, ascending, of rows that are there and whose fields were changed after a publication."""
    rows = db.execute(
        "SELECT id FROM changes JOIN items USING (id) WHERE number > %s AND id < %s ORDER BY id",
        [since, below],
    )
    return np.array([item for (item,) in rows], np.int64)


def select_slots(db: Database, state: State, ids: NDArray[np.int64]) -> NDArray[np.int32]:
    """The first fields of some rows as `slots.slot_of`, int32 `[n, SLOTS]`; ids ascend."""
    found = np.full((len(ids), SLOTS), ABSENT, np.int32)
    names = list(state.columns)[:SLOTS]
    if not names or not len(ids):
        return found
    slots = ", ".join(in_sql(state.column(name), state.kind(name)) for name in names)
    rows = db.execute(
        f"SELECT id, {slots} FROM items WHERE id = ANY(%s::bigint[]) ORDER BY id",
        [ids.tolist()],
        binary=True,
    ).fetchall()
    table = np.array(rows, np.int64).reshape(len(rows), 1 + len(names))
    found[np.searchsorted(ids, table[:, 0]), : len(names)] = table[:, 1:]
    return found


def count_rows(db: Database, state: State, first: int, end: int) -> tuple[int, int]:
    """How many rows there are in a range of ids, and how many of them are removed."""
    ((rows, removed),) = db.execute(
        "SELECT count(*), count(*) FILTER (WHERE removed <= %s) FROM items "
        "WHERE id >= %s AND id < %s",
        [state.number, first, end],
    )
    return rows, removed


def select_contents(db: Database, state: State, files: Iterable[str]) -> list[dict[bytes, int]]:
    """For each file the content digests of the living items of that name, the first id of each."""
    wanted = list(files)
    contents: dict[str, dict[bytes, int]] = {file: {} for file in wanted}
    rows = db.execute(
        f"SELECT file, content, id FROM items WHERE file = ANY(%s::text[]) AND {_LIVING} "
        "ORDER BY id",
        [list(filter(keepable, contents)), state.next_id, state.number],
    )
    for file, content, item_id in rows:
        contents[file].setdefault(bytes(content), item_id)
    return [contents[file] for file in wanted]


def count_files(db: Database, state: State) -> int:
    """How many different files the living items have."""
    ((count,),) = db.execute(
        f"SELECT count(DISTINCT file) FROM items WHERE {_LIVING}", [state.next_id, state.number]
    )
    return int(count)


def select_words(
    db: Database, state: State, text: str, where: Filter | None = None
) -> NDArray[np.int64]:
    """Ids of the living items that have all words of `text`, best first; none where it has none.

    where: only of those that it keeps.
    """
    condition, values = _condition(state, where)
    asked = phrases(text)
    longest = max((len(word.encode()) for phrase in asked for word in phrase.words), default=0)
    if not asked or longest > LONGEST_WORD:
        return np.empty(0, np.int64)
    query = " & ".join(map(_phrase, asked))
    # as `rank_of` orders them
    named = " + ".join(["(words @@ %s::tsquery)::int"] * len(asked))
    rows = db.execute(
        f"SELECT id FROM items WHERE words @@ %s::tsquery AND {condition} AND {_LIVING} "
        f"ORDER BY {named} DESC, length(ts_filter(words, '{{a}}')), id",
        [query, *values, state.next_id, state.number, *(_phrase(each, "A") for each in asked)],
    )
    return np.array([item for (item,) in rows], np.int64)


def select_facets(db: Database, state: State) -> dict[str, dict[Value, int]]:
    """For each column of at most `MAX_FACETS` values these and how many items carry each."""
    facets: dict[str, dict[Value, int]] = {}
    for field in state.columns:
        column = state.column(field)
        rows = db.execute(
            f"SELECT {column}, count(*) FROM items WHERE {column} IS NOT NULL AND {_LIVING} "
            f"GROUP BY 1 ORDER BY 2 DESC, 1 LIMIT {MAX_FACETS + 1}",
            [state.next_id, state.number],
        ).fetchall()
        if len(rows) <= MAX_FACETS:
            facets[field] = dict(rows)
    return facets


def select_span(db: Database, state: State, field: str) -> tuple[float, float] | None:
    """Least and greatest number of a column; None where no item has one or it holds text."""
    if state.columns.get(field, "str") == "str":
        return None
    column = state.column(field)
    ((low, high),) = db.execute(
        f"SELECT min({column}), max({column}) FROM items WHERE {_LIVING}",
        [state.next_id, state.number],
    )
    return None if low is None else (low, high)


def size(db: Database, location: Location) -> int:
    """Bytes that an index takes on the server's disk."""
    ((total,),) = db.execute(
        "SELECT sum(pg_total_relation_size(format('%%I.%%I', schemaname, tablename)::regclass)) "
        "FROM pg_tables WHERE schemaname = %s",
        [location.name],
    )
    return int(total or 0)


def check_rows(db: Database, state: State, location: Location) -> None:
    """Read all rows and previews. Raises ArtefactError where they are not what the state says.

    Whether each is as it was written is the server's concern (`data_checksums`).
    """
    ((rows, removed, wrong, last),) = db.execute(
        "SELECT count(*), count(removed), count(*) FILTER (WHERE length(code) <> %s "
        "OR length(content) <> 32 OR removed > %s), max(id) FROM items",
        [state.bits // 8, state.number],
    )
    ((strange, _),) = db.execute(
        "SELECT count(*) FILTER (WHERE items.id IS NULL), sum(length(jpeg)) "
        "FROM previews LEFT JOIN items USING (id)"
    )
    expected = state.rows, state.removed
    if (rows, removed) != expected or wrong or strange or (last or -1) >= state.next_id:
        raise ArtefactError(
            f"{location} is damaged: expected {expected[0]} rows of which {expected[1]} removed, "
            f"found {rows} and {removed}, {wrong} of them broken, {strange} previews of no item; "
            "restore it from a backup or build it again"
        )


def _condition(state: State, where: Filter | None) -> tuple[str, list[object]]:
    """A filter in brackets and the values bound to it; without one what is always true."""
    if where is None:
        return "TRUE", []
    check(where, filterable(state.types))
    condition, values = to_postgres(where, state)
    return f"({condition})", values


def _phrase(phrase: Phrase, weight: str = "") -> str:
    """A phrase as the server asks for it; with a weight, only where its words have it."""
    last = len(phrase.words) - 1
    marks = [weight + "*" * (phrase.begins and place == last) for place in range(last + 1)]
    words = (
        f"'{word}'{':' * bool(mark)}{mark}" for word, mark in zip(phrase.words, marks, strict=True)
    )
    return f"({' <-> '.join(words)})"
