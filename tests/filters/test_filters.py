import contextlib
import sqlite3
from collections.abc import Callable
from decimal import Decimal

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from hashing.errors import UsageError
from hashing.filters import (
    Filter,
    all_of,
    among,
    any_of,
    between,
    check,
    compare,
    equals,
    holds,
    is_null,
    like,
    not_,
    parse,
)
from hashing.filters.check import MAX_DEPTH, MAX_PARTS, MAX_PATTERN, MAX_VALUES
from hashing.sources import Value
from hashing.store.embedded.conditions import to_sqlite

COLUMNS: dict[str, type] = {"style": str, "year": int, "height": float, "two words": str}
TEXTS = ["", "a", "A", "ab", "%", "_", "*", "[a]", "é", "z", "\U0001f3a8", "\\", "'", "]", "^", "-"]
texts = st.sampled_from(TEXTS) | st.text(
    st.characters(exclude_characters="\0", exclude_categories=["Cs"]), max_size=5
)
years = st.integers(-(2**63), 2**63 - 1) | st.integers(1890, 1910)
heights = st.floats(allow_nan=False, allow_infinity=False)
rows = st.fixed_dictionaries(
    {}, optional={"style": texts, "year": years, "height": heights, "two words": texts}
)
fields = st.sampled_from(["style", "year", "height", '"two words"'])


def literal(value: Value) -> str:
    return "'" + value.replace("'", "''") + "'" if isinstance(value, str) else repr(value)


@st.composite
def comparisons(draw: st.DrawFn) -> str:
    field = draw(fields)
    values = (texts if field in ("style", '"two words"') else years | heights).map(literal)
    negation = draw(st.sampled_from(["", " NOT"]))
    kinds = ["compare", "in", "between", "null"] + ["like"] * (field == "style")
    match draw(st.sampled_from(kinds)):
        case "compare":
            sign = draw(st.sampled_from(["=", "!=", "<>", "<", "<=", ">", ">="]))
            return f"{field} {sign} {draw(values)}"
        case "in":
            return f"{field}{negation} in ({', '.join(draw(st.lists(values, min_size=1)))})"
        case "between":
            return f"{field}{negation} between {draw(values)} and {draw(values)}"
        case "like":
            pattern = "".join(draw(st.lists(st.sampled_from(["%", "_", "\\", *TEXTS]), max_size=4)))
            return f"{field}{negation} like {literal(pattern)}"
    return f"{field} is{negation} null"


filters = st.recursive(
    comparisons(),
    lambda inner: st.one_of(
        st.tuples(inner, st.sampled_from([" and ", " or "]), inner).map("".join),
        inner.map("not ({})".format),
        inner.map("({})".format),
    ),
    max_leaves=6,
)


@given(st.lists(rows, min_size=1, max_size=6), filters)
def test_sqlite_and_the_evaluator_keep_the_same(items: list[dict[str, Value]], text: str) -> None:
    tree = parse(text, COLUMNS)
    assert kept_by_sqlite(items, tree) == [
        number for number, item in enumerate(items) if holds(tree, item)
    ]


def kept_by_sqlite(items: list[dict[str, Value]], tree: Filter) -> list[int]:
    condition, values = to_sqlite(tree, lambda field: f'"{field}"')
    database = sqlite3.connect(":memory:")
    database.execute(
        "CREATE TABLE t (id INTEGER PRIMARY KEY, style TEXT, year INTEGER, height REAL, "
        '"two words" TEXT) STRICT'
    )
    for number, item in enumerate(items):
        database.execute(
            "INSERT INTO t VALUES (?, ?, ?, ?, ?)", (number, *(item.get(name) for name in COLUMNS))
        )
    kept = [row[0] for row in database.execute(f"SELECT id FROM t WHERE {condition}", values)]
    database.close()
    return kept


