"""Filters made by programs: each function gives a tree, and `&`, `|` and `~` join trees.

    all_of(among("artist", chosen), not_(among("artist", hidden)), between("year", 1900, None))

Values are texts and numbers, those of NumPy, too; anything else is a UsageError.

A comparison with an absent field is neither true nor false, as in SQL: `not_(equals("year", 1900))`
leaves out the items without a year, `not_(...) | is_null("year")` keeps them.
"""

from collections.abc import Iterable

from hashing.errors import UsageError
from hashing.filters.tree import Among, Compare, Filter, IsNull, Like, Not, Operator, joined
from hashing.sources import Value


def equals(field: str, value: Value) -> Filter:
    """Items whose field is this text or number."""
    return Compare(field, "=", value)


def among(field: str, values: Iterable[Value]) -> Filter:
    """Items whose field is one of these values."""
    if isinstance(values, str) or not isinstance(values, Iterable):
        raise UsageError(f"expected several values for {field}, such as a list, found {values!r}")
    return Among(field, tuple(values))


def between(field: str, low: Value | None = None, high: Value | None = None) -> Filter:
    """Items whose field is not below `low` and not above `high`; None leaves that end open."""
    ends = [] if low is None else [Compare(field, ">=", low)]
    ends += [] if high is None else [Compare(field, "<=", high)]
    return all_of(*ends) if ends else Not(IsNull(field))


def compare(field: str, operator: Operator, value: Value) -> Filter:
    """Items whose field stands in this relation (`=`, `!=`, `<`, …) to a text or number."""
    return Compare(field, operator, value)


def like(field: str, pattern: str) -> Filter:
    r"""Items whose text matches: `%` any text, `_` one character, `\\` escapes; case counts."""
    return Like(field, pattern)


def is_null(field: str) -> Filter:
    """Items that lack the field."""
    return IsNull(field)


def not_(part: Filter) -> Filter:
    """Items that the filter decides to leave out; what it cannot decide stays out."""
    return Not(part)


def all_of(*parts: Filter) -> Filter:
    """Items that all filters keep. Raises UsageError where none is given."""
    return joined("and", parts)


def any_of(*parts: Filter) -> Filter:
    """Items that at least one filter keeps. Raises UsageError where none is given."""
    return joined("or", parts)
