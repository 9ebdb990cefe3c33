"""What a filter means, as a small typed tree that can be compared, hashed and joined.

equals("style", "Cubism") & ~among("artist", hidden) | is_null("year")
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Literal, cast, get_args

from hashing.errors import UsageError
from hashing.sources import Value

Operator = Literal["=", "!=", "<", "<=", ">", ">="]


class _Joinable:
    """The operators of all parts of a tree; `not` binds tightest, then `and`, then `or`."""

    __slots__ = ()

    def __and__(self, other: "Filter") -> "Filter":
        return joined("and", (cast("Filter", self), other))

    def __or__(self, other: "Filter") -> "Filter":
        return joined("or", (cast("Filter", self), other))

    def __invert__(self) -> "Not":
        return Not(cast("Filter", self))


@dataclass(frozen=True, slots=True)
class Compare(_Joinable):
    """`field operator value`."""

    field: str
    operator: Operator
    value: Value

    def __post_init__(self) -> None:
        if self.operator not in get_args(Operator):
            raise UsageError(
                f"expected {', '.join(get_args(Operator))} as the relation of {self.field}, "
                f"found {self.operator!r}"
            )
        object.__setattr__(self, "value", _plain(self.field, self.value))


@dataclass(frozen=True, slots=True)
class Among(_Joinable):
    """`field in (values)`."""

    field: str
    values: tuple[Value, ...]

    def __post_init__(self) -> None:
        values = tuple(_plain(self.field, value) for value in self.values)
        object.__setattr__(self, "values", values)


@dataclass(frozen=True, slots=True)
class Like(_Joinable):
    """`field like pattern`."""

    field: str
    pattern: str

    def __post_init__(self) -> None:
        object.__setattr__(self, "pattern", _plain(self.field, self.pattern))


@dataclass(frozen=True, slots=True)
class IsNull(_Joinable):
    """`field is null`."""

    field: str


@dataclass(frozen=True, slots=True)
class Not(_Joinable):
    """`not part`."""

    part: "Filter"


@dataclass(frozen=True, slots=True)
class Join(_Joinable):
    """All parts joined by `and`, or all by `or`."""

    word: Literal["and", "or"]
    parts: tuple["Filter", ...]


Filter = Compare | Among | Like | IsNull | Not | Join
"""What is true, false or (for an absent value) neither of one item: a tree of comparisons."""


def joined(word: Literal["and", "or"], parts: Sequence[Filter]) -> Filter:
    """All parts as one tree, those joined by the same word side by side. UsageError for none."""
    flat: list[Filter] = []
    for part in parts:
        flat += part.parts if isinstance(part, Join) and part.word == word else [part]
    if not flat:
        raise UsageError("expected at least one filter to join, found none")
    return flat[0] if len(flat) == 1 else Join(word, tuple(flat))


def _plain(field: str, value: object) -> Value:
    """A text or number as Python has it: stores take NumPy's for bytes. UsageError for others."""
    plain = value.item() if getattr(value, "ndim", None) == 0 else value  # type: ignore[attr-defined]
    if isinstance(plain, bool) or not isinstance(plain, Value):
        raise UsageError(f"expected a text or a number to compare {field} with, found {value!r}")
    return plain


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
