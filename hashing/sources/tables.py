"""Metadata files as rows of text, whoever wrote them.

`.csv`, `.tsv` and `.txt` with commas, semicolons, tabs or bars between cells, in UTF-8, UTF-16 or
Windows-1252; `.jsonl` (one object a line) and `.json` (a list of objects); `.xlsx` (the first
sheet that has rows) and `.parquet` where the extra `tables` is installed. A row that cannot be
understood is left out and counted, never the whole file.
"""

import csv
import io
import json
import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import PurePath

from hashing.errors import InputError
from hashing.sources.left_out import LeftOut

DELIMITERS = ",;\t|"
LONGEST = 1 << 24
"""Characters in one cell."""

_UNKEEPABLE = re.compile("[\0\ud800-\udfff]")

Record = tuple[str, dict[str, str]]
"""Where a row stands (`line 7`) and its cells by column, none of them blank."""


@dataclass(frozen=True)
class RawTable:
    """A file's columns in its order and its rows as text."""

    columns: Sequence[str]
    records: Sequence[Record]


def read_table(data: bytes, source: str, left_out: LeftOut) -> RawTable:
    """The rows of a metadata file named `source`. Raises InputError where it is no table."""
    suffix = PurePath(source).suffix.lower()
    readers: Mapping[str, Callable[[bytes, str, LeftOut], Iterable[Record]]] = {
        ".csv": _csv_records,
        ".tsv": _csv_records,
        ".txt": _csv_records,
        ".jsonl": _jsonl_records,
        ".json": _json_records,
        ".xlsx": _xlsx_records,
        ".parquet": _parquet_records,
    }
    if suffix not in readers:
        known = ", ".join(readers)
        raise InputError(f"expected metadata as one of {known}, found {source}")
    read = readers[suffix](data, source, left_out)
    records = [(where, kept(row, where, source, left_out)) for where, row in read]
    columns = dict.fromkeys(name for _, row in records for name in row)
    filled = [
        (where, {k: v.strip() for k, v in row.items() if v.strip()}) for where, row in records
    ]
    return RawTable(list(columns), filled)


def kept(row: dict[str, str], where: str, source: str, left_out: LeftOut) -> dict[str, str]:
    """A row without the characters that no store keeps: nulls and halves of UTF-16 pairs."""
    if not any(_UNKEEPABLE.search(text) for pair in row.items() for text in pair):
        return row
    left_out.note("character that no text may hold", f"{where} of {source}")

    def plain(text: str) -> str:
        return text.replace("\0", "").encode("utf-8", "replace").decode()

    return {plain(key): plain(text) for key, text in row.items()}


def decode_text(data: bytes, source: str, left_out: LeftOut) -> str:
    """A file's text: its byte order mark decides, else UTF-8, UTF-16 by its noughts, Windows-1252.

    Raises InputError for what is no text.
    """
    encodings = ["utf-8-sig"]
    if data[:2] in (b"\xff\xfe", b"\xfe\xff"):
        encodings = ["utf-16"]
    elif b"\0" in data[:200]:
        encodings = ["utf-16-le" if data[1:2] == b"\0" else "utf-16-be"]
    else:
        encodings.append("cp1252")
    for encoding in encodings:
        try:
            text = data.decode(encoding)
        except UnicodeDecodeError:
            continue
        if encoding == "cp1252":
            left_out.note("file that is not UTF-8 and was read as Windows-1252", source)
        return text
    raise InputError(
        f"expected text in {source} (UTF-8, UTF-16 or Windows-1252), found other bytes"
    )


def _csv_records(data: bytes, source: str, left_out: LeftOut) -> Iterator[Record]:
    csv.field_size_limit(LONGEST)
    lines, delimiter, first = _body(decode_text(data, source, left_out))
    rows = _rows(lines, delimiter, source)
    _, head = next(rows, (0, []))
    names = _header(head)
    for line, cells in rows:
        if not any(cell.strip() for cell in cells):
            continue
        where = f"line {line + first}"
        if any(cell.strip() for cell in cells[len(names) :]):
            left_out.note("row with more cells than columns", f"{where} of {source}", fault=True)
            continue
        yield where, dict.fromkeys(filter(None, names), "") | _named(names, cells, source, left_out)


def _body(text: str) -> tuple[str, str, int]:
    """The table's text, its delimiter, and how many lines stand before it."""
    skipped = 0
    delimiter = ""
    while text:
        line, _, rest = text.partition("\n")
        bare = line.strip()
        if bare.lower().startswith("sep=") and len(bare) == 5:
            delimiter = bare[4]
        elif bare.lower() == "sep=" and line.rstrip("\r\n").endswith("\t"):
            delimiter = "\t"
        elif bare and not bare.startswith("#"):
            break
        text, skipped = rest, skipped + 1
    return text, delimiter or _delimiter(text), skipped


def _delimiter(text: str) -> str:
    """The one that most rows of the start agree on with the most cells."""

    def score(delimiter: str) -> tuple[int, int]:
        start = csv.reader(io.StringIO(text[:20_000], newline=""), delimiter=delimiter)
        counts = []
        with suppress(csv.Error):
            counts = [len(row) for row, _ in zip(start, range(20), strict=False) if row]
        columns = counts[0] if counts else 0
        return (columns > 1) * sum(count == columns for count in counts), columns

    return max(DELIMITERS, key=score)


