"""What there is to choose from: the columns of a collection and their values."""

from collections.abc import Mapping
from dataclasses import dataclass

from hashing.collection.opened import Opened
from hashing.sources import Value
from hashing.sources.columns import TO, WRITTEN

FEW = 50
"""Values of a column without a role that one still chooses from."""
SHOWN = 50
"""Values that are told of a column that nobody chooses from."""


@dataclass(frozen=True)
class Facet:
    """One column.

    kind: `str`, `int` or `float`. role: the part it plays, None for none. distinct: how many
    values it has, None for very many. values: the commonest first, with their counts; all of them
    where one `chooses` from them. span: least and greatest number. beside: the column of dates that
    it belongs to.
    """

    name: str
    kind: type
    role: str | None
    distinct: int | None
    values: Mapping[Value, int]
    span: tuple[float, float] | None
    beside: str | None
    chooses: bool


def facets(opened: Opened) -> list[Facet]:
    """All columns: group and creator first, then what has few values, then numbers, the year first.

    What stands beside a date, and text of many values, comes last. Which works are hidden is
    nothing to choose by.
    """
    values, hidden = opened.index.facets(), opened.column("hidden")
    columns = [name for name in opened.info.columns if name != hidden]
    found = [_facet(opened, name, values.get(name)) for name in columns]
    return sorted(found, key=_place)


def _facet(opened: Opened, name: str, values: Mapping[Value, int] | None) -> Facet:
    kind = opened.info.columns[name]
    role = next((role for role, column in opened.info.roles.items() if column == name), None)
    chooses = values is not None and (
        role in ("group", "creator")
        or (
            role in (None, "licence")
            and kind is str
            and 2 <= len(values) <= min(FEW, opened.info.count // 2)
        )
    )
    shown = {} if values is None else values
    if not chooses:
        shown = dict(list(shown.items())[:SHOWN])
    return Facet(
        name,
        kind,
        role,
        None if values is None else len(values),
        shown,
        opened.index.span(name),
        _beside(name, opened.info.columns),
        chooses,
    )


def _beside(name: str, columns: Mapping[str, type]) -> str | None:
    for end in (TO, WRITTEN):
        date = name.removesuffix(end)
        if date != name and columns.get(date) is int:
            return date
    return None


def _place(facet: Facet) -> tuple[int, int]:
    """Equal places stay in the order of the columns."""
    if facet.beside is not None:
        return 5, 0
    if facet.role in ("group", "creator"):
        return 0, 0 if facet.role == "group" else 1
    if facet.chooses:
        return 1, facet.distinct or 0
    if facet.role == "year":
        return 2, 0
    return (3 if facet.span else 4), 0
