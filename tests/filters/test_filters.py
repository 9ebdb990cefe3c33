import contextlib
import sqlite3

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hashing.errors import UsageError
from hashing.filters import holds, parse
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
    assert kept == [number for number, item in enumerate(items) if holds(tree, item)]


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
