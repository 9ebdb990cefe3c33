"""Filters of the HTTP API: `brand=A&brand=B&price__lte=20&colour__not=red` as one filter.

A parameter is a column's name, alone or with an operator after two underscores. Several values of
one parameter are alternatives, several parameters narrow each other. A role (`group`, `creator`, …)
stands for its column, and so do `style`, `artist`, `from` and `to` of earlier versions, where no
column has that name; a column that is called like another parameter is `fields.NAME`.
"""

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence

from hashing.errors import UsageError, unknown
from hashing.filters import Filter, all_of, among, any_of, compare, is_null, like, not_
from hashing.filters.parser import MAX_CHARACTERS
from hashing.sources import Value
from hashing.sources.columns import TO
from hashing.store import IndexInfo
from hashing.store.fields import filterable

PREFIX = "fields."
MOST_VALUES, LONGEST = 100, MAX_CHARACTERS
"""Of one parameter: a value may be as long as a filter in words, for paths of files are long."""

ALIASES: Mapping[str, str] = {
    "style": "group",
    "artist": "creator",
    "title": "title",
    "group": "group",
    "creator": "creator",
    "year": "year",
    "link": "link",
}
"""Roles by the names that stand for them where no column is called so."""
FORMER: Mapping[str, str] = {"hide_artist": "artist__not"}
"""A parameter of earlier versions by what says it now."""


def read_filters(
    pairs: Iterable[tuple[str, object]], info: IndexInfo, others: Collection[str] = ()
) -> Filter | None:
    """The filter that parameters ask for, None where there is none.

    others: parameters that are no columns; one that is misspelt looks like a column.

    Raises UsageError for what is no column, naming the nearest, and for values that do not fit.
    """
    asked: dict[str, list[str]] = {}
    for name, value in pairs:
        values = value if isinstance(value, list) else [value]
        if not all(_is_value(one, name) for one in values):
            raise UsageError(f"expected texts and numbers for {name}, found {value!r:.100}")
        asked.setdefault(name, []).extend(str(one) for one in values)
    parts = [_part(name, values, info, others) for name, values in asked.items()]
    return all_of(*parts) if parts else None


def _is_value(value: object, name: str) -> bool:
    if isinstance(value, bool):
        return name.endswith("__null")
    return isinstance(value, str | int | float)


def _part(name: str, values: Sequence[str], info: IndexInfo, others: Collection[str]) -> Filter:
    if not 1 <= len(values) <= MOST_VALUES or max(map(len, values)) > LONGEST:
        raise UsageError(
            f"expected 1 to {MOST_VALUES} values of {name}, each of at most {LONGEST} characters"
        )
    if name in ("from", "to") and name not in info.columns and "year" in info.roles:
        return _bound(name, values, info)
    column, operator = _column(FORMER.get(name, name), info, others)
    operands = [_operand(column, value, info) for value in values] if operator != "null" else []
    if operator == "null":
        wanted = {"true": True, "false": False}.get(values[-1].lower())
        if wanted is None:
            raise UsageError(f"expected {name}=true or {name}=false, found {values[-1]!r}")
        return is_null(column) if wanted else not_(is_null(column))
    return OPERATORS[operator](column, operands)


def _bound(name: str, values: Sequence[str], info: IndexInfo) -> Filter:
    """`from` and `to`: dates that reach into these years, for a date may be a span of them."""
    year = info.roles["year"]
    operand = _operand(year, values[-1], info)
    if name == "to":
        return compare(year, "<=", operand)
    last = year + TO
    if last not in info.columns:
        return compare(year, ">=", operand)
    return any_of(compare(last, ">=", operand), compare(year, ">=", operand))


def _column(name: str, info: IndexInfo, others: Collection[str]) -> tuple[str, str]:
    """The column and the operator of a parameter."""
    plain = name.removeprefix(PREFIX)
    names = [(plain, "")]
    start, sign, end = plain.rpartition("__")
    if sign and (end in OPERATORS or end == "null"):
        names.append((start, end))
    for column, operator in names:
        if column in filterable(info.columns):
            return column, operator
    for column, operator in names:
        role = info.roles.get(ALIASES.get(column, ""))
        if role is not None and name == plain:
            return role, operator
    raise UsageError(unknown("parameter", name, {*others, *info.roles, *info.columns}))


def _operand(column: str, value: str, info: IndexInfo) -> Value:
    kind = filterable(info.columns)[column]
    if kind is str:
        return value
    try:
        number = float(value)
    except ValueError:
        raise UsageError(f"expected a number for {column}, found {value!r}") from None
    if kind is float or not number.is_integer():
        return number
    # exact where the text is that of a whole number, which a float may not hold
    return int(value) if value.strip().lstrip("+-").isdecimal() else int(number)


def _not(column: str, values: Sequence[Value]) -> Filter:
    # without `is null` the items that have none would go, too: null follows SQL
    return is_null(column) | not_(among(column, values))


def _like(column: str, values: Sequence[Value]) -> Filter:
    return any_of(*(like(column, str(value)) for value in values))


OPERATORS: Mapping[str, Callable[[str, Sequence[Value]], Filter]] = {
    "": among,
    "not": _not,
    "like": _like,
    "gt": lambda column, values: compare(column, ">", values[-1]),
    "gte": lambda column, values: compare(column, ">=", values[-1]),
    "lt": lambda column, values: compare(column, "<", values[-1]),
    "lte": lambda column, values: compare(column, "<=", values[-1]),
}
"""What stands after two underscores; `null` takes `true` or `false`."""
