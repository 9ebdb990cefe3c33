"""Pictures into an index: encoded, and published a few seconds of work at a time."""

import hashlib
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

from PIL.Image import Image

from hashing.cli.index.pictures import SHOWN_FAILURES
from hashing.encoding import EncodedBatch, Encoder, encode_catalogue
from hashing.errors import ImageError
from hashing.images import encode_jpeg
from hashing.progress import log, progress
from hashing.sources import Catalogue, Item
from hashing.store import Index, NewItem

PUBLISH_SECONDS = 20.0
PUBLISH_ITEMS = 4096


@dataclass(slots=True)
class Outcome:
    """What became of the pictures of one source; broken ones as (file, reason)."""

    added: int = 0
    already: int = 0
    seconds: float = 0.0
    broken: list[tuple[str, str]] = field(default_factory=list)


def fill(
    index: Index, encoder: Encoder, catalogue: Catalogue, *, workers: int | None, previews: int
) -> Outcome:
    """Encode and publish what the index does not have yet.

    previews: longer side in pixels of the small pictures that are kept, 0 for none.
    """
    outcome = Outcome()
    todo = _missing_items(index, catalogue)
    outcome.already = len(catalogue) - len(todo)
    if outcome.already:
        log(f"{outcome.already:,} of {len(catalogue):,} pictures are there already")
    used = {name for item in todo for name in item.fields}
    columns = {name: kind for name, kind in catalogue.columns.items() if name in used}
    started = time.monotonic()
    for items in _portions(_encoded(encoder, catalogue, todo, workers, previews), outcome):
        index.add(items, columns)
        outcome.added += len(items)
    outcome.seconds = time.monotonic() - started
    return outcome


def _missing_items(index: Index, catalogue: Catalogue) -> list[Item]:
    """The items whose file and content are not both in the index."""
    contents = index.contents(item.path for item in catalogue.items)
    return [
        item
        for item, there in zip(catalogue.items, contents, strict=True)
        if not there or _content(catalogue, item) not in there
    ]


def _content(catalogue: Catalogue, item: Item) -> bytes | None:
    try:
        return hashlib.sha256(catalogue.read(item)).digest()
    except ImageError:
        return None


def _encoded(
    encoder: Encoder,
    catalogue: Catalogue,
    todo: Sequence[Item],
    workers: int | None,
    previews: int,
) -> Iterator[EncodedBatch]:
    """Codes of all items, each with the digest of its file and its preview, under a progress."""

    def derive(data: bytes, image: Image) -> tuple[bytes, bytes | None]:
        preview = encode_jpeg(image, previews) if previews else None
        return hashlib.sha256(data).digest(), preview

    with progress(len(todo), "encoding", "pictures") as bar:
        for batch in encode_catalogue(
            encoder, catalogue, items=todo, workers=workers, derive=derive
        ):
            yield batch
            bar.advance(len(batch.items) + len(batch.failures))


def _portions(batches: Iterator[EncodedBatch], outcome: Outcome) -> Iterator[list[NewItem]]:
    """New items, as many as are worth a publication; broken pictures go into `outcome`."""
    portion: list[NewItem] = []
    since = time.monotonic()
    for batch in batches:
        rows = zip(batch.items, batch.codes.packed, batch.derived, strict=True)
        for item, code, (content, preview) in rows:
            portion.append(NewItem(item.path, item.fields, code.tobytes(), content, preview))
        _note_failures(outcome, batch.failures)
        if len(portion) >= PUBLISH_ITEMS or time.monotonic() - since > PUBLISH_SECONDS:
            yield portion
            portion, since = [], time.monotonic()
    if portion:
        yield portion


def _note_failures(outcome: Outcome, failures: Sequence[tuple[Item, ImageError]]) -> None:
    for item, error in failures:
        outcome.broken.append((item.path, str(error)))
        if len(outcome.broken) <= SHOWN_FAILURES:
            log(f"skipped {item.path}: {error}")
        elif len(outcome.broken) == SHOWN_FAILURES + 1:
            log("further broken pictures are only counted")
