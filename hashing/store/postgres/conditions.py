"""A filter as a condition of PostgreSQL, with all its values bound.

Values are bound in the type of their column: the server would compare a bigint with a float as two
floats, of which many whole numbers are none.
"""

import math
from collections.abc import Iterator, Sequence

from hashing.filters.tree import (
    Among,
    Compare,
    Filter,
    IsNull,
    Join,
    Like,
    Not,
    Operator,
    characters,
)
from hashing.sources import Value
from hashing.store.postgres.state import State

_TYPES = {"str": "text", "int": "bigint", "float": "double precision"}
_INT64 = 1 << 63


def to_postgres(tree: Filter, state: State) -> tuple[str, list[object]]:
    """An SQL condition and the values bound to it."""
    match tree:
        case Compare(field, sign, value):
            return _compare(state.column(field), state.kind(field), sign, value)
        case Among(field, values):
            column, kind = state.column(field), state.kind(field)
            exact = [same for value in values if (same := _exact(kind, value)) is not None]
            if not exact:  # the server holds that nothing, not even null, is among none
                return _constant(column, true=False)
            return f"{column} = ANY(%s::{_TYPES[kind]}[])", [exact]
        case Like(field, pattern):
            return f"{state.column(field)} LIKE %s::text", ["".join(_escaped(pattern))]
        case IsNull(field):
            return f"{state.column(field)} IS NULL", []
        case Not(part):
            text, bound = to_postgres(part, state)
            return f"NOT ({text})", bound
        case Join(word, parts):
            return _join(word.upper(), parts, state)


def _join(word: str, parts: Sequence[Filter], state: State) -> tuple[str, list[object]]:
    printed = [to_postgres(part, state) for part in parts]
    texts = (f"({text})" for text, _ in printed)
    return f" {word} ".join(texts), [value for _, bound in printed for value in bound]


def _compare(column: str, kind: str, sign: Operator, value: Value) -> tuple[str, list[object]]:
    exact = _exact(kind, value)
    if exact is None and not isinstance(value, str):
        # no value of the column is equal: it lies between two neighbours, or beyond all
        if sign in ("=", "!="):
            return _constant(column, true=sign == "!=")
        if kind == "int" and not -_INT64 <= value < _INT64:
            return _constant(column, true=(value > 0) == (sign in ("<", "<=")))
        below, above = _neighbours(kind, value)
        sign, exact = ("<=", below) if sign in ("<", "<=") else (">=", above)
    return f"{column} {'<>' if sign == '!=' else sign} %s::{_TYPES[kind]}", [exact]


def _constant(column: str, *, true: bool) -> tuple[str, list[object]]:
    """The same for every value, unknown where there is none."""
    return f"{column} {'=' if true else '<>'} {column}", []


def _exact(kind: str, value: Value) -> Value | None:
    """The value in the type of its column, None where that has no such number."""
    if kind == "str":
        return value
    converted: int | float = int(value) if kind == "int" else float(value)
    if kind == "int" and not -_INT64 <= converted < _INT64:
        return None
    return converted if converted == value else None


def _neighbours(kind: str, value: int | float) -> tuple[Value, Value]:
    """The column's greatest possible value below and its least above."""
    if kind == "int":
        return math.floor(value), math.ceil(value)
    near = float(value)
    if near < value:
        return near, math.nextafter(near, math.inf)
    return math.nextafter(near, -math.inf), near


def _escaped(pattern: str) -> Iterator[str]:
    for character, wild in characters(pattern):
        yield character if wild or character not in "%_\\" else f"\\{character}"