def _rows(text: str, delimiter: str, source: str) -> Iterator[tuple[int, list[str]]]:
    """Rows with the number of their line; quotes doubled as CSV has them, or else escaped."""
    plain: dict[str, object] = {"delimiter": delimiter, "strict": True}
    for options in (plain, plain | {"escapechar": "\\"}, plain | {"quoting": csv.QUOTE_NONE}):
        reader = csv.reader(io.StringIO(text, newline=""), **options)  # type: ignore[arg-type]
        try:
            rows = [(reader.line_num, row) for row in reader]
        except csv.Error as error:
            problem = error
            continue
        yield from rows
        return
    raise InputError(f"{source}: broken CSV, {problem}")


def _named(
    names: Sequence[str], cells: Sequence[str], source: str, left_out: LeftOut
) -> dict[str, str]:
    """Cells by column; what stands in a column without a name (a row number) is left out."""
    pairs = list(zip(names, cells, strict=False))
    if any(cell.strip() for name, cell in pairs if not name):
        left_out.note("cell in a column without a name", source)
    return {name: cell for name, cell in pairs if name}


def _header(head: Sequence[str]) -> list[str]:
    """The columns' names, equal ones made different."""
    names: list[str] = []
    taken: set[str] = set()
    for cell in head:
        name = plain = cell.strip()
        number = 2
        while name and name.casefold() in taken:
            name, number = f"{plain} ({number})", number + 1
        taken.add(name.casefold())
        names.append(name)
    return names


def _jsonl_records(data: bytes, source: str, left_out: LeftOut) -> Iterator[Record]:
    # Not splitlines: JSON text may hold U+2028 and its kin unescaped.
    for number, line in enumerate(decode_text(data, source, left_out).split("\n"), 1):
        if line.strip():
            try:
                record = json.loads(line)
            except (ValueError, RecursionError):
                record = None
            yield from _json_row(record, f"line {number}", source, left_out)


def _json_records(data: bytes, source: str, left_out: LeftOut) -> Iterator[Record]:
    try:
        rows = json.loads(decode_text(data, source, left_out))
    except (ValueError, RecursionError) as error:
        raise InputError(f"{source}: broken JSON, {error}") from None
    if isinstance(rows, dict):
        rows = _json_list(rows, source, left_out)
    if not isinstance(rows, list):
        raise InputError(f"{source}: expected a list of objects, found {type(rows).__name__}")
    for number, record in enumerate(rows, 1):
        yield from _json_row(record, f"object {number}", source, left_out)


def _json_list(whole: dict[str, object], source: str, left_out: LeftOut) -> object:
    """The rows of an object: its values by the file that each is of, or its one list of objects.

    Of several lists (as COCO has them) the one called `images` counts.
    """
    if whole and all(isinstance(value, dict) for value in whole.values()):
        return [{"file": key} | value for key, value in whole.items() if isinstance(value, dict)]
    lists = {
        key: value
        for key, value in whole.items()
        if isinstance(value, list) and value and isinstance(value[0], dict)
    }
    if len(lists) > 1 and "images" in lists:
        others = [f"{key} in {source}" for key in lists if key != "images"]
        left_out.note("list of a JSON file that was not used", *others)
        return lists["images"]
    return next(iter(lists.values())) if len(lists) == 1 else whole


def _json_row(record: object, where: str, source: str, left_out: LeftOut) -> Iterator[Record]:
    if not isinstance(record, dict):
        left_out.note("row that is no JSON object", f"{where} of {source}", fault=True)
        return
    row = {}
    for key, value in record.items():
        text = as_cell(value)
        if text is None:
            left_out.note("nested value", f"{key!r} in {where} of {source}")
        else:
            row[key] = text
    yield where, row


def as_cell(value: object) -> str | None:
    """A value as a CSV cell would hold it, a list of scalars joined; None for nested ones."""
    if value is None:
        return ""
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, list):
        parts = [as_cell(part) for part in value]
        whole = [part for part in parts if part is not None]
        flat = len(whole) == len(parts) and not any(isinstance(part, list) for part in value)
        return ", ".join(filter(None, whole)) if flat else None
    if isinstance(value, dict | bytes):
        return None
    return str(value)


def _xlsx_records(data: bytes, source: str, left_out: LeftOut) -> Iterator[Record]:
    try:
        from openpyxl import load_workbook
    except ImportError:
        raise _needs_extra(source, "openpyxl") from None
    try:
        sheets = load_workbook(io.BytesIO(data), read_only=True, data_only=True).worksheets
        tables = (
            [[as_cell(cell) or "" for cell in row] for row in sheet.iter_rows(values_only=True)]
            for sheet in sheets
        )
        rows = next((table for table in tables if sum(map(any, table)) > 1), [])
    except Exception as error:  # noqa: BLE001  # a damaged file raises whatever its reader trips on
        raise InputError(f"{source}: not a readable Excel file ({error})") from None
    names = _header(rows[0] if rows else [])
    for number, cells in enumerate(rows[1:], 2):
        if any(cells):
            yield f"row {number}", _named(names, cells, source, left_out)


def _parquet_records(data: bytes, source: str, left_out: LeftOut) -> Iterator[Record]:
    try:
        import pyarrow
        from pyarrow import parquet
    except ImportError:
        raise _needs_extra(source, "pyarrow") from None
    try:
        rows = parquet.read_table(io.BytesIO(data)).to_pylist()
    except (pyarrow.ArrowException, OSError, ValueError) as error:
        raise InputError(f"{source}: not a readable Parquet file ({error})") from None
    for number, record in enumerate(rows, 1):
        yield from _json_row(record, f"row {number}", source, left_out)


def _needs_extra(source: str, package: str) -> InputError:
    return InputError(
        f'{source} is read by {package}, which is not installed: pip install -e ".[tables]" '
        "in the checkout, or save it as CSV"
    )
