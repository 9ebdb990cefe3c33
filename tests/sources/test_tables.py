import csv
import gzip
import io
import json
import zipfile

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hashing.errors import InputError
from hashing.sources.columns import typed
from hashing.sources.left_out import LeftOut
from hashing.sources.metadata import Table, parse_table

PLAIN = "file,title,year\na.png,Wave,1831\nb/c.png,Café,1900\n"
ROWS = {"a.png": {"title": "Wave", "year": "1831"}, "b/c.png": {"title": "Café", "year": "1900"}}


def parse(data: bytes | str, source: str = "m.csv", **columns: str) -> tuple[Table, LeftOut]:
    left_out = LeftOut()
    data = data.encode() if isinstance(data, str) else data
    return parse_table(data, source, left_out, columns), left_out


@pytest.mark.parametrize(
    "data",
    [
        PLAIN.encode(),
        b"\xef\xbb\xbf" + PLAIN.replace("\n", "\r\n").encode(),
        PLAIN.replace(",", ";").encode(),
        PLAIN.replace(",", "\t").encode("utf-16"),
        PLAIN.replace(",", "|").encode("utf-16-le"),
        PLAIN.encode("utf-16-be"),
        ("# 一\n" + PLAIN).encode("utf-16-le"),  # a nought where others have none
        PLAIN.encode("cp1252"),
        b"sep=,\r\n" + PLAIN.encode(),
        b"# exported today\n\n" + PLAIN.encode(),
        b"# file, as exported today\n" + PLAIN.encode(),
        b"# file,title,year\n" + PLAIN.encode(),
        b"#" + PLAIN.encode(),
        b"# notes\n#" + PLAIN.replace(",", "\t").encode(),
        PLAIN.replace("file", "File Name").encode(),
        PLAIN.replace("file", "image_path").encode(),
        PLAIN.replace("file", "what it is").encode(),  # by what its cells look like
        PLAIN.replace("\n", ",,\n").encode(),
        PLAIN.replace("\n", "\n\n").encode() + b",,\n ,\t,\n",
        PLAIN.encode() + b"a.png,Wave,1831\n",
        PLAIN.replace("a.png", r"./x\..\a.png").encode(),
    ],
)
def test_tables_of_all_kinds_of_programs(data: bytes) -> None:
    table, left_out = parse(data)
    assert dict(table.rows) == ROWS
    assert list(table.columns) == ["title", "year"]
    assert not left_out.faults


@pytest.mark.parametrize(
    ("cell", "title"),
    [
        ('12" plate', '12" plate'),
        ('"a ""quoted"" one, with a comma"', 'a "quoted" one, with a comma'),
        (r'"The \"Great\" Wave"', 'The "Great" Wave'),
        ("x" * 140_000, "x" * 140_000),
        (" spaces ", "spaces"),
    ],
)
def test_cells_as_they_are_written(cell: str, title: str) -> None:
    table, _ = parse(f"file,title\na.png,{cell}\nb.png,T\n")
    assert table.rows["a.png"]["title"] == title


@pytest.mark.parametrize(
    ("rows", "kind", "example"),
    [
        ("a.png,1,2,3\n", "row with more cells than columns", "line 2 of m.csv"),
        (",Twelve works\n", "row that names no picture", "line 2 of m.csv"),
        ("a.png,1\n./a.png,2\n", "second row of a picture", "a.png in line 3 of m.csv"),
    ],
)
def test_rows_that_cannot_be_used_are_counted(rows: str, kind: str, example: str) -> None:
    table, left_out = parse(f"file,x\n{rows}z.png,9\n")
    assert table.rows["z.png"] == {"x": "9"}
    assert left_out == {kind: [example]}
    assert left_out.faults == {kind}


def test_short_rows_are_filled_and_row_numbers_left_out() -> None:
    table, left_out = parse(",file,x,y\n0,a.png,1\n1,b.png,2,3\n")
    assert table.rows == {"a.png": {"x": "1"}, "b.png": {"x": "2", "y": "3"}}
    assert list(table.columns) == ["x", "y"]
    assert left_out == {"cell in a column without a name": ["m.csv", "m.csv"]}


@pytest.mark.parametrize(
    "above",
    [
        "Museum of Art: export, 12 June 2026\n\n",
        "Museum of Art;;\nExported by;Miller;\n",
        '"Works; all, of them"\n',
        "Images\n",
    ],
)
@pytest.mark.parametrize("delimiter", [",", ";", "\t"])
def test_lines_above_the_header_are_passed_over_and_said(above: str, delimiter: str) -> None:
    lines = above.replace(";", delimiter) if above.count(";") > 1 else above
    table, left_out = parse(lines + PLAIN.replace(",", delimiter))
    assert table.rows == ROWS
    (kind,) = left_out
    assert kind == "line before a table's header"
    assert left_out[kind][0] == "line 1 of m.csv"
    scans = PLAIN.replace("file", "Scan").replace(",", delimiter)
    assert parse(lines + scans, file="scan")[0].rows == ROWS


