"""The pictures of one source, a folder or a tar archive, with class folders or metadata.

A catalogue can be pickled and read from several threads and processes at once, as long as the
process that made it lives (see `archive`).
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path, PurePosixPath

from hashing.errors import ImageError, InputError
from hashing.images import FILES, HEAD, KINDS, Limits, files_up_to, kind_of
from hashing.sources.archive import Archive, holds_shards, open_archive, read_picture
from hashing.sources.columns import Rows, Value, typed, written
from hashing.sources.films import COLUMNS as FRAME_COLUMNS
from hashing.sources.films import film_of, frame_fields, is_film, with_frames
from hashing.sources.folder import walk
from hashing.sources.layout import folder_label
from hashing.sources.left_out import LeftOut
from hashing.sources.listing import Listed, is_listing, read_listing, within_parquet
from hashing.sources.partition import Shard
from hashing.sources.rows import SUFFIXES as TABLES
from hashing.sources.rows import Source, read_metadata
from hashing.sources.shards import find_samples, open_shards, read_samples
from hashing.sources.sieve import sift

SUFFIXES = (
    *(".jpg", ".jpeg", ".jpe", ".jfif", ".png", ".webp", ".gif", ".bmp", ".tif", ".tiff"),
    *(".jp2", ".j2k", ".jpf", ".jpx", ".avif", ".heic", ".heif", ".hif"),
)
"""Files with one of these endings are pictures; whether others are, their first bytes tell."""


@dataclass(frozen=True, slots=True)
class Item:
    """One picture.

    id: position in its catalogue, 0 … N−1 (an index gives items ids of its own).
    path: relative to the catalogue's root, with forward slashes; the member name in an archive.
    fields: metadata by column name (`title`, `year`, `price`, `label`, …).
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
    left_out: by kind, what was passed over: what is no regular file, a row that cannot be used, ….
    described: whether metadata was read; else fields hold a folder's name at most.
    limits: the largest picture that is decoded.
    """

    root: Path
    items: Sequence[Item]
    columns: Mapping[str, type]
    missing: Sequence[str] = ()
    archive: Archive | None = None
    left_out: LeftOut = field(default_factory=LeftOut)
    described: bool = False
    limits: Limits = FILES

    def __len__(self) -> int:
        return len(self.items)

    def read(self, item: Item) -> bytes:
        """The encoded picture, at most one byte more than `decode` takes.

        Raises ImageError when it is missing or cannot be read.
        """
        try:
            return read_picture(self.root, self.archive, item.path, self.limits.bytes + 1)
        except OSError as error:
            reason = error.strerror or error
            raise ImageError(f"cannot read {item.path} in {self.root}: {reason}") from error

    def fitting(self, columns: Mapping[str, type]) -> "Catalogue":
        """The same with columns as text or numbers, as an index has them already.

        Text becomes numbers only where no identifier changes by it.
        """
        others = {
            name: kind
            for name, kind in columns.items()
            if self.columns.get(name, kind) is not kind and str in (kind, self.columns[name])
            if kind is str or self._are(name, kind)
        }
        if not others:
            return self
        made = {name: written if kind is str else kind for name, kind in others.items()}
        items = [
            replace(
                item, fields={k: made[k](v) if k in made else v for k, v in item.fields.items()}
            )
            for item in self.items
        ]
        return replace(self, items=items, columns={**self.columns, **others})

    def _are(self, column: str, kind: type) -> bool:
        try:
            texts = [item.fields[column] for item in self.items if column in item.fields]
            return all(written(kind(text)) == text for text in texts)
        except ValueError:
            return False

    def labels(self, field: str) -> list[str | None]:
        """The value of `field` for every item as text, None where absent.

        Raises InputError for a column that this catalogue does not have.
        """
        if field not in self.columns:
            known = ", ".join(self.columns) or "none"
            raise InputError(f"{self.root} has no column {field!r}; its columns are: {known}")
        values = (item.fields.get(field) for item in self.items)
        return [None if value is None else str(value) for value in values]


def read_catalogue(
    images: Path,
    metadata: Path | None = None,
    *,
    columns: Mapping[str, str] | None = None,
    strict: bool = False,
    exclude: Sequence[str] = (),
    megapixels: float | None = None,
    shard: Shard | None = None,
    video: bool = False,
) -> Catalogue:
    """The catalogue of a folder, a zip, a tar (also gzip-compressed), or a folder of shards.

    Shards are tar files, or Parquet files that hold pictures. Or of a table that names pictures
    anywhere on this machine (see `listing`).
    Metadata comes from the file given, or else from every `metadata.csv` (`.jsonl`, …) in the
    source, each for the pictures below its folder, the nearest one first; pictures that none names
    have no fields. Without metadata a picture's `label` is the nearest folder that is no mere part
    of the layout (`train`, `images`); in an archive also what stands beside it as WebDataset has
    it (`a.json`, `a.txt`, `a.cls` for `a.jpg`). columns: see `parse_table`. exclude: see
    `sieve.why_not`. megapixels: see `images.limits.files_up_to`. shard: only this part of the
    pictures, maybe none; without metadata the others of a folder are not listed. video: of the
    films in a folder, or of a film, too, the frames where the picture changes.
    Raises InputError for a source or metadata that cannot be used, with `strict` also for a folder,
    name or row that was left out, StorageError when a compressed archive cannot be unpacked.
    """
    if not images.exists():
        raise InputError(f"expected a folder or a tar archive of pictures, found nothing: {images}")
    limits = files_up_to(megapixels)
    left_out = LeftOut()
    listed = read_listing(images, columns or {}, left_out) if is_listing(images) else None
    archive: Archive | None = None if listed is None else listed.files
    film = video and listed is None and is_film(images.name) and images.is_file()
    if archive is None and not film and not images.is_dir():
        archive = open_archive(images, left_out)
    if archive is None:
        names = [] if film else _listed(images, left_out, exclude, None if metadata else shard)
        folder = images.is_dir() and not any(map(_ends_as_picture, names))
        if folder and holds_shards(images, exclude):
            listed = within_parquet(images, left_out, exclude)
            archive = open_shards(images, left_out, exclude) if listed is None else listed.files
    if archive is not None:
        names = sift(sorted(archive.members), exclude, left_out)
    names = [name for name in names if _is_text(name, left_out)]
    films = [name for name in names if is_film(name)] if archive is None else []
    elsewhere = _of_others(names, films, None if metadata else shard)
    names, films = ([name for name in some if name not in elsewhere] for some in (names, films))
    names, frames = with_frames(images, names, [""] if film else films, left_out, video)
    paths = [
        name for name in names if name in frames or _is_picture(name, images, archive, left_out)
    ]
    samples = None if archive is None else find_samples(paths, names)
    beside = {name for files in (samples or {}).values() for name in files.values()}
    names = [name for name in names if name not in beside]
    others = set(names).difference(paths, left_out.unread)
    others = {name for name in others if not name.lower().endswith(TABLES)}
    if others:
        left_out.note("file that is no picture", *sorted(others))
    if not paths and not elsewhere:
        told = f" ({left_out.told()})" if left_out else ""
        raise InputError(f"expected {KINDS} in {images}, found none{told}")
    source = Source(images, names, archive)
    found = _fields(source, paths, metadata, columns or {}, listed, samples, left_out)
    if found is None:
        labels = ((path, {} if path in frames else folder_label(path)) for path in paths)
        rows: Mapping[str, Mapping[str, Value]] = dict(labels)
        kinds: Mapping[str, type] = {"label": str} if any(rows.values()) else {}
        missing: Sequence[str] = ()
    else:
        kinds, rows, missing = found
    if strict and left_out.faults:
        raise InputError(f"{images} is not in order, nothing was read; {left_out.told()}")
    if shard is not None:
        # A film is decoded by one process, so its frames are in one part.
        films_of = {path: film_of(images, path) for path in frames}
        paths = [path for path in paths if shard.holds(films_of.get(path) or path)]
    kinds = {**kinds, **(FRAME_COLUMNS if frames else {})}
    items = [
        Item(i, path, {**rows.get(path, {}), **(frame_fields(images, path) if frames else {})})
        for i, path in enumerate(paths)
    ]
    return Catalogue(images, items, kinds, missing, archive, left_out, found is not None, limits)


def _of_others(names: Sequence[str], films: Sequence[str], shard: Shard | None) -> set[str]:
    """Films in other parts, which are not even looked at where no table says more of them."""
    if shard is None or any(name.lower().endswith(TABLES) for name in names):
        return set()
    return {film for film in films if not shard.holds(film)}


def _fields(
    source: Source,
    paths: Sequence[str],
    metadata: Path | None,
    columns: Mapping[str, str],
    listed: Listed | None,
    samples: Mapping[str, Mapping[str, str]] | None,
    left_out: LeftOut,
) -> tuple[Mapping[str, type], Rows, Sequence[str]] | None:
    """Types of columns, fields by path, and names without a picture: of tables, else of samples."""
    if listed is not None and metadata is None:
        if not listed.columns:
            return None
        return (*typed(listed.columns, {p: listed.texts[p] for p in paths}), listed.missing)
    found = read_metadata(source, paths, metadata, columns, left_out)
    if found is None and samples and source.archive is not None:
        return (*typed(*read_samples(samples, source.archive.read, left_out)), [])
    return found


def _listed(
    folder: Path, left_out: LeftOut, exclude: Sequence[str], shard: Shard | None
) -> list[str]:
    """The files of a folder; of a shard only its own and one picture that shows there are some.

    All are listed where a table may say more of each, or where no name ends as a picture's.
    """
    if shard is not None:
        mine, passed, seen = [], LeftOut(), False
        for name in walk(folder, passed, exclude):
            if name.lower().endswith(TABLES):
                break
            first = not seen and _ends_as_picture(name)
            seen |= first
            if first or shard.holds(name):
                mine.append(name)
        else:
            if seen:
                left_out.add(passed)
                return sorted(mine)
    return sorted(walk(folder, left_out, exclude))


def _is_picture(name: str, root: Path, archive: Archive | None, left_out: LeftOut) -> bool:
    """By its ending; where that says nothing, by its content if that can be read now."""
    ending = PurePosixPath(name).suffix.lower()
    if _ends_as_picture(name) or ending in TABLES:
        return _ends_as_picture(name)
    try:
        kind = kind_of(read_picture(root, archive, name, HEAD))
    except OSError:
        left_out.note("file that cannot be read", name, fault=True)
        left_out.unread.append(name)
        return False
    # BMP's two letters begin other files, and cameras' raw files begin as TIFF.
    return kind not in (None, "BMP") and (kind != "TIFF" or not ending)


def _ends_as_picture(name: str) -> bool:
    return PurePosixPath(name).suffix.lower() in SUFFIXES


def _is_text(name: str, left_out: LeftOut) -> bool:
    """A name that is not UTF-8, or holds a null, could be neither stored nor printed."""
    if "\0" in name or not _is_utf8(name):
        left_out.note("file whose name is not UTF-8", ascii(name)[1:-1], fault=True)
        return False
    return True


def _is_utf8(name: str) -> bool:
    try:
        name.encode()
    except UnicodeEncodeError:
        return False
    return True