@pytest.mark.parametrize(
    ("text", "message", "place"),
    [
        ("style = Cubism", "text stands in single quotes", 8),
        ('style = "Cubism"', "text stands in single quotes", 8),
        ("stile = 'Cubism'", "did you mean style", 0),
        ("year > 'c. 1900'", "year is a number", 7),
        ("style = 1900", "style is text", 8),
        ("year like '19%'", "like` compares text", 5),
        ("style = 'Cubism", "this quote is not closed", 8),
        ("style = 'a' or", "expected the name of a column", 14),
        ("style = 'a' style = 'b'", "expected `and`, `or` or the end", 12),
        ("(year = 1", "expected `)`", 9),
        ("year = null", "use `is null`", 7),
        ("year is 5", "expected `null`", 8),
        ("year not = 5", "expected `in`, `between` or `like`", 9),
        ("year in ()", "expected a value", 9),
        ("year = 1; drop table t", "this belongs to no filter", 8),
        ("year = 99999999999999999999", "fits 64 bits", 7),
        ("height = 1e999", "fits 64 bits", 9),
        ("", "expected the name of a column", 0),
        ("year = 1900s", "this belongs to no filter", 7),
        ("style like 'a\ud800'", "no item holds this character", 13),
    ],
)
def test_a_mistake_is_pointed_at(text: str, message: str, place: int) -> None:
    with pytest.raises(UsageError) as caught:
        parse(text, COLUMNS)
    first, shown, pointer = str(caught.value).splitlines()
    assert message in first
    assert shown == f"  {text}".replace("\ud800", " ")
    assert pointer == " " * (place + 2) + "^"


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("year = 1" + " " * 4090, "at most 4096 characters"),
        ("(" * 33 + "year = 1" + ")" * 33, "at most 32 levels"),
        ("not " * 33 + "year = 1", "at most 32 levels"),
        (f"year in ({', '.join('1' * 1001)})", "at most 1000 values"),
    ],
    ids=["long", "deep", "negated", "many"],
)
def test_filters_have_limits(text: str, message: str) -> None:
    with pytest.raises(UsageError, match=message):
        parse(text, COLUMNS)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("style like 'cub%'", False),
        ("style like 'Cub%'", True),
        ("style = 'Cubism' or year > 5", True),
        ("style = 'x' or year > 5", None),
        ("not year > 5", None),
        ("year is null and style < 'a'", True),
        ("year in (1, 2)", None),
        ("style between 'Cubism' and 'Cubism'", True),
        ("height > 1.5 and height <= 2", True),
    ],
)
def test_null_follows_sql(text: str, expected: bool | None) -> None:
    assert holds(parse(text, COLUMNS), {"style": "Cubism", "height": 2.0}) is expected


@given(st.text(max_size=40))
def test_any_text_is_a_filter_or_a_clear_mistake(text: str) -> None:
    tree = None
    with contextlib.suppress(UsageError):
        tree = parse(text, COLUMNS)
    assert tree is None or holds(tree, {}) in (True, False, None)


@pytest.mark.parametrize(
    ("tree", "text"),
    [
        (equals("style", "O'Neill"), "style = 'O''Neill'"),
        (compare("year", "!=", 3), "year <> 3"),
        (among("year", [1, 2]), "year in (1, 2)"),
        (between("year", 1, 2), "year between 1 and 2"),
        (between("year", high=2), "year <= 2"),
        (between("year", 1), "year >= 1"),
        (between("year"), "year is not null"),
        (like("style", "Cub%"), "style like 'Cub%'"),
        (is_null("year"), "year is null"),
        (not_(equals("year", 1)), "not year = 1"),
        (
            (equals("year", 1) & equals("year", 2) & is_null("style")) | ~is_null("year"),
            "year = 1 and year = 2 and style is null or not year is null",
        ),
        (
            all_of(equals("year", 1), any_of(equals("year", 2), is_null("style"))),
            "year = 1 and (year = 2 or style is null)",
        ),
        (any_of(is_null("year")), "year is null"),
    ],
)
def test_what_programs_make_equals_what_people_type(tree: Filter, text: str) -> None:
    parsed = parse(text, COLUMNS)
    assert tree == parsed
    assert hash(tree) == hash(parsed)
    check(tree, COLUMNS)


@given(
    st.lists(rows, min_size=1, max_size=6),
    st.sampled_from(["=", "!=", "<", "<=", ">", ">="]),
    st.one_of(
        st.tuples(st.just("year"), st.integers(1890, 1910).map(np.int32)),
        st.tuples(st.just("year"), years.map(np.int64)),
        st.tuples(
            st.just("height"),
            st.floats(width=32, allow_nan=False, allow_infinity=False).map(np.float32),
        ),
        st.tuples(st.just("style"), texts.map(np.str_)),
    ),
)
def test_values_of_numpy_are_those_of_python(
    items: list[dict[str, Value]], sign: str, asked: tuple[str, np.generic]
) -> None:
    field, value = asked
    for tree in (compare(field, sign, value), among(field, np.array([value]))):  # type: ignore[arg-type]
        check(tree, COLUMNS)
        assert kept_by_sqlite(items, tree) == [
            number for number, item in enumerate(items) if holds(tree, item)
        ]
    plain = compare(field, "=", value.item())
    assert equals(field, value) == plain  # type: ignore[arg-type]
    assert type(equals(field, value).value) is type(plain.value)  # type: ignore


