"""What a filter means, as a small typed tree."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

from hashing.sources import Value

Operator = Literal["=", "!=", "<", "<=", ">", ">="]


@dataclass(frozen=True, slots=True)
class Compare:
    """`field operator value`."""

    field: str
    operator: Operator
    value: Value


@dataclass(frozen=True, slots=True)
class Among:
    """`field in (values)`."""

    field: str
    values: tuple[Value, ...]


@dataclass(frozen=True, slots=True)
class Like:
    """`field like pattern`."""

    field: str
    pattern: str


@dataclass(frozen=True, slots=True)
class IsNull:
    """`field is null`."""

    field: str


@dataclass(frozen=True, slots=True)
class Not:
    """`not part`."""

    part: "Tree"


@dataclass(frozen=True, slots=True)
class Join:
    """All parts joined by `and`, or all by `or`."""

    word: Literal["and", "or"]
    parts: tuple["Tree", ...]


Tree = Compare | Among | Like | IsNull | Not | Join


def characters(pattern: str) -> Iterator[tuple[str, bool]]:
    """Each character of a pattern, and whether it is one of the two wildcards."""
    escaped = False
    for character in pattern:
        if character == "\\" and not escaped:
            escaped = True
            continue
        yield character, character in "%_" and not escaped
        escaped = False
    if escaped:
        yield "\\", False
