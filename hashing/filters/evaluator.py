"""A filter applied to one item in plain Python: what every printer must agree with."""

import operator
import re
from collections.abc import Callable, Iterator, Mapping
from typing import Any

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

_COMPARE: Mapping[Operator, Callable[[Any, Any], bool]] = {
    "=": operator.eq,
    "!=": operator.ne,
    "<": operator.lt,
    "<=": operator.le,
    ">": operator.gt,
    ">=": operator.ge,
}


def holds(tree: Filter, fields: Mapping[str, Value]) -> bool | None:
    """Whether one item's fields satisfy a filter; None is SQL's unknown."""
    match tree:
        case IsNull(field):
            return field not in fields
        case Not(part):
            inner = holds(part, fields)
            return None if inner is None else not inner
        case Join(word, parts):
            decided = word == "or"  # one true part decides an `or`, one false part an `and`
            results = [holds(part, fields) for part in parts]
            return decided if decided in results else None if None in results else not decided
        case _ if tree.field not in fields:
            return None
        case Compare(field, sign, value):
            return _COMPARE[sign](fields[field], value)
        case Among(field, values):
            return fields[field] in values
        case Like(field, pattern):
            return re.fullmatch("".join(_regex(pattern)), str(fields[field]), re.DOTALL) is not None


def _regex(pattern: str) -> Iterator[str]:
    for character, wild in characters(pattern):
        yield {"%": ".*", "_": "."}[character] if wild else re.escape(character)