@pytest.mark.parametrize(
    "make",
    [
        lambda: compare("year", "=>", 1900),  # type: ignore[arg-type]
        lambda: compare("year", "==", 1900),  # type: ignore[arg-type]
        lambda: compare("year", "> 5 OR 1 =", 1),  # type: ignore[arg-type]
        lambda: compare("style", "like", "C%"),  # type: ignore[arg-type]
        lambda: among("style", "Picasso"),
        lambda: among("year", 1900),  # type: ignore[arg-type]
        lambda: among("year", [[1900]]),  # type: ignore[list-item]
        lambda: among("year", np.zeros((2, 2))),
        lambda: equals("year", True),
        lambda: equals("year", np.bool_(True)),  # type: ignore[arg-type]
        lambda: equals("year", b"1900"),  # type: ignore[arg-type]
        lambda: equals("year", Decimal(1900)),  # type: ignore[arg-type]
        lambda: equals("year", None),  # type: ignore[arg-type]
        lambda: like("style", 5),  # type: ignore[arg-type]
        lambda: like("style", "x" * (MAX_PATTERN + 1)),
        lambda: not_("year > 5"),  # type: ignore[arg-type]
        lambda: is_null("year") & "year > 5",  # type: ignore[operator]
        lambda: "year > 5",
    ],
)
def test_what_is_no_filter_is_refused(make: Callable[[], Filter]) -> None:
    with pytest.raises(UsageError, match=r"expected|is text, so is"):
        check(make(), COLUMNS)


@given(filters)
def test_what_is_parsed_fits_its_columns(text: str) -> None:
    check(parse(text, COLUMNS), COLUMNS)


def deep(levels: int) -> Filter:
    """Brackets within brackets, as many as can be: no two of one kind lie in one another."""
    tree = is_null("year")
    for level in range(levels - 1):
        kinds = (lambda t: ~t, lambda t: t & is_null("style"), lambda t: is_null("style") | t)
        tree = kinds[level % 3](tree)
    return tree


@pytest.mark.parametrize(
    ("within", "beyond", "name"),
    [
        (deep(MAX_DEPTH), deep(MAX_DEPTH + 1), "levels"),
        (
            any_of(*[equals("year", year) for year in range(MAX_PARTS - 1)]),
            any_of(*[equals("year", year) for year in range(MAX_PARTS)]),
            "parts",
        ),
        (among("year", range(MAX_VALUES)), among("year", range(MAX_VALUES + 1)), "values"),
    ],
    ids=["deep", "wide", "many"],
)
def test_every_store_can_answer_the_largest_filter(
    within: Filter, beyond: Filter, name: str
) -> None:
    check(within, COLUMNS)
    assert kept_by_sqlite([{}, {"year": 5}], within) == [
        row for row, item in enumerate([{}, {"year": 5}]) if holds(within, item)
    ]
    with pytest.raises(UsageError, match=f"at most [0-9,]+ {name}, found more"):
        check(beyond, COLUMNS)


def test_the_deepest_text_can_be_answered() -> None:
    level = "year = 4 or year = 5 and "
    tree = parse((level + "(") * 31 + level + "year not in (6)" + ")" * 31, COLUMNS)
    check(tree, COLUMNS)
    assert kept_by_sqlite([{"year": 5}], tree) == [0]


def test_nothing_cannot_be_joined() -> None:
    with pytest.raises(UsageError, match="at least one filter"):
        all_of()


def test_the_longest_pattern_can_be_answered() -> None:
    tree = like("style", "\U0001f3a8*" * (MAX_PATTERN // 2 - 1) + "%")
    check(tree, COLUMNS)
    assert kept_by_sqlite([{"style": "\U0001f3a8*" * (MAX_PATTERN // 2)}], tree) == [0]
