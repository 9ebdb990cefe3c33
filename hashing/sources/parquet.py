"""Pictures within Parquet files, as Hugging Face publishes data sets, with their other columns.

A picture is a column of objects with `bytes` and `path`, or of bytes that are a picture's. It is
called by its file and its path (`train-00000-of-00001/cat.jpg`) or its row.
"""

import io
import json
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import lru_cache
from itertools import islice
from pathlib import Path, PurePosixPath
from typing import Any, BinaryIO

from hashing.errors import InputError
from hashing.images import HEAD, kind_of
from hashing.sources.folder import find_files
from hashing.sources.left_out import LeftOut
from hashing.sources.objects import as_cell, needs_extra

SUFFIX = ".parquet"
LOOKED = 64
"""Cells of a column that hold something, among which one is a picture if it is one of pictures."""


@dataclass(frozen=True)
class Row:
    """Where a picture stands: its file, row group, row within that, and column."""

    file: Path
    group: int
    row: int
    column: str


@dataclass(frozen=True)
class ParquetPictures:
    """Pictures by name, as an archive has its members."""

    members: Mapping[str, Row]

    def read(self, name: str, limit: int | None = None) -> bytes:
        """A picture's first `limit` bytes, by default all. Raises OSError when it has gone."""
        row = self.members.get(name)
        if row is None:
            raise FileNotFoundError(f"no picture {name} in the Parquet files")
        values = _group(row.file, row.file.stat().st_mtime_ns, row.group, row.column)
        return _bytes_of(values[row.row].as_py())[:limit]


Texts = dict[str, Mapping[str, str]]


def parquet_files(path: Path, exclude: Sequence[str] = ()) -> list[Path]:
    """The Parquet files at or below a place; exclude: see `sieve.why_not`."""
    if path.is_file():
        return [path] if path.suffix.lower() == SUFFIX else []
    return find_files(path, SUFFIX, exclude)


def files_with_pictures(path: Path, exclude: Sequence[str] = ()) -> dict[Path, tuple[str, str]]:
    """Those of them that hold pictures.

    Of each the first column that does, and an ending for pictures without a name.
    """
    columns = ((file, _picture_column(file)) for file in parquet_files(path, exclude))
    return {file: column for file, column in columns if column is not None}


def read_parquet(
    root: Path, files: Mapping[Path, tuple[str, str]], left_out: LeftOut
) -> tuple[ParquetPictures, list[str], Texts]:
    """Pictures, the other columns, and these as text by the picture's name."""
    members: dict[str, Row] = {}
    texts: Texts = {}
    columns: dict[str, None] = {}
    for file, (column, ending) in files.items():
        within = "" if root.is_file() else file.relative_to(root).with_suffix("").as_posix() + "/"
        for name, row, fields in _rows(file, column, ending, left_out):
            members[within + name], texts[within + name] = row, fields
            columns.update(dict.fromkeys(fields))
    return ParquetPictures(members), list(columns), texts


def _rows(
    file: Path, column: str, ending: str, left_out: LeftOut
) -> Iterator[tuple[str, Row, Mapping[str, str]]]:
    """Names, places and other cells; no picture is read for them."""
    parquet = open_parquet(file, str(file))
    classes = _class_names(parquet)
    known = parquet.schema_arrow.names
    wanted = [name for name in known if name != column]
    names = _names(list(_paths(parquet, file, column)), ending)
    for group in range(parquet.num_row_groups):
        length = parquet.metadata.row_group(group).num_rows
        rows = _read(parquet, file, group, wanted).to_pylist() if wanted else [{}] * length
        for place, record in enumerate(rows):
            cells = _cells(record, classes, file, left_out)
            yield next(names), Row(file, group, place, column), cells


def _paths(parquet: Any, file: Path, column: str) -> Iterator[str]:
    """The path of each row's picture, empty where it has none."""
    if not _has_path(parquet.schema_arrow.field(column).type):
        yield from [""] * parquet.metadata.num_rows
        return
    for group in range(parquet.num_row_groups):
        for value in _read(parquet, file, group, [f"{column}.path"]).column(column).to_pylist():
            yield str((value or {}).get("path") or "")