def test_a_row_may_name_several_pictures() -> None:
    text = 'file,title\n"a.png; b/c.png",Both\n"d, e.png",One\n"f.png\ng.png",More\n'
    assert parse(text)[0].rows == {
        "a.png": {"title": "Both"},
        "b/c.png": {"title": "Both"},
        "d, e.png": {"title": "One"},
        "f.png": {"title": "More"},
        "g.png": {"title": "More"},
    }
    trailing = parse("file,title\na.png; ,A\n")[0]
    assert trailing.rows == {"a.png": {"title": "A"}}
    alone = parse("Images\na.png;b.png\nc, d.png\n")[0]
    assert list(alone.rows) == ["a.png", "b.png", "c, d.png"]
    listed = json.dumps([{"images": ["a.png", "b.png"], "title": "Both"}])
    assert list(parse(listed, "m.json")[0].rows) == ["a.png", "b.png"]


def test_tables_may_be_compressed() -> None:
    packed = gzip.compress(PLAIN.encode())
    assert parse(packed, "m.csv.gz")[0].rows == ROWS
    assert parse(gzip.compress(b'{"file": "a.png", "x": 1}'), "m.JSONL.GZ")[0].rows == {
        "a.png": {"x": "1"}
    }
    for broken in (packed[:-9], b"no"):
        with pytest.raises(InputError, match="broken gzip file"):
            parse(broken, "m.csv.gz")


def test_what_unpacks_without_end_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("hashing.sources.tables.LARGEST", 1000)
    with pytest.raises(InputError, match="at most"):
        parse(gzip.compress(bytes(2000)), "m.csv.gz")


def test_a_column_may_be_called_by_a_number_sign() -> None:
    table, left_out = parse('#,file,title\n1,a.png,"Wave, the"\n2,b.png,Sea\n')
    assert table.rows["a.png"] == {"#": "1", "title": "Wave, the"}
    assert not left_out


def test_equal_columns_get_different_names() -> None:
    table, _ = parse("file,Title,title,title\na.png,A,b,c\n")
    assert table.rows["a.png"] == {"Title": "A", "title (2)": "b", "title (3)": "c"}


def test_columns_can_be_named() -> None:
    text = "Object,Scan,Maker,artist\n1975.10,a.png,Monet,x\n"
    table, _ = parse(text, file="scan", artist="Maker")
    assert table.rows == {"a.png": {"Object": "1975.10", "artist": "Monet"}}
    with pytest.raises(InputError, match="unknown column 'Skan'; did you mean Scan"):
        parse(text, file="Skan")


@pytest.mark.parametrize(
    ("source", "data", "words"),
    [
        ("m.doc", b"file\n", "as one of .csv, .tsv, .txt, .jsonl, .json, .xlsx, .parquet, found"),
        ("m.csv", b"", "a header and rows"),
        ("m.csv", b"name,x\nWave,1\n", 'found name, x; say which it is with --columns file="NAME"'),
        (
            "m.csv",
            b"a.png,Sunset\nb.png,Dawn\n",
            "names of its columns in the first row, found 'a.png'",
        ),
        ("m.json", b"{}", "list of objects"),
        ("m.json", b"[", "broken JSON"),
        ("m.csv", b"file\n\x81\xff\n", "UTF-8, UTF-16 or Windows-1252"),
        ("m.xlsx", b"no", "not a readable Excel file"),
        ("m.parquet", b"no", "not a readable Parquet file"),
    ],
)
def test_what_is_no_table_is_refused_in_one_line(source: str, data: bytes, words: str) -> None:
    with pytest.raises(InputError) as caught:
        parse(data, source)
    assert words in str(caught.value)
    assert source in str(caught.value)
    assert "\n" not in str(caught.value)


def test_json_values_become_what_their_cells_would_be() -> None:
    line = {
        "file": "a.png", "s": "x\u2028y", "i": 3, "f": 0.5, "b": True, "n": None, "t": "12",
        "tags": ["sea", "boat"], "box": {"x": [1]}, "boxes": [[1, 2]], "half": "\ud800",
    }  # fmt: skip
    fields = {"s": "x\u2028y", "i": "3", "f": "0.5", "b": "true", "t": "12", "tags": "sea, boat"}
    broken = '{"file"\n[1]\n'
    table, left_out = parse(json.dumps(line) + "\n" + broken, "m.jsonl")
    assert table.rows["a.png"] == fields | {"half": "?"}
    assert {kind: len(names) for kind, names in left_out.items()} == {
        "nested value": 2,
        "row that is no JSON object": 2,
        "character that no text may hold": 1,
    }
    array, _ = parse(json.dumps([line]), "m.json")
    assert array.rows == table.rows


