"""Which picture a row of a metadata file is about."""

import posixpath
import unicodedata
from collections.abc import Collection, Mapping, Sequence, Set
from dataclasses import dataclass, replace
from urllib.parse import unquote, urlsplit

from hashing.errors import InputError, unknown
from hashing.sources.header import FILE_NAMES, looks_like_picture, pictures_in, without_ending
from hashing.sources.left_out import LeftOut
from hashing.sources.roles import folded
from hashing.sources.tables import RawTable, read_table

MOST_TOLD = 20
"""Columns that a message lists."""


@dataclass(frozen=True)
class Table:
    """The rows of one metadata file by the picture they name, as text.

    source: where it was read, for messages. columns: all but the one that names pictures.
    rows: cells by column, none of them blank; the name is as written, with forward slashes.
    """

    source: str
    columns: Sequence[str]
    rows: Mapping[str, Mapping[str, str]]


def parse_table(
    data: bytes,
    source: str,
    left_out: LeftOut,
    columns: Mapping[str, str] | None = None,
    stems: Collection[str] = (),
) -> Table:
    """A metadata file's rows; `source` is its name.

    columns: new names of some columns by their names in the file, turned round: `{"file": "Image
    file", "artist": "Maker"}`. Of several rows for one picture the first counts; a row that names
    several pictures (`front.jpg; back.jpg`) is of each. stems: what pictures there are, without
    folders, case and ending; they tell which column names them where nothing else does.
    Raises InputError for what is no table, or where no column can be the one of pictures.
    """
    names = {*FILE_NAMES, *map(folded, (columns or {}).values())}
    raw = _renamed(read_table(data, source, left_out, names), columns or {}, source)
    if not raw.columns:
        raise InputError(f"{source}: expected a header and rows, found none")
    if files := [column for column in raw.columns if looks_like_picture(column)]:
        raise InputError(
            f"{source}: expected the names of its columns in the first row, found {files[0]!r}: "
            "write them above it, such as file,title"
        )
    file_column = _file_column(raw, source, stems)
    keep = "" if _names_files(raw, file_column) else file_column  # a number says more than a file
    rows: dict[str, Mapping[str, str]] = {}
    for where, record in raw.records:
        cell = record.get(file_column, "")
        fields = {k: text for k, text in record.items() if k == keep or k != file_column}
        if not cell and fields:
            left_out.note("row that names no picture", f"{where} of {source}", fault=True)
        for name in filter(None, map(_slashed, pictures_in(cell))):
            if fields != rows.setdefault(name, fields):
                told = f"{name} in {where} of {source}"
                left_out.note("second row of a picture", told, fault=True)
    columns_left = [column for column in raw.columns if column == keep or column != file_column]
    return Table(source, columns_left, rows)


class PictureNames:
    """Finds the picture that a row names, however its writer put it.

    Names are compared in Unicode's composed form, for some systems store them decomposed; then
    without case; without the folders before it, if that leaves one picture only; without suffix.
    root: the name of the folder they lie in, with which a name may begin.
    """

    def __init__(self, paths: Sequence[str], root: str = "") -> None:
        self._root = _composed(root).casefold()
        self._exact = {_composed(path): path for path in paths}
        self._by_end: dict[str, list[str]] = {}
        self._by_number: dict[int, list[str]] = {}
        for path in paths:
            parts = _composed(path).casefold().split("/")
            for end in {"/".join(parts[-2:]), parts[-1]}:
                for key in {end, without_ending(end)}:
                    self._by_end.setdefault(key, []).append(path)
            number = without_ending(parts[-1])
            if number.isdecimal() and len(number) < 20:
                self._by_number.setdefault(int(number), []).append(path)

    @property
    def stems(self) -> Set[str]:
        """The names without folders, case and ending."""
        return {key for key in self._by_end if "/" not in key and not looks_like_picture(key)}

    def find(self, name: str, below: str = "") -> str | None:
        """The path of the picture of that name below a folder (`a/b/`), None if not just one."""
        if name.startswith(("http:/", "https:/")):  # its last part may be a file here
            name = unquote(urlsplit(name).path)
        exact = self._exact.get(_composed(below + name))
        if exact is not None:
            return exact
        parts = _composed(name).casefold().split("/")
        absolute = parts[0] == "" or parts[0].endswith(":")
        # Of a relative name one folder at least must agree.
        for start in range(len(parts) if absolute or len(parts) == 1 else len(parts) - 1):
            near = self._by_end.get("/".join(parts[start:][-2:]), ())
            end = "/" + "/".join(parts[start:])
            found = {path for path in near if path.startswith(below) and _ends(path, end)}
            if found:
                return found.pop() if len(found) == 1 else None
        if self._root in parts[:-1]:
            below_root = "/".join(parts[parts.index(self._root) + 1 :])
            near = self._by_end.get("/".join(below_root.split("/")[-2:]), ())
            whole = [path for path in near if _is(path, below_root) and path.startswith(below)]
            if len(whole) == 1:
                return whole[0]
        # spreadsheets take the noughts away that a number began with
        numbered = self._by_number.get(int(name), []) if name.isdecimal() and len(name) < 20 else []
        mine = [path for path in numbered if path.startswith(below)]
        return mine[0] if len(mine) == 1 else None


