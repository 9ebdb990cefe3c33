"""A filter as a condition of SQLite, with all its values bound."""

from collections.abc import Callable, Iterator

from hashing.filters.tree import Among, Compare, Filter, IsNull, Join, Like, Not, characters
from hashing.sources import Value


def to_sqlite(tree: Filter, column: Callable[[str], str]) -> tuple[str, list[Value]]:
    """An SQL condition and the values bound to it; `column` quotes a field's column."""
    match tree:
        case Compare(field, sign, value):
            return f"{column(field)} {sign} ?", [value]
        case Among(field, values):
            return f"{column(field)} IN ({', '.join('?' * len(values))})", list(values)
        case Like(field, pattern):
            return f"{column(field)} GLOB ?", ["".join(_glob(pattern))]
        case IsNull(field):
            return f"{column(field)} IS NULL", []
        case Not(Not(part)):
            return to_sqlite(part, column)
        case Not(part):
            sql, bound = to_sqlite(part, column)
            return f"NOT {_bracketed(part, sql)}", bound
        case Join(word, parts):
            # what nests deepest comes first: SQLite's parser stacks up what stands before it
            ordered = sorted(parts, key=_depth, reverse=True)
            printed = [to_sqlite(part, column) for part in ordered]
            texts = [_bracketed(part, sql) for part, (sql, _) in zip(ordered, printed, strict=True)]
            return f" {word.upper()} ".join(texts), [v for _, bound in printed for v in bound]


def _bracketed(part: Filter, sql: str) -> str:
    return f"({sql})" if isinstance(part, Join) else sql


def _depth(tree: Filter) -> int:
    match tree:
        case Not(part):
            return 1 + _depth(part)
        case Join(_, parts):
            return 1 + max(map(_depth, parts))
    return 1


def _glob(pattern: str) -> Iterator[str]:
    for character, wild in characters(pattern):
        if wild:
            yield {"%": "*", "_": "?"}[character]
        else:
            yield f"[{character}]" if character in "*?[" else character
