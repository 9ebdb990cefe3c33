"""Whether a filter can be meant for an index with these columns, wherever it was made."""

import math
import re
from collections.abc import Mapping

from hashing.errors import UsageError, unknown
from hashing.filters.tree import Among, Compare, Filter, IsNull, Join, Like, Not
from hashing.sources import Value

MAX_DEPTH, MAX_PARTS, MAX_VALUES, MAX_PATTERN = 80, 900, 20_000, 4096
"""What every store can answer: SQLite nests 1,000 expressions, keeps 100 words and brackets in mind
and binds 30,000 values and patterns of 50,000 bytes. The deepest text gives some 70 levels."""
UNUSABLE = re.compile("[\0\ud800-\udfff]")
"""Characters that no item holds."""


def check(tree: Filter, columns: Mapping[str, type]) -> None:
    """Raise UsageError unless all fields are columns and all values of their types.

    Every node of the tree is a part. Numbers are finite and fit 64 bits.
    """
    parts = values = 0
    waiting = [(tree, 1)]
    while waiting:
        part, depth = waiting.pop()
        parts += 1
        match part:
            case Not(inner):
                waiting.append((inner, depth + 1))
            case Join(_, inner_parts):
                waiting += [(inner, depth + 1) for inner in inner_parts]
            case Compare(field, _, value):
                values += 1
                _check_value(field, value, columns)
            case Among(field, several):
                if not several:
                    raise UsageError(f"expected at least one value for {field}, found none")
                values += len(several)
                for value in several:
                    _check_value(field, value, columns)
            case Like(field, pattern):
                if _type_of(field, columns) is not str:
                    raise UsageError(f"expected a column of text for `like`, found {field}")
                _check_value(field, pattern, columns)
                if len(pattern) > MAX_PATTERN:
                    raise UsageError(
                        f"expected a pattern of at most {MAX_PATTERN} characters for {field}, "
                        f"found {len(pattern)}"
                    )
            case IsNull(field):
                _type_of(field, columns)
            case _:
                raise UsageError(f"expected a filter, found {part!r:.100}; `parse` reads a text")
        for name, found, most in (
            ("levels", depth, MAX_DEPTH),
            ("parts", parts, MAX_PARTS),
            ("values", values, MAX_VALUES),
        ):
            if found > most:
                raise UsageError(f"expected a filter of at most {most:,} {name}, found more")


def fits(number: int | float) -> bool:
    """Whether a number is finite and fits 64 bits."""
    return math.isfinite(number) if isinstance(number, float) else -(1 << 63) <= number < 1 << 63


def _type_of(field: str, columns: Mapping[str, type]) -> type:
    if field not in columns:
        raise UsageError(unknown("column", field, columns))
    return columns[field]


def _check_value(field: str, value: Value, columns: Mapping[str, type]) -> None:
    text = _type_of(field, columns) is str
    if text != isinstance(value, str):
        kind = "text" if text else "a number"
        raise UsageError(f"{field} is {kind}, so is what it is compared with; found {value!r}")
    if isinstance(value, str):
        if UNUSABLE.search(value):
            raise UsageError(
                f"no item holds a character of {value!r}, which {field} is compared to"
            )
    elif not fits(value):
        raise UsageError(f"expected a number that fits 64 bits for {field}, found {value}")
