"""The pictures of one source, a folder or a tar archive, with class folders or metadata.

A catalogue can be pickled and read from several threads and processes at once, as long as the
process that made it lives (see `archive`).
"""

import posixpath
import unicodedata
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath

from hashing.errors import ImageError, InputError
from hashing.files import read_regular
from hashing.images import FILES, KINDS
from hashing.sources.archive import Archive, open_archive
from hashing.sources.folder import open_inside, told, walk
from hashing.sources.metadata import Table, Value, parse_table

METADATA_NAMES = ("metadata.csv", "metadata.jsonl")
SUFFIXES = (".jpg", ".jpeg", ".jpe", ".jfif", ".png", ".webp", ".gif", ".bmp")
"""Files with another ending are no pictures and are skipped, as are hidden ones."""


@dataclass(frozen=True, slots=True)
class Item:
    """One picture.

    id: position in its catalogue, 0 … N−1 (an index gives items ids of its own).
    path: relative to the catalogue's root, with forward slashes; the member name in an archive.
    fields: metadata by column name (`artist`, `style`, `title`, `year`, `url`, `label`, …).
    """

    id: int
    path: str
    fields: Mapping[str, Value]


@dataclass(frozen=True)
class Catalogue:
    """Pictures of one source in the order of their paths (by code point).

    root: the folder or the archive.
    columns: each metadata column and its type (`str`, `int` or `float`), in the source's order.
    missing: paths that the metadata names and the source does not hold; they are no items.
    left_out: by kind, the paths of what is no regular file or leads out of the folder.
    """

    root: Path
    items: Sequence[Item]
    columns: Mapping[str, type]
    missing: Sequence[str] = ()
    archive: Archive | None = None
    left_out: Mapping[str, Sequence[str]] = field(default_factory=dict)

    def __len__(self) -> int:
        return len(self.items)

    def read(self, item: Item) -> bytes:
        """The encoded picture, at most one byte more than `decode` takes.

        Raises ImageError when it is missing or cannot be read.
        """
        try:
            if self.archive is not None:
                return self.archive.read(item.path, FILES.bytes + 1)
            with open_inside(self.root, item.path) as file:
                return file.read(FILES.bytes + 1)
        except OSError as error:
            reason = error.strerror or error
            raise ImageError(f"cannot read {item.path} in {self.root}: {reason}") from error

    def labels(self, field: str) -> list[str | None]:
        """The value of `field` for every item as text, None where absent.

        Raises InputError for a column that this catalogue does not have.
        """
        if field not in self.columns:
            known = ", ".join(self.columns) or "none"
            raise InputError(f"{self.root} has no column {field!r}; its columns are: {known}")
        values = (item.fields.get(field) for item in self.items)
        return [None if value is None else str(value) for value in values]


def read_catalogue(images: Path, metadata: Path | None = None) -> Catalogue:
    """The catalogue of a folder or a tar archive (plain or gzip-compressed).

    Metadata comes from the file given, or else from `metadata.csv` or `metadata.jsonl` at the top
    of the source; it names pictures relative to the source, or to the one folder that holds
    everything in it. Pictures it does not name have no fields. Without metadata the folder that a
    picture lies in is its `label`.
    Raises InputError for a source or metadata that cannot be used, StorageError when a compressed
    archive cannot be unpacked.
    """
    if not images.exists():
        raise InputError(f"expected a folder or a tar archive of pictures, found nothing: {images}")
    archive = None if images.is_dir() else open_archive(images)
    found, left_out = walk(images) if archive is None else (list(archive.members), {})
    names = sorted(found)
    paths = [name for name in names if name.lower().endswith(SUFFIXES)]
    if not paths:
        others = f" ({told(left_out)})" if left_out else ""
        raise InputError(f"expected {KINDS} in {images}, found none{others}")
    _check_text(paths, images)
    top = _shared_folder(names)
    table = _find_table(images, archive, names, top, metadata)
    if table is None:
        rows = {path: _folder_label(path) for path in paths}
        columns: Mapping[str, type] = {"label": str} if any(rows.values()) else {}
        missing: Sequence[str] = ()
    else:
        rows, missing = _match(table, paths, top, images)
        columns = table.columns
    items = [Item(i, path, rows.get(path, {})) for i, path in enumerate(paths)]
    return Catalogue(images, items, columns, missing, archive, left_out)


def _check_text(paths: Sequence[str], images: Path) -> None:
    """A name that is not UTF-8 could be neither stored nor printed."""
    for path in paths:
        try:
            path.encode()
        except UnicodeEncodeError:
            raise InputError(
                f"expected file names in UTF-8, found {path!a} in {images}: rename it"
            ) from None


def _shared_folder(names: Sequence[str]) -> str:
    """The deepest folder that holds every file, as `a/b/`; empty when that is the source itself."""
    shared = posixpath.commonpath([posixpath.dirname(name) for name in names])
    return shared and f"{shared}/"


def _folder_label(path: str) -> Mapping[str, Value]:
    folder = PurePosixPath(path).parent.name
    return {"label": folder} if folder else {}


def _find_table(
    images: Path, archive: Archive | None, names: Sequence[str], top: str, metadata: Path | None
) -> Table | None:
    if metadata is not None:
        try:
            return parse_table(read_regular(metadata), str(metadata))
        except OSError as error:
            raise InputError(f"cannot read metadata {metadata}: {error.strerror}") from error
    found = [top + name for name in METADATA_NAMES if top + name in names]
    if len(found) > 1:
        raise InputError(f"expected one metadata file in {images}, found two: {', '.join(found)}")
    if not found:
        return None
    if archive is None:
        with open_inside(images, found[0]) as file:
            data = file.read()
    else:
        data = archive.read(found[0])
    return parse_table(data, str(images / found[0]))


def _match(
    table: Table, paths: Sequence[str], top: str, images: Path
) -> tuple[dict[str, Mapping[str, Value]], list[str]]:
    """Fields by the path of their picture, and the named paths that have no picture.

    Names are compared in Unicode's composed form, for some systems store them decomposed.
    """
    path_of = {_comparable(path.removeprefix(top)): path for path in paths}
    path_of |= {_comparable(path): path for path in paths}
    rows: dict[str, Mapping[str, Value]] = {}
    missing = []
    for name, row in table.rows.items():
        path = path_of.get(_comparable(name))
        if path is None:
            missing.append(name)
        elif path in rows:
            raise InputError(f"{table.source}: two rows for {path!r}; keep one")
        else:
            rows[path] = row
    if not rows:
        raise InputError(
            f"none of the {len(missing)} pictures named in {table.source} is in {images}: "
            f"expected paths like {paths[0]!r}, found {(missing or ['no row'])[0]!r}"
        )
    return rows, missing


def _comparable(path: str) -> str:
    return unicodedata.normalize("NFC", path)