def _names(paths: Sequence[str], ending: str) -> Iterator[str]:
    """What each row is called: the file of its path, or its number where another has that name."""
    files = [PurePosixPath(path.replace("\\", "/")).name for path in paths]
    taken, used = set(files), {""}
    for number, name in enumerate(files):
        if name in used:
            made = f"{number:08}.{ending}"
            while made in taken:
                made = f"_{made}"
            yield made
        else:
            used.add(name)
            yield name


def _cells(
    record: Mapping[str, Any], names: Mapping[str, list[str]], file: Path, left_out: LeftOut
) -> dict[str, str]:
    """The other columns of a row; classes by their names."""
    cells = {}
    for key, value in record.items():
        known = names.get(key, [])
        named = isinstance(value, int) and 0 <= value < len(known)
        text = known[value] if named else as_cell(value)
        if text is None:
            left_out.note("nested value", f"{key!r} of {file.name}")
        elif text.strip():
            cells[key] = text.strip()
    return cells


def _class_names(parquet: Any) -> Mapping[str, list[str]]:
    """What the numbers of classes mean, where Hugging Face's own notes in the file say so."""
    noted = (parquet.schema_arrow.metadata or {}).get(b"huggingface", b"{}")
    try:
        features = json.loads(noted).get("info", {}).get("features", {})
        found = {
            name: [str(each) for each in feature.get("names", [])]
            for name, feature in features.items()
            if isinstance(feature, dict)
        }
    except (ValueError, AttributeError, TypeError, RecursionError):
        return {}
    return found


def _picture_column(file: Path) -> tuple[str, str] | None:
    """The first column that holds pictures, and an ending for those without a name."""
    parquet = open_parquet(file, str(file))
    for field in parquet.schema_arrow:
        if not (_is_object(field.type) or _is_bytes(field.type)):
            continue
        with _sound(f"{file}: damaged"):
            kind = next(filter(None, islice(_kinds(parquet, field.name), LOOKED)), None)
        if kind is not None:
            return str(field.name), kind.lower().replace(" ", "")
    return None


def _kinds(parquet: Any, column: str) -> Iterator[str | None]:
    """Of which kind of picture each cell is that holds anything, None for what is no picture."""
    for batch in parquet.iter_batches(32, columns=[column]):
        for value in batch.column(0).to_pylist():
            if head := _bytes_of(value)[:HEAD]:
                yield kind_of(head)


def _is_object(kind: Any) -> bool:
    return _names_of(kind) >= {"bytes"}


def _has_path(kind: Any) -> bool:
    return _names_of(kind) >= {"bytes", "path"}


def _names_of(kind: Any) -> set[str]:
    return {kind.field(place).name for place in range(kind.num_fields)}


def _is_bytes(kind: Any) -> bool:
    return str(kind) in ("binary", "large_binary")


def open_parquet(file: Path | BinaryIO, name: str, instead: str = "") -> Any:
    """A Parquet file; instead: as in `needs_extra`. Raises InputError where it cannot be read."""
    try:
        from pyarrow import parquet
    except ImportError:
        raise needs_extra(name, "pyarrow", instead) from None
    with _sound(f"{name}: not a readable"):
        return parquet.ParquetFile(file)


def rows_of(data: bytes, name: str) -> list[dict[str, Any]]:
    """All rows of a Parquet file, by column. Raises InputError, as `open_parquet` does."""
    parquet = open_parquet(io.BytesIO(data), name, ", or save it as CSV")
    with _sound(f"{name}: not a readable"):
        rows: list[dict[str, Any]] = parquet.read().to_pylist()
        return rows


def _read(parquet: Any, file: Path, group: int, columns: Sequence[str]) -> Any:
    with _sound(f"{file}: damaged"):
        return parquet.read_row_group(group, columns=columns)


@contextmanager
def _sound(what: str) -> Iterator[None]:
    """What pyarrow trips on in a damaged file is an InputError."""
    import pyarrow

    try:
        yield
    except (pyarrow.ArrowException, OSError, ValueError) as error:
        raise InputError(f"{what} Parquet file ({error})") from None


@lru_cache(maxsize=2)
def _group(file: Path, changed: int, group: int, column: str) -> Any:
    """One column of a row group, for pictures are read one after the other."""
    try:
        return _read(open_parquet(file, str(file)), file, group, [column]).column(column)
    except InputError as error:
        raise OSError(str(error)) from None


def _bytes_of(value: Any) -> bytes:
    data = value.get("bytes") if isinstance(value, dict) else value
    return data if isinstance(data, bytes) else b""
