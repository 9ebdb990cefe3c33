"""Pictures of a source as new items of an index, a few seconds of work at a time."""

import hashlib
import time
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import repeat
from typing import NamedTuple

from PIL.Image import Image

from hashing.collection.camera import camera_columns, noted, wanted
from hashing.collection.colours import Palette, palette
from hashing.collection.pictures import PREVIEW_SIDE
from hashing.encoding import EncodedBatch, Model, encode_catalogue
from hashing.errors import ImageError
from hashing.images import encode_jpeg, shows_something
from hashing.progress import log, progress
from hashing.search.features import half
from hashing.sources import Catalogue, Item, Value
from hashing.sources.decoding import prepare_ahead
from hashing.sources.left_out import LeftOut
from hashing.store import Index, NewItem
from hashing.tables import Table

PUBLISH_SECONDS = 20.0
PUBLISH_ITEMS = 4096
SHOWN_FAILURES = 20


@dataclass(slots=True)
class Outcome:
    """What became of the pictures of one source; broken ones as (file, reason).

    without_preview: those that could not be encoded as one, likewise. one_shade: files that show
    nothing. sharing: how many of the added have the same code as another of them.
    left_out: what else the source has, by kind. differing: how many of those already there have
    other metadata now, which only a sync takes over. noted: by column how many of the added have
    what a camera noted (see `camera`).
    """

    added: int = 0
    already: int = 0
    differing: int = 0
    seconds: float = 0.0
    broken: list[tuple[str, str]] = field(default_factory=list)
    without_preview: list[tuple[str, str]] = field(default_factory=list)
    one_shade: list[str] = field(default_factory=list)
    sharing: int = 0
    left_out: LeftOut = field(default_factory=LeftOut)
    noted: dict[str, int] = field(default_factory=dict)

    def table(self) -> Table:
        """How many of each kind there were."""
        counts = {
            "added": self.added,
            "already there": self.already,
            "with other metadata now": self.differing,
            "broken": len(self.broken),
            "without preview": len(self.without_preview),
            "of one shade": len(self.one_shade),
            "sharing a code": self.sharing,
        }
        return Table.of_counts(f"{self.seconds:.1f} s", counts, always=("added", "already there"))

    def __str__(self) -> str:
        return str(self.table())

    def _repr_html_(self) -> str:
        return self.table()._repr_html_()


@dataclass(frozen=True, eq=False)
class Portion:
    """New items that are published together, the palette of each, and the types of columns."""

    items: list[NewItem] = field(default_factory=list)
    palettes: list[Palette] = field(default_factory=list)
    columns: dict[str, type] = field(default_factory=dict)


def new_items(
    index: Index,
    model: Model,
    catalogue: Catalogue,
    todo: Sequence[Item],
    outcome: Outcome,
    *,
    workers: int | None = None,
    previews: int = PREVIEW_SIDE,
    exif: Sequence[str] | None = None,
) -> Iterator[Portion]:
    """What `index` keeps of some pictures, as much as is worth a publication at a time.

    Oddities go to `outcome`. exif: see `camera.wanted`.
    """
    used = used_columns(catalogue, (item.fields for item in todo))
    kinds = wanted(exif, catalogue, index.info.columns)
    features = index.info.features > 0
    batches = _encoded(model, catalogue, todo, workers, previews, features=features, exif=kinds)
    for portion in _portions(batches, outcome):
        portion.columns.update(used | camera_columns(portion.items, kinds))
        yield portion


def content_of(catalogue: Catalogue, item: Item) -> bytes | ImageError:
    """SHA-256 of an encoded picture, or why it cannot be read."""
    try:
        return hashlib.sha256(catalogue.read(item)).digest()
    except ImageError as error:
        return error


def contents_of(
    catalogue: Catalogue, places: Sequence[int], workers: int | None = None
) -> Iterator[tuple[int, bytes | ImageError]]:
    """Places in a catalogue, each with its `content_of`, read by several threads."""

    def read(place: int) -> bytes | ImageError:
        return content_of(catalogue, catalogue.items[place])

    with progress(len(places), "comparing", "pictures") as bar:
        for some, found in prepare_ahead(read, places, workers=workers):
            yield from zip(some, found, strict=True)
            bar.advance(len(some))


def used_columns(catalogue: Catalogue, rows: Iterable[Mapping[str, Value]]) -> dict[str, type]:
    """The types of the columns that some rows have values in."""
    used = {name for fields in rows for name in fields}
    return {name: kind for name, kind in catalogue.columns.items() if name in used}


class _Derived(NamedTuple):
    """What else an index keeps, or its maker tells, of a picture."""

    content: bytes
    preview: bytes | ImageError | None
    shows: bool
    palette: Palette
    camera: Mapping[str, Value]


def _encoded(
    model: Model,
    catalogue: Catalogue,
    todo: Sequence[Item],
    workers: int | None,
    previews: int,
    *,
    features: bool,
    exif: Sequence[str],
) -> Iterator[EncodedBatch]:
    """Codes of all items, each with the digest of its file and its preview, under a progress."""

    def derive(data: bytes, image: Image) -> _Derived:
        preview: bytes | ImageError | None = None
        try:
            preview = encode_jpeg(image, previews) if previews else None
        except ImageError as error:
            preview = error
        digest = hashlib.sha256(data).digest()
        shows, camera = shows_something(image), noted(data, exif)
        return _Derived(digest, preview, shows, palette(image), camera)

    with progress(len(todo), "encoding", "pictures") as bar:
        for batch in encode_catalogue(
            model, catalogue, items=todo, workers=workers, derive=derive, features=features
        ):
            yield batch
            bar.advance(len(batch.items) + len(batch.failures))


def _portions(batches: Iterator[EncodedBatch], outcome: Outcome) -> Iterator[Portion]:
    """New items, as many as are worth a publication; broken pictures go into `outcome`."""
    portion = Portion()
    since = time.monotonic()
    for batch in batches:
        features: Iterable[bytes | None] = repeat(None, len(batch.items))
        if batch.features is not None:
            features = (row.tobytes() for row in half(batch.features))
        rows = zip(batch.items, batch.codes.packed, batch.derived, features, strict=True)
        for item, code, derived, numbers in rows:
            preview = derived.preview
            if isinstance(preview, ImageError):
                outcome.without_preview.append((item.path, str(preview)))
                log(f"no preview of {item.path}: {preview}")
                preview = None
            if not derived.shows:
                outcome.one_shade.append(item.path)
            fields = {**derived.camera, **item.fields}
            for column in derived.camera:
                outcome.noted[column] = outcome.noted.get(column, 0) + 1
            portion.items.append(
                NewItem(item.path, fields, code.tobytes(), derived.content, preview, numbers)
            )
            portion.palettes.append(derived.palette)
        _note_failures(outcome, batch.failures)
        if len(portion.items) >= PUBLISH_ITEMS or time.monotonic() - since > PUBLISH_SECONDS:
            yield portion
            portion, since = Portion(), time.monotonic()
    if portion.items:
        yield portion


def _note_failures(outcome: Outcome, failures: Sequence[tuple[Item, ImageError]]) -> None:
    for item, error in failures:
        outcome.broken.append((item.path, str(error)))
        if len(outcome.broken) <= SHOWN_FAILURES:
            log(f"skipped {item.path}: {error}")
        elif len(outcome.broken) == SHOWN_FAILURES + 1:
            log("further broken pictures are only counted")
