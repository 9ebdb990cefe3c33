"""What an engine is told of fields: all that passes a filter passes what is said of it, too."""

import random
from typing import Any

import numpy as np
import pytest

from hashing.filters import (
    Filter,
    all_of,
    among,
    any_of,
    compare,
    equals,
    holds,
    is_null,
    like,
    not_,
)
from hashing.sources import Value
from hashing.store import NewItem, create_index, delete_index
from hashing.store.slots import ABSENT, SLOTS, slot_of, weaker
from tests.store.servers import PostgresServer

COLUMNS = {"style": "str", "year": "int", "price": "float", "note": "str"}
VALUES: dict[str, list[Value]] = {
    "style": ["", "Cubism", "Ukiyo-e", "ä", "\U0001f3a8", "c"],
    "year": [0, -1, 1, 1900, 1901, 2**31, -(2**31), 2**53 + 1, 2**63 - 1, -(2**63), -7, 2**40 + 1],
    "price": [0.0, -0.0, 0.5, -0.5, 1e-310, -1e-310, 1e300, -1e300, 5e-324, -5e-324, 1900.0, 1.1],
    "note": ["x", "y"],
}


def drawn_filter(rng: random.Random, depth: int) -> Filter:
    """Of any kind; numbers are compared with those of either column of numbers."""
    if depth and rng.random() < 0.7:
        parts = [drawn_filter(rng, depth - 1) for _ in range(rng.randint(1, 3))]
        return rng.choice([all_of, any_of, lambda *some: not_(some[0])])(*parts)
    field = rng.choice(list(COLUMNS))
    text = COLUMNS[field] == "str"
    values = VALUES[field] if text else [*VALUES["year"], *VALUES["price"]]
    kind = rng.randrange(4)
    if kind == 0:
        return is_null(field)
    if kind == 1:
        return among(field, rng.choices(values, k=rng.randint(1, 4)))
    if kind == 2 and text:
        return like(field, rng.choice(["%", "C%", "_", "x"]))
    return compare(field, rng.choice(["=", "!=", "<", "<=", ">", ">="]), rng.choice(values))


def drawn_fields(rng: random.Random) -> dict[str, Value]:
    return {name: rng.choice(values) for name, values in VALUES.items() if rng.random() < 0.8}


def passes(said: str, fields: dict[str, Value]) -> bool:
    names = list(COLUMNS)
    slots = {f"s{n}": ABSENT for n in range(SLOTS)}
    slots |= {f"s{names.index(name)}": slot_of(value) for name, value in fields.items()}
    return not said or bool(eval(said, dict(slots)))


def test_what_passes_a_filter_passes_what_is_said_of_it() -> None:
    rng = random.Random(0)
    left_out = 0
    for _ in range(1500):
        tree = drawn_filter(rng, 3)
        said = weaker(tree, COLUMNS)
        for fields in [drawn_fields(rng) for _ in range(12)]:
            if holds(tree, fields):
                assert passes(said, fields), (tree, fields, said)
            left_out += not passes(said, fields)
    assert left_out > 5000  # it is of some use


@pytest.mark.parametrize(
    ("tree", "said"),
    [
        (equals("year", 1900), f"s1 == {slot_of(1900)}"),
        (compare("year", "<", 1900), f"(s1 > {ABSENT} and s1 <= {slot_of(1900)})"),
        (not_(equals("style", "Cubism")), f"s0 > {ABSENT}"),
        (not_(compare("style", "!=", "Cubism")), f"s0 == {slot_of('Cubism')}"),
        (not_(is_null("style")) | equals("file", "a"), ""),
        (not_(is_null("style")) & equals("file", "a"), f"(s0 > {ABSENT})"),
        (among("year", list(range(20_000))), ""),
    ],
)
def test_what_is_said(tree: Filter, said: str) -> None:
    assert weaker(tree, COLUMNS) == said


def test_columns_beyond_the_slots_are_not_spoken_of() -> None:
    columns = dict.fromkeys((f"c{n}" for n in range(SLOTS + 1)), "int")
    assert weaker(equals(f"c{SLOTS}", 1), columns) == ""
    assert weaker(equals(f"c{SLOTS - 1}", 1), columns) == f"s{SLOTS - 1} == {slot_of(1)}"


def test_numbers_keep_their_order() -> None:
    values = sorted([*VALUES["year"], *VALUES["price"]], key=float)
    slots = [slot_of(value) for value in values]
    assert slots == sorted(slots)
    assert len(set(slots)) > 15
    assert all(ABSENT < slot < 2**31 for slot in slots)


def test_postgresql_gives_the_same_numbers(server: PostgresServer, tmp_path: Any) -> None:
    rng = random.Random(1)
    url = server.url(tmp_path.name)
    fields = [drawn_fields(rng) for _ in range(300)]
    kinds: dict[str, type] = {"style": str, "year": int, "price": float, "note": str}
    with create_index(url, bits=8, lengths=(8,), fingerprint="", columns=kinds, model="m") as index:
        items = [NewItem(f"{n}", fields[n], b"a", bytes(32)) for n in range(len(fields))]
        index.add(items)
        found = index._snapshot.rows.slots(np.arange(0, 300, 2))  # type: ignore[attr-defined]
    delete_index(url)
    for row, slots in zip(fields[::2], found.tolist(), strict=True):
        expected = [slot_of(row[name]) if name in row else ABSENT for name in COLUMNS]
        assert slots == [*expected, *[ABSENT] * (SLOTS - len(COLUMNS))]
