"""What a server shows of an index: not what a column calls hidden, nor what a filter leaves out."""

from collections.abc import Callable

from hashing.filters import Filter, all_of, among, is_null, parse
from hashing.sources import Value
from hashing.store import Index, IndexInfo
from hashing.store.fields import filterable
from hashing.store.shown import Shown

NO = ("no", "n", "false", "f", "0", "nein", "public", "shown")
"""What a text in the column `hidden` says where a work is shown, in small letters, capitals, or
with a capital; anything else hides it, so that a slip hides rather than shows."""


def public(where: str = "") -> Callable[[Index], Index]:
    """An index as visitors may see it.

    where: a filter in words, empty for none. Raises UsageError, when an index is given, for one
    that does not fit its columns.
    """

    def choose(info: IndexInfo) -> Filter | None:
        parts = [parse(where, filterable(info.columns))] if where.strip() else []
        column = info.roles.get("hidden")
        if column is not None and column in info.columns:
            kind = info.columns[column]
            shown: list[Value] = [kind(0)] if kind is not str else _spellings()
            parts.append(is_null(column) | among(column, shown))
        return all_of(*parts) if parts else None

    return lambda index: Shown(index, choose)


def _spellings() -> list[Value]:
    spelled = [way(word) for word in NO for way in (str.lower, str.upper, str.capitalize)]
    return list(dict.fromkeys(["", *spelled]))
