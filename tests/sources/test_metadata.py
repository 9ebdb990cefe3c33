import csv
import io
import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hashing.errors import InputError
from hashing.sources.metadata import parse_table


@pytest.mark.parametrize(
    ("texts", "kind", "values"),
    [
        (["1", "-2", "0"], int, [1, -2, 0]),
        (["1", "2.50", "-1e3"], float, [1.0, 2.5, -1000.0]),
        (["1", "c. 1900"], str, ["1", "c. 1900"]),
        (["007", "12"], str, ["007", "12"]),
        (["1_000"], str, ["1_000"]),
        (["nan"], str, ["nan"]),
        (["1e999"], str, ["1e999"]),
        (["٣"], str, ["٣"]),
        (["9223372036854775807"], int, [2**63 - 1]),
        (["9223372036854775808"], float, [2.0**63]),
        (["", "  "], str, []),
        (["", "5"], int, [5]),
    ],
)
def test_a_column_is_a_number_only_if_every_value_is(
    texts: list[str], kind: type, values: list[object]
) -> None:
    lines = "".join(f"{i}.png,{text}\n" for i, text in enumerate(texts))
    table = parse_table(f"file,x\n{lines}".encode(), "m.csv")
    assert table.columns == {"x": kind}
    assert [row["x"] for row in table.rows.values() if row] == values


@pytest.mark.parametrize(
    ("source", "text", "words"),
    [
        ("m.txt", "file\n", "as .csv or .jsonl, found m.txt"),
        ("m.csv", "", "header with a column `file`"),
        ("m.csv", "file;style\na.png;x\n", "comma-separated header"),
        ("m.csv", "file,x,x\n", "a different name for each column"),
        ("m.csv", "file,\n", "a different name for each column"),
        ("m.csv", "file,x\na.png\n", "line 2: expected 2 cells, found 1"),
        ("m.csv", 'file,x\na.png,"b\nc"\nd.png,1,2\n', "line 4: expected 2 cells, found 3"),
        ("m.csv", 'file,x\na.png,"open\n', "broken CSV"),
        ("m.csv", "file,x\na.png,1\na.png,2\n", "line 3: a second row for 'a.png'"),
        ("m.csv", "file,x\na.png,1\n./a.png,2\n", "line 3: a second row for 'a.png'"),
        ("m.csv", "file,x\n ,1\n", "line 2: expected a picture's path"),
        ("m.csv", "file,file_name\na.png,b.png\n", "line 2: expected a picture's path"),
        ("m.jsonl", '{"file": "a.png"}\n{"file"\n', "line 2: broken JSON"),
        ("m.jsonl", "[" * 100_000, "line 1: broken JSON"),
        ("m.jsonl", "[1]\n", "line 1: expected a JSON object, found"),
        ("m.jsonl", '\n{"x": 1}\n', "line 2: expected a picture's path"),
        ("m.jsonl", '{"file": "a", "x": [1]}\n', "expected text or a number for 'x'"),
        ("m.jsonl", '{"file": "a", "x": "\\ud800"}\n', "found half a character"),
    ],
)
def test_what_cannot_be_read_is_named_by_line(source: str, text: str, words: str) -> None:
    with pytest.raises(InputError) as caught:
        parse_table(text.encode(), source)
    assert words in str(caught.value)
    assert source in str(caught.value)
    assert "\n" not in str(caught.value)


def test_only_utf8_is_read() -> None:
    with pytest.raises(InputError, match=r"UTF-8 text in m\.csv"):
        parse_table("file\nCézanne.png\n".encode("latin-1"), "m.csv")


def test_json_values_become_what_their_cells_would_be() -> None:
    line = {"file": "a.png", "s": "x\u2028y", "i": 3, "f": 0.5, "b": True, "n": None, "t": "12"}
    table = parse_table(json.dumps(line, ensure_ascii=False).encode(), "m.jsonl")
    assert table.rows["a.png"] == {"s": "x\u2028y", "i": 3, "f": 0.5, "b": "true", "t": 12}


cells = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), max_size=8)


@settings(max_examples=100, derandomize=True, deadline=None)
@given(st.lists(st.tuples(cells, cells), max_size=6))
def test_any_table_that_csv_writes_is_read_back(rows: list[tuple[str, str]]) -> None:
    buffer = io.StringIO(newline="")
    csv.writer(buffer).writerows(
        [("file", "a", "b"), *((f"{i}.png", *row) for i, row in enumerate(rows))]
    )
    table = parse_table(buffer.getvalue().encode(), "m.csv")
    assert len(table.rows) == len(rows)
    for fields, row in zip(table.rows.values(), rows, strict=True):
        for column, text in zip("ab", row, strict=True):
            if table.columns[column] is str:
                assert fields.get(column, "") == text.strip()
            elif text.strip():
                assert fields[column] == float(text)
