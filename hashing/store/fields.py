"""What an item may hold: values in the types of their columns, names that can be columns."""

import math
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace

import numpy as np

from hashing.errors import InputError, UsageError
from hashing.registry import fits
from hashing.search.scan.sliced import MAX_BITS
from hashing.sources import Value
from hashing.sources.columns import written
from hashing.store.contract import NewIndex, NewItem, StoredItem

PYTHON_TYPES: Mapping[str, type] = {"str": str, "int": int, "float": float}
"""The types of columns by their names, as every store records them."""

FILE = "file"
"""What a filter calls an item's file, where no column has that name."""

FITTING: Mapping[str, tuple[type, ...]] = {
    "int": (int,),
    "float": (float, int),
    "str": (str, float, int),
}
"""Types that a column's values may come in: text may look like numbers in one file only."""

MOST_TEXT = 4096
"""Characters of a model's folder or fingerprint."""

MOST_FEATURES = 65_536
"""Numbers kept of an item."""

MOST_COLUMNS = 1000
"""PostgreSQL keeps 1,600, SQLite 2,000."""

_INT64 = 1 << 63
_UNKEEPABLE = re.compile("[\0\ud800-\udfff]")
_EXPECTED = {
    "str": "a text of Unicode characters",
    "int": "a whole number of 64 bits",
    "float": "a finite number",
}


def check_new(new: NewIndex) -> None:
    """Raise UsageError for an index that nothing can be put into, InputError for its columns."""
    if not fits(new.bits, int) or not 0 < new.bits <= MAX_BITS or new.bits % 8:
        raise UsageError(
            f"expected codes of 8 to {MAX_BITS} bits in steps of 8, found {str(new.bits)[:40]}"
        )
    if not fits(new.features, int) or not 0 <= new.features <= MOST_FEATURES:
        raise UsageError(f"expected 0 to {MOST_FEATURES} features, found {str(new.features)[:40]}")
    lengths = list(new.lengths)
    whole = lengths and all(fits(length, int) and length > 0 for length in lengths)
    if not whole or lengths != sorted({*lengths}) or lengths[-1] > new.bits:
        raise UsageError(
            f"expected ascending code lengths up to {new.bits} bits, found {str(lengths)[:60]}"
        )
    for name, text in (("fingerprint", new.fingerprint), ("model", str(new.model))):
        if not keepable(text) or len(text) > MOST_TEXT:
            raise UsageError(
                f"expected a {name} of at most {MOST_TEXT} Unicode characters, found {text[:40]!a}"
            )
    for column in new.roles.values():
        if not isinstance(column, str) or not keepable(column):
            raise UsageError(f"expected roles that name columns, found {str(column)[:40]!a}")
    grown({}, new.columns)


def keepable(text: str) -> bool:
    """Whether every store can keep a text, whole and exactly."""
    return not _UNKEEPABLE.search(text)


def filterable(columns: Mapping[str, type]) -> dict[str, type]:
    """What a filter may ask for, with the types."""
    return {FILE: str, **columns}


def checked(item: NewItem, bits: int, columns: Mapping[str, str]) -> NewItem:
    """The item with its fields in the types of their columns. Raises InputError."""
    if len(item.code) != bits // 8 or len(item.content) != 32:
        raise InputError(
            f"{item.file}: expected a code of {bits // 8} bytes and a content digest of 32, "
            f"found {len(item.code)} and {len(item.content)}"
        )
    if not keepable(item.file):
        raise InputError(f"expected a file name of Unicode characters, found {item.file!a}")
    fields = {name: _fitted(item, name, columns) for name in item.fields}
    return replace(item, fields=fields)


def each_once(items: Iterable[StoredItem]) -> Iterator[StoredItem]:
    """The same items. Raises InputError for one that comes twice: either may be meant."""
    seen: set[int] = set()
    for item in items:
        if item.id in seen:
            raise InputError(f"expected each item once, found {item.id} twice: change it once")
        seen.add(item.id)
        yield item


def check_features(item: NewItem, count: int) -> None:
    """Raise InputError where an item has not as many finite features as its index keeps."""
    numbers = np.frombuffer(item.features or b"", "<f2", len(item.features or b"") // 2)
    if len(item.features or b"") != 2 * count or not np.isfinite(numbers).all():
        raise InputError(
            f"{item.file}: expected {count} finite features in half precision, found {len(numbers)}"
        )


def _fitted(item: NewItem, name: str, columns: Mapping[str, str]) -> Value:
    value = item.fields[name]
    if name not in columns:
        raise InputError(f"{item.file}: column {name!r} is not one of {list(columns)}")
    kind = columns[name]
    if type(value) in FITTING[kind] and _can_be_kept(value):
        if kind == "float":
            return float(value) + 0.0  # SQLite gives 0.0 back for −0.0
        return written(value) if kind == "str" else value
    raise InputError(f"{item.file}: {name} is {ascii(value)[:60]}, expected {_EXPECTED[kind]}")


def _can_be_kept(value: Value) -> bool:
    if isinstance(value, str):
        return keepable(value)
    return math.isfinite(value) if isinstance(value, float) else -_INT64 <= value < _INT64


def grown(known: Mapping[str, str], columns: Mapping[str, type]) -> dict[str, str]:
    """The columns of an index with further ones. Raises InputError.

    For more columns than every store can keep, for numbers that became text, and for a name that
    no store can keep: with characters that no item holds, or that differs from another only in the
    case of ASCII letters.
    """
    together = dict(known)
    if len({*known, *columns}) > MOST_COLUMNS:
        raise InputError(
            f"expected at most {MOST_COLUMNS} columns, found {len({*known, *columns})}: leave some "
            "out of the metadata file"
        )
    for name, kind in columns.items():
        if name not in together:
            taken = {other.encode().lower() for other in together}
            if not name or not keepable(name) or name.encode().lower() in taken:
                raise InputError(f"the column {name!a} cannot be kept beside the others: rename it")
            together[name] = kind.__name__
        elif kind not in FITTING[together[name]]:
            raise InputError(
                f"column {name} holds {kind.__name__}, in the index it is {together[name]}: mend "
                f'the metadata file, or give it another name (--columns "{name} 2={name}")'
            )
    return together
