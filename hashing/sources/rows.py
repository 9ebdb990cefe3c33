"""The metadata of a source: which files hold it, and the fields of each picture."""

import posixpath
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from hashing.errors import InputError
from hashing.files import read_regular
from hashing.sources.archive import Archive
from hashing.sources.columns import Rows, typed
from hashing.sources.folder import open_inside
from hashing.sources.left_out import LeftOut
from hashing.sources.metadata import PictureNames, Table, parse_table
from hashing.sources.objects import NoRowsError
from hashing.sources.tables import table_suffix

STEM = "metadata"
_KINDS = (".csv", ".jsonl", ".tsv", ".json", ".parquet", ".xlsx")
SUFFIXES = (*_KINDS, *(f"{kind}.gz" for kind in _KINDS[:4]))
"""A source's own metadata is in files named `metadata` and one of these, the first in a folder."""


@dataclass(frozen=True)
class Source:
    """A folder or an archive and the names of all files in it, relative to it."""

    root: Path
    names: Sequence[str]
    archive: Archive | None

    def read(self, name: str) -> bytes:
        """A file's content. Raises InputError where it cannot be read."""
        try:
            if self.archive is not None:
                return self.archive.read(name)
            with open_inside(self.root, name) as file:
                return file.read()
        except OSError as error:
            raise InputError(f"cannot read {self.root / name}: {error.strerror}") from error


@dataclass(frozen=True)
class _Placed:
    """A table and the folder (`a/b/`) below which it names pictures."""

    table: Table
    below: str


def read_metadata(
    source: Source,
    paths: Sequence[str],
    given: Path | None,
    columns: Mapping[str, str],
    left_out: LeftOut,
) -> tuple[Mapping[str, type], Rows, list[str]] | None:
    """Types of columns, fields by path, and the named paths that have no picture.

    None where there is no metadata. Raises InputError where it names none of the pictures.
    """
    root = source.root.resolve().name.split(".")[0] or "."
    names = PictureNames(paths, root)
    given_table = _given(given, source, names, columns, left_out)
    placed = list(given_table or _found(source, names, columns, left_out))
    if not placed:
        return None
    spelling = _spelling(placed)
    texts, missing = _match(placed, spelling, names, left_out)
    if not texts:
        table = placed[0].table
        named = missing or ["no row"]
        raise InputError(
            f"none of the {len(missing)} pictures named in {table.source} is in {source.root}: "
            f"expected paths like {paths[0]!r}, found {named[0]!r}"
        )
    if len(texts) < len(paths):
        left_out.note("picture without a row", *(path for path in paths if path not in texts))
    if missing:
        left_out.note("row whose picture is not there", *missing)
    kinds, rows = typed(list(spelling.values()), texts)
    return kinds, rows, missing


def _given(
    path: Path | None,
    source: Source,
    names: PictureNames,
    columns: Mapping[str, str],
    left_out: LeftOut,
) -> list[_Placed]:
    if path is None:
        return []
    try:
        data = read_regular(path)
    except OSError as error:
        raise InputError(f"cannot read metadata {path}: {error.strerror}") from error
    for name in _tables(source):
        if not (source.archive is None and (source.root / name).resolve() == path.resolve()):
            left_out.note("metadata file that was not used", name)
    return [_Placed(parse_table(data, str(path), left_out, columns, names.stems), "")]


def _found(
    source: Source, names: PictureNames, columns: Mapping[str, str], left_out: LeftOut
) -> Iterator[_Placed]:
    """The source's own tables, those in the deepest folders first."""
    used: dict[str, str] = {}
    for name in _tables(source):
        folder, base = posixpath.split(name)
        if not base.casefold().startswith(f"{STEM}."):
            left_out.note("table that was not used (give it with --metadata)", name)
        elif folder in used:
            left_out.note("metadata file that was not used", name)
        else:
            used[folder] = name
    for folder, name in sorted(used.items(), key=lambda pair: -len(Path(pair[0]).parts)):
        data = source.read(name)
        try:
            table = parse_table(data, str(source.root / name), left_out, columns, names.stems)
        except NoRowsError:  # of an album or a program, not of pictures
            left_out.note("JSON file that is no table", name)
            continue
        yield _Placed(table, folder and f"{folder}/")


def _tables(source: Source) -> list[str]:
    """Files that may be metadata, in the order in which one is preferred to the next."""
    found = [name for name in source.names if name.casefold().endswith(SUFFIXES)]
    return sorted(found, key=lambda name: (_KINDS.index(table_suffix(name)), len(name)))


def _match(
    placed: Sequence[_Placed],
    spelling: Mapping[str, str],
    names: PictureNames,
    left_out: LeftOut,
) -> tuple[dict[str, Mapping[str, str]], list[str]]:
    texts: dict[str, Mapping[str, str]] = {}
    missing = []
    for each in placed:
        mine: dict[str, Mapping[str, str]] = {}
        for name, row in each.table.rows.items():
            path = names.find(name, each.below)
            if path is None:
                missing.append(name)
            elif path in mine:
                if row != mine[path]:
                    left_out.note(
                        "second row of a picture", f"{name} in {each.table.source}", fault=True
                    )
            else:
                mine[path] = row
        for path, row in mine.items():
            spelled = {spelling[column.casefold()]: text for column, text in row.items()}
            texts[path] = spelled | dict(texts.get(path, {}))  # a table that is nearer came first
    return texts, missing


def _spelling(placed: Sequence[_Placed]) -> dict[str, str]:
    """Columns that differ only in case from table to table are one; the table on top decides."""
    spelling: dict[str, str] = {}
    for each in reversed(placed):
        for column in each.table.columns:
            spelling.setdefault(column.casefold(), column)
    return spelling
