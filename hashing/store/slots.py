"""Fields as small numbers that an engine compares: what may pass a filter, never less.

An engine keeps the first `SLOTS` columns of an item beside its code, each as one int32: a text as
four bytes of its digest, a number as the upper half of its float64, in their order, and `ABSENT`
where there is none. What passes a filter passes the weaker condition over these numbers as well;
of what passes that, the rows say which does. So columns may come at any time, and what cannot be
said (`like`, the order of texts) is left out.
"""

import hashlib
import struct
from collections.abc import Mapping, Sequence

from hashing.filters.tree import Among, Compare, Filter, IsNull, Join, Not
from hashing.sources import Value

SLOTS = 8
ABSENT = -(2**31) + 1
LONGEST = 4000
"""Characters of a condition, at most; a longer filter is not handed on."""

_POSSIBLE = {"<": "<=", "<=": "<=", ">": ">=", ">=": ">=", "=": "=="}
_OPPOSITE = {"<": ">=", "<=": ">=", ">": "<=", ">=": "<="}


def slot_of(value: Value) -> int:
    """The number of a field's value."""
    if isinstance(value, str):
        (digest,) = struct.unpack(">i", hashlib.sha256(value.encode()).digest()[:4])
        return max(int(digest), ABSENT + 1)
    (upper,) = struct.unpack(">i", struct.pack(">d", float(value) + 0.0)[:4])
    return int(upper) ^ (0x7FFFFFFF if value < 0 else 0)


def in_sql(column: str, kind: str) -> str:
    """The same of a column of PostgreSQL, `kind` being its type by name."""
    if kind == "str":
        text = f"substr(sha256(convert_to({column}, 'UTF8')), 1, 4)"
        digest = f"('x' || encode({text}, 'hex'))::bit(32)::int"
        return f"CASE WHEN {column} IS NULL THEN {ABSENT} ELSE GREATEST({digest}, {ABSENT + 1}) END"
    upper = f"('x' || encode(substr(float8send({column}::float8 + 0.0), 1, 4), 'hex'))"
    ordered = f"{upper}::bit(32)::int # (CASE WHEN {column} < 0 THEN 2147483647 ELSE 0 END)"
    return f"COALESCE({ordered}, {ABSENT})"


def weaker(tree: Filter, columns: Mapping[str, str]) -> str:
    """A condition over `s0`, `s1`, … that all items which pass a filter pass; empty for any item.

    columns: types by field, in the order of the slots. It reads the same in Milvus and in Python.
    """
    slots = {name: f"s{place}" for place, name in enumerate(list(columns)[:SLOTS])}
    said = _true(tree, slots)
    return said if len(said) <= LONGEST else ""


def _true(tree: Filter, slots: Mapping[str, str]) -> str:
    """What holds wherever a filter is true."""
    match tree:
        case Not(part):
            return _false(part, slots)
        case Join("and", parts):
            return _all([_true(part, slots) for part in parts])
        case Join(_, parts):
            return _any([_true(part, slots) for part in parts])
        case _ if tree.field not in slots:
            return ""
    slot = slots[tree.field]
    match tree:
        case IsNull(_):
            return f"{slot} == {ABSENT}"
        case Among(_, values):
            return f"{slot} in {sorted({slot_of(value) for value in values})}"
        case Compare(_, sign, value) if sign == "=" or (sign != "!=" and not _is_text(value)):
            return _beside(slot, _POSSIBLE[sign], value)
    return _there(slot)


def _false(tree: Filter, slots: Mapping[str, str]) -> str:
    """What holds wherever a filter is false, which is not where it is unknown."""
    match tree:
        case Not(part):
            return _true(part, slots)
        case Join("and", parts):
            return _any([_false(part, slots) for part in parts])
        case Join(_, parts):
            return _all([_false(part, slots) for part in parts])
        case _ if tree.field not in slots:
            return ""
    slot = slots[tree.field]
    match tree:
        case Compare(_, "!=", value):
            return _beside(slot, "==", value)
        case Compare(_, sign, value) if sign != "=" and not _is_text(value):
            return _beside(slot, _OPPOSITE[sign], value)
    return _there(slot)


def _is_text(value: Value) -> bool:
    return isinstance(value, str)


def _there(slot: str) -> str:
    return f"{slot} > {ABSENT}"


def _beside(slot: str, sign: str, value: Value) -> str:
    """A comparison, which no absent field passes."""
    said = f"{slot} {sign} {slot_of(value)}"
    return f"({_there(slot)} and {said})" if sign == "<=" else said


def _all(parts: Sequence[str]) -> str:
    said = [part for part in parts if part]
    return f"({' and '.join(said)})" if said else ""


def _any(parts: Sequence[str]) -> str:
    return f"({' or '.join(parts)})" if all(parts) else ""
