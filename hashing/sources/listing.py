"""Pictures that lie anywhere on this machine, named by a table or by a plain list.

A relative path counts from the table's own folder. Pictures are called by their paths below the
deepest folder that has all of them, so that a list of `/data/2024/a.jpg` and `/data/2025/b.jpg`
has `2024/a.jpg` and `2025/b.jpg`.
"""

import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol
from urllib.parse import unquote, urlsplit

from hashing.errors import InputError
from hashing.files import open_regular, read_regular
from hashing.sources.header import looks_like_picture
from hashing.sources.left_out import LeftOut
from hashing.sources.metadata import Table, parse_table
from hashing.sources.parquet import files_with_pictures, parquet_files, read_parquet
from hashing.sources.tables import table_suffix
from hashing.sources.text import decode_text

SUFFIXES = (".csv", ".tsv", ".txt", ".jsonl", ".json", ".xlsx", ".parquet")
"""A file with one of these endings (or `.csv.gz`), given in the place of pictures, names them."""
ELSEWHERE = "address that is not on this machine"


@dataclass(frozen=True)
class Listing:
    """Files by name, as an archive has its members."""

    members: Mapping[str, Path]

    def read(self, name: str, limit: int | None = None) -> bytes:
        """A file's first `limit` bytes, by default all. Raises OSError when it has gone."""
        if name not in self.members:
            raise FileNotFoundError(f"no picture {name} in the list")
        with open_regular(self.members[name]) as file:
            return file.read(-1 if limit is None else limit)


class Files(Protocol):
    """Pictures by name, as an archive has its members."""

    @property
    def members(self) -> Mapping[str, object]:
        """Whatever finds a picture again, by its name."""
        ...

    def read(self, name: str, limit: int | None = None) -> bytes:
        """A picture's first `limit` bytes, by default all. Raises OSError when it has gone."""
        ...


@dataclass(frozen=True)
class Listed:
    """What a table names. columns, texts: its other cells, by the name of the picture."""

    files: Files
    columns: Sequence[str]
    texts: Mapping[str, Mapping[str, str]]
    missing: Sequence[str]


def is_listing(path: Path) -> bool:
    """Whether a file is a table or a list, and no archive."""
    return table_suffix(path.name) in SUFFIXES and path.is_file()


def read_listing(path: Path, columns: Mapping[str, str], left_out: LeftOut) -> Listed:
    """The pictures that a table names, or holds as Parquet files may.

    Raises InputError where it names none that is there.
    """
    held = within_parquet(path, left_out)
    if held is not None:
        return held
    try:
        table = _table(read_regular(path), path, columns, left_out)
    except OSError as error:
        raise InputError(f"cannot read {path}: {error.strerror}") from error
    places: dict[str, Path] = {}
    missing = []
    for name in table.rows:
        place = _place(name, path.absolute().parent)
        if place is None:
            left_out.note(ELSEWHERE, name)
        elif os.path.isfile(place):  # `Path.is_file` raises for names that no file can have
            places[name] = place
        else:
            missing.append(name)
    if not places:
        found = next(iter(table.rows), "no row")
        raise InputError(
            f"none of the {len(table.rows)} pictures named in {path} is there: expected paths "
            f"from {path.absolute().parent} or from the root, found {found!r}"
        )
    if missing:
        left_out.note("row whose picture is not there", *missing)
    root = os.path.commonpath([place.parent for place in places.values()])
    members: dict[str, Path] = {}
    texts: dict[str, Mapping[str, str]] = {}
    for name, place in places.items():
        member = place.relative_to(root).as_posix()
        if member in members:
            left_out.note("second row of a picture", f"{name} in {path}", fault=True)
            continue
        members[member], texts[member] = place, table.rows[name]
    return Listed(Listing(members), table.columns, texts, missing)


def within_parquet(root: Path, left_out: LeftOut, exclude: Sequence[str] = ()) -> Listed | None:
    """What a Parquet file, or those of a folder, hold of pictures; None where they hold none.

    exclude: see `sieve.why_not`.
    """
    files = files_with_pictures(root, exclude)
    if not files:
        return None
    if others := [file for file in parquet_files(root, exclude) if file not in files]:
        names = (file.relative_to(root).as_posix() for file in others)
        left_out.note("Parquet file without pictures", *names)
    pictures, columns, texts = read_parquet(root, files, left_out)
    return Listed(pictures, columns, texts, [])


def _table(data: bytes, path: Path, columns: Mapping[str, str], left_out: LeftOut) -> Table:
    """The rows of a table; of a list without a header, of which each line is a path."""
    if path.suffix.lower() == ".txt":
        text = decode_text(data, str(path), left_out)
        lines = [line.strip() for line in text.splitlines() if line.strip()]
        if lines and all(map(looks_like_picture, lines[:20])):
            return Table(str(path), [], {line: {} for line in lines})
    return parse_table(data, str(path), left_out, columns)


def _place(name: str, folder: Path) -> Path | None:
    """Where a path or a `file:` address leads; None for an address elsewhere."""
    address = urlsplit(name) if ":/" in name else None
    if address is not None and len(address.scheme) > 1:  # one letter is a drive
        if address.scheme != "file" or address.netloc not in ("", "localhost"):
            return None
        name = unquote(address.path)
    try:
        return Path(os.path.normpath(folder / Path(name).expanduser()))
    except RuntimeError:  # the home of somebody who has none
        return folder / name
