"""Metadata files: `.csv` (UTF-8, comma) and `.jsonl` (one JSON object a line)."""

import csv
import io
import json
import math
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import PurePath, PurePosixPath

from hashing.errors import InputError

Value = str | int | float
"""One metadata value; a field that is blank in the source is absent from the mapping."""

FILE_COLUMNS = ("file", "file_name")
"""The column that names the picture has one of these names."""

_INTEGER = re.compile(r"-?(0|[1-9][0-9]*)")
_NUMBER = re.compile(r"-?(0|[1-9][0-9]*)(\.[0-9]+)?([eE][+-]?[0-9]+)?")


@dataclass(frozen=True)
class Table:
    """The rows of one metadata file by the picture they name.

    source: where it was read, for messages.
    columns: each column but the one that names pictures, and its type. It is `int` or `float`
    only if every value that is not blank is such a number (`007` and `1_000` are text).
    """

    source: str
    columns: Mapping[str, type]
    rows: Mapping[str, Mapping[str, Value]]


def parse_table(data: bytes, source: str) -> Table:
    """A metadata file's rows; `source` is its name. Raises InputError naming the line at fault."""
    readers = {".csv": _csv_records, ".jsonl": _jsonl_records}
    read = readers.get(PurePath(source).suffix.lower())
    if read is None:
        raise InputError(f"expected metadata as .csv or .jsonl, found {source}")
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise InputError(f"expected UTF-8 text in {source}, found {error.reason}") from None
    texts: dict[str, dict[str, str]] = {}
    columns: dict[str, None] = {}
    for line, record in read(text, source):
        name = _picture_name(record, f"{source}, line {line}")
        if name in texts:
            raise InputError(f"{source}, line {line}: a second row for {name!r}; keep one")
        columns |= dict.fromkeys(record)
        texts[name] = {key: value.strip() for key, value in record.items() if value.strip()}
    return _typed(source, [column for column in columns if column not in FILE_COLUMNS], texts)


def _csv_records(text: str, source: str) -> Iterator[tuple[int, dict[str, str]]]:
    reader = csv.reader(io.StringIO(text, newline=""), strict=True)
    try:
        header = [name.strip() for name in next(reader, [])]
        _check_header(header, source)
        for cells in reader:
            if not cells:
                continue
            if len(cells) != len(header):
                raise InputError(
                    f"{source}, line {reader.line_num}: expected {len(header)} cells, "
                    f"found {len(cells)}"
                )
            yield reader.line_num, dict(zip(header, cells, strict=True))
    except csv.Error as error:
        raise InputError(f"{source}, line {reader.line_num}: broken CSV, {error}") from None


def _check_header(header: list[str], source: str) -> None:
    if not set(header) & set(FILE_COLUMNS):
        raise InputError(
            f"{source}: expected a comma-separated header with a column `file`, found {header}"
        )
    if "" in header or len(set(header)) < len(header):
        raise InputError(f"{source}: expected a different name for each column, found {header}")


def _jsonl_records(text: str, source: str) -> Iterator[tuple[int, dict[str, str]]]:
    # Not splitlines: JSON text may hold U+2028 and its kin unescaped.
    for number, line in enumerate(text.split("\n"), 1):
        if not line.strip():
            continue
        where = f"{source}, line {number}"
        try:
            record = json.loads(line)
        except (ValueError, RecursionError) as error:
            raise InputError(f"{where}: broken JSON, {error}") from None
        if not isinstance(record, dict):
            raise InputError(f"{where}: expected a JSON object, found {line.strip()[:40]}")
        yield number, {key: _json_text(record[key], key, where) for key in record}


def _json_text(value: object, key: str, where: str) -> str:
    """A JSON scalar as a CSV cell would hold it."""
    if value is None:
        return ""
    if isinstance(value, bool):
        return str(value).lower()
    if not isinstance(value, str | int | float):
        raise InputError(f"{where}: expected text or a number for {key!r}, found {value!r:.40}")
    text = str(value)
    if not text.isascii() and any("\ud800" <= letter <= "\udfff" for letter in text):
        raise InputError(f"{where}: expected Unicode text for {key!r}, found half a character")
    return text


def _picture_name(record: Mapping[str, str], where: str) -> str:
    """The picture's path in the form of `Item.path`."""
    names = [record[column] for column in FILE_COLUMNS if column in record]
    if len(names) != 1 or not names[0].strip():
        raise InputError(f"{where}: expected a picture's path in `file` (or `file_name`)")
    return PurePosixPath(names[0].strip().replace("\\", "/")).as_posix()


def _typed(source: str, columns: list[str], texts: dict[str, dict[str, str]]) -> Table:
    types = {
        column: _type_of([row[column] for row in texts.values() if column in row])
        for column in columns
    }
    rows = {
        name: {column: types[column](row[column]) for column in columns if column in row}
        for name, row in texts.items()
    }
    return Table(source, types, rows)


def _type_of(texts: list[str]) -> type:
    if not texts:
        return str
    if all(_INTEGER.fullmatch(text) and -(2**63) <= int(text) < 2**63 for text in texts):
        return int
    if all(_NUMBER.fullmatch(text) and math.isfinite(float(text)) for text in texts):
        return float
    return str