def with_dimension(excel: io.BytesIO, told: bytes) -> bytes:
    made = io.BytesIO()
    with zipfile.ZipFile(excel) as book, zipfile.ZipFile(made, "w") as copy:
        for name in book.namelist():
            data = book.read(name)
            if name.endswith("sheet1.xml"):
                assert b'ref="A1:C3"' in data
                data = data.replace(b'ref="A1:C3"', b'ref="%s"' % told)
            copy.writestr(name, data)
    return made.getvalue()


def test_excel_and_parquet() -> None:
    openpyxl = pytest.importorskip("openpyxl", reason="the extra `tables` is not installed")
    pyarrow = pytest.importorskip("pyarrow", reason="the extra `tables` is not installed")
    from pyarrow import parquet

    book = openpyxl.Workbook()
    for row in (["file", "title", "year"], ["a.png", "Wave", 1831], ["b/c.png", "Café", 1900]):
        book.active.append(row)
    excel = io.BytesIO()
    book.save(excel)
    assert parse(excel.getvalue(), "m.xlsx")[0].rows == ROWS
    for told in (b"A1", b"A1:B2", b"A1:Z999"):  # as some programs leave it
        assert parse(with_dimension(excel, told), "m.xlsx")[0].rows == ROWS
    rows = [{"file": name, **row, "year": int(row["year"])} for name, row in ROWS.items()]
    columns = io.BytesIO()
    parquet.write_table(pyarrow.Table.from_pylist(rows), columns)
    assert parse(columns.getvalue(), "m.parquet")[0].rows == ROWS


cells = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), max_size=8)


@settings(max_examples=100, derandomize=True, deadline=None)
@given(st.lists(st.tuples(cells, cells), max_size=6))
def test_any_table_that_csv_writes_is_read_back(rows: list[tuple[str, str]]) -> None:
    buffer = io.StringIO(newline="")
    csv.writer(buffer).writerows(
        [("file", "a", "b"), ("z.png", "1", "2"), *((f"{i}.png", *r) for i, r in enumerate(rows))]
    )
    table, _ = parse(buffer.getvalue())
    assert len(table.rows) == len(rows) + 1
    for i, row in enumerate(rows):
        for column, text in zip("ab", row, strict=True):
            assert table.rows[f"{i}.png"].get(column, "") == text.strip()


@pytest.mark.parametrize(
    ("title", "encoding"),
    [
        ("Wave\0\0\0\0", "utf-8"),
        ("Wa\0ve", "utf-8"),
        ("Wäv\0e\0\0", "utf-8"),
        ("Wäve\0\0", "cp1252"),
    ],
)
def test_noughts_in_cells_make_no_utf_16(title: str, encoding: str) -> None:
    table, left_out = parse(f"file,title\na.png,{title}\nb.png,B\n".encode(encoding))
    assert table.rows == {"a.png": {"title": title.replace("\0", "")}, "b.png": {"title": "B"}}
    assert left_out["character that no text may hold"] == ["line 2 of m.csv"]


@pytest.mark.parametrize("encoding", ["utf-16-le", "utf-16-be"])
def test_utf_16_without_a_mark_may_hold_few_noughts(encoding: str) -> None:
    title = "神奈川沖浪裏" * 20
    table, _ = parse(f"画像,file,題名\n波,a.png,{title}\n".encode(encoding))
    assert table.rows == {"a.png": {"画像": "波", "題名": title}}


@pytest.mark.parametrize("suffix", ["csv", "jsonl"])
def test_numbers_and_characters_that_no_column_keeps(suffix: str) -> None:
    digits, left_out = "9" * 5000, LeftOut()
    if suffix == "csv":
        text = f"file,year,t\na.jpg,{digits},x\nb.jpg,1900,a\0b\n"
    else:
        text = f'{{"file": "a.jpg", "t\\ud800": "x", "year": "{digits}"}}\n'
        text += '{"file": "b.jpg", "t": "a\\u0000b", "year": 1900}\n'
    table = parse_table(text.encode(), f"m.{suffix}", left_out)
    kinds, rows = typed(table.columns, table.rows)
    assert kinds["year"] is int
    assert rows["b.jpg"] == {"year": 1900, "year_written": "1900", "t": "ab"}
    other = "t?" if suffix == "jsonl" else "t"
    assert rows["a.jpg"] == {"year_written": digits, other: "x"}
    assert left_out["character that no text may hold"]
