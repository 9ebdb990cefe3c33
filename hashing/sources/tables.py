"""Metadata files as rows of text, whoever wrote them.

`.csv`, `.tsv` and `.txt` with commas, semicolons, tabs or bars between cells, in UTF-8, UTF-16 or
Windows-1252; `.jsonl` (one object a line) and `.json` (a list of objects), all of them also
compressed by gzip (`.csv.gz`); `.xlsx` (the first sheet that has rows) and `.parquet` where the
extra `tables` is installed. A row that cannot be understood is left out and counted, never the
whole file.
"""

import gzip
import io
import re
import zlib
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, time
from pathlib import PurePath
from typing import Any

from hashing.errors import InputError
from hashing.sources.delimited import csv_records, table_records
from hashing.sources.header import names_pictures
from hashing.sources.left_out import LeftOut
from hashing.sources.objects import (
    Record,
    as_cell,
    json_records,
    json_row,
    jsonl_records,
    needs_extra,
)
from hashing.sources.parquet import rows_of

LARGEST = 1 << 30
"""Bytes of a table that was compressed."""

_UNKEEPABLE = re.compile("[\0\ud800-\udfff]")


@dataclass(frozen=True)
class RawTable:
    """A file's columns in its order and its rows as text."""

    columns: Sequence[str]
    records: Sequence[Record]


def read_table(
    data: bytes, source: str, left_out: LeftOut, names: Collection[str] = ()
) -> RawTable:
    """The rows of a metadata file named `source`, no cell of them blank.

    names: of columns that name pictures, by which a header is known from what stands above it;
    folded as `roles.folded` does. Raises InputError where it is no table.
    """
    suffix = table_suffix(source)
    readers: Mapping[str, Callable[[], Iterable[Record]]] = {
        ".csv": lambda: csv_records(data, source, names, left_out),
        ".tsv": lambda: csv_records(data, source, names, left_out),
        ".txt": lambda: csv_records(data, source, names, left_out),
        ".jsonl": lambda: jsonl_records(data, source, left_out),
        ".json": lambda: json_records(data, source, left_out),
        ".xlsx": lambda: _xlsx_records(data, source, names, left_out),
        ".parquet": lambda: _parquet_records(data, source, left_out),
    }
    if suffix not in readers:
        known = ", ".join(readers)
        raise InputError(f"expected metadata as one of {known}, found {source}")
    if source.lower().endswith(".gz"):
        data = _unpacked(data, source)
    records = [(where, kept(row, where, source, left_out)) for where, row in readers[suffix]()]
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


def table_suffix(name: str) -> str:
    """The ending that tells how a table is written: `.csv` of `a.csv` and of `a.CSV.gz`."""
    path = PurePath(name.lower())
    return path.with_suffix("").suffix if path.suffix == ".gz" else path.suffix


def _unpacked(data: bytes, source: str) -> bytes:
    try:
        with gzip.open(io.BytesIO(data)) as file:
            whole = file.read(LARGEST + 1)
    except (OSError, EOFError, zlib.error) as error:
        raise InputError(f"{source}: broken gzip file ({error})") from None
    if len(whole) > LARGEST:
        raise InputError(f"{source}: expected a table of at most {LARGEST >> 20} MiB, found more")
    return whole


def _xlsx_records(
    data: bytes, source: str, names: Collection[str], left_out: LeftOut
) -> Iterator[Record]:
    try:
        from openpyxl import load_workbook
    except ImportError:
        raise needs_extra(source, "openpyxl", ", or save it as CSV") from None
    try:
        book = load_workbook(io.BytesIO(data), read_only=True, data_only=True)
        sheets: dict[str, list[list[str]]] = {}
        for sheet in book.worksheets:
            sheet.reset_dimensions()  # those that the file tells are wrong in some programs' files
            sheets[sheet.title] = [[_shown(cell) for cell in row] for row in sheet.iter_rows()]
    except Exception as error:  # noqa: BLE001  # a damaged file raises whatever its reader trips on
        raise InputError(f"{source}: not a readable Excel file ({error})") from None
    tables = [title for title, rows in sheets.items() if sum(map(any, rows)) > 1]
    named = (
        title
        for title in tables
        if any(names_pictures(row, names) and sum(map(bool, row)) > 1 for row in sheets[title])
    )
    chosen = next(named, tables[0] if tables else "")
    others = [title for title in tables if title != chosen]
    if others:
        left_out.note("sheet that was not used", *(f"{title} in {source}" for title in others))
    rows = [(f"row {number}", row) for number, row in enumerate(sheets.get(chosen, ()), 1)]
    yield from table_records(rows, source, names, left_out)


def _shown(cell: Any) -> str:
    """A cell as its sheet shows it: noughts that its format adds (`1975.10`, `007`), dates bare."""
    value, form = cell.value, re.fullmatch(r"(0+)(?:\.(0+))?", cell.number_format or "")
    if form and isinstance(value, int | float) and not isinstance(value, bool):
        after = len(form[2] or "")
        return f"{value:0{len(form[1]) + bool(after) + after}.{after}f}"
    if isinstance(value, datetime) and value.time() == time():
        value = value.date()
    return as_cell(value) or ""


def _parquet_records(data: bytes, source: str, left_out: LeftOut) -> Iterator[Record]:
    for number, record in enumerate(rows_of(data, source), 1):
        yield from json_row(record, f"row {number}", source, left_out)
