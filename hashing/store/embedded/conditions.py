"""A filter as a condition of SQLite, with all its values bound."""

from collections.abc import Callable, Iterator

from hashing.filters.tree import Among, Compare, IsNull, Join, Like, Not, Tree, characters
from hashing.sources import Value


def to_sqlite(tree: Tree, column: Callable[[str], str]) -> tuple[str, list[Value]]:
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
        case Not(part):
            sql, bound = to_sqlite(part, column)
            return f"NOT ({sql})", bound
        case Join(word, parts):
            printed = [to_sqlite(part, column) for part in parts]
            sql = f" {word.upper()} ".join(f"({text})" for text, _ in printed)
            return sql, [value for _, bound in printed for value in bound]


def _glob(pattern: str) -> Iterator[str]:
    for character, wild in characters(pattern):
        if wild:
            yield {"%": "*", "_": "?"}[character]
        else:
            yield f"[{character}]" if character in "*?[" else character