def _ends(path: str, end: str) -> bool:
    whole = "/" + _composed(path).casefold()
    return whole.endswith(end) or without_ending(whole).endswith(end)


def _is(path: str, name: str) -> bool:
    whole = _composed(path).casefold()
    return name in (whole, without_ending(whole))


def _composed(path: str) -> str:
    return unicodedata.normalize("NFC", path)


def _slashed(name: str) -> str:
    """A path with forward slashes and nothing needless in it."""
    plain = name.strip().replace("\\", "/")
    return posixpath.normpath(plain) if plain else ""


def _renamed(table: RawTable, columns: Mapping[str, str], source: str) -> RawTable:
    new_names: dict[str, str] = {}
    for new, old in columns.items():
        by_name = {folded(name): name for name in table.columns} | {c: c for c in table.columns}
        found = by_name.get(old) or by_name.get(folded(old))
        if found is None:
            raise InputError(f"{source}: {unknown('column', old, table.columns)}")
        new_names[found] = new
    if not new_names:
        return table
    # What the new name meant before would be there twice.
    shadowed = set(columns) - set(new_names)
    records = [
        (
            where,
            {new_names.get(k, k): v for k, v in row.items() if k not in shadowed},
        )
        for where, row in table.records
    ]
    names = [new_names.get(name, name) for name in table.columns if name not in shadowed]
    return replace(table, columns=names, records=records)


def _file_column(table: RawTable, source: str, stems: Collection[str]) -> str:
    """By its name, or the one whose cells look like files of pictures, or are pictures' stems.

    What is seen of the pictures decides between those whose cells name some and others.
    """
    by_name = {folded(name): name for name in reversed(table.columns)}
    named = [by_name[name] for name in FILE_NAMES if name in by_name]
    shares = {column: _share_of_pictures(table, column) for column in named or table.columns}
    likely = [column for column, share in shares.items() if share > 0.5]
    found = {column: _found(table, column, set(stems)) for column in table.columns}
    seen = [column for column in (*likely, *named) if found[column]]
    if seen:
        return seen[0]
    most = max(found.values())
    near = [column for column, count in found.items() if 2 * count > most]
    if len(near) == 1 and 2 * most > len(stems):
        return near[0]
    if likely and (named or len(likely) == 1):
        return likely[0]
    if named:
        return named[0]
    more = len(table.columns) - MOST_TOLD
    known = ", ".join(table.columns[:MOST_TOLD]) + (f" and {more} more" if more > 0 else "")
    raise InputError(
        f"{source}: expected a column that names the pictures, found {known}; "
        'say which it is with --columns file="NAME"'
    )


def _found(table: RawTable, column: str, stems: Set[str]) -> int:
    """How many pictures a column's cells name by their stems."""
    names = (name for _, row in table.records for name in pictures_in(row.get(column, "")))
    return len(stems & {_stem(name) for name in names})


def _stem(name: str) -> str:
    if name.startswith(("http://", "https://")):
        name = unquote(urlsplit(name).path) if looks_like_picture(name) else ""
    return without_ending(_composed(_slashed(name)).casefold().rpartition("/")[2])


def _names_files(table: RawTable, column: str) -> bool:
    return folded(column) in FILE_NAMES or _share_of_pictures(table, column) > 0.5


def _share_of_pictures(table: RawTable, column: str) -> float:
    cells = [pictures_in(row[column])[0] for _, row in table.records if column in row]
    return sum(map(looks_like_picture, cells)) / max(1, len(cells))
