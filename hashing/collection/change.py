"""What is done to an index later: taking items out, tidying up, carrying it elsewhere."""

import io
from dataclasses import replace
from pathlib import Path

from hashing.collection.colours import keep_palettes
from hashing.collection.map import draw_map, has_map
from hashing.errors import ImageError, InputError, UsageError
from hashing.files import new_file
from hashing.images import checked_preview
from hashing.progress import log
from hashing.store import Index, NewItem, create_index, delete_index
from hashing.store.transfer import export_index, read_head, read_items


def compact(index: Index) -> None:
    """Merge all segments, drop the rows of removed items, keep the palettes of all.

    The map is drawn anew if it is old.
    """
    index.compact()
    keep_palettes(index)
    if not has_map(index):
        log("laying out the map")
        draw_map(index)


def export(index: Index, file: Path) -> int:
    """Write all items to a new file, complete or not at all; returns how many."""
    if file.exists():
        raise UsageError(f"{file} exists already: choose another file")
    with new_file(file) as stream:
        text = io.TextIOWrapper(stream, "utf-8")
        count = export_index(index, text)
        text.detach()
    return count


def import_exported(file: Path, location: str) -> int:
    """Make a new index of an exported one, complete or not at all; returns how many items.

    Palettes and map, which an export has not, are made anew.
    """
    if not file.is_file():
        raise InputError(f"expected an exported index, found no file {file}")
    with (
        file.open(encoding="utf-8", errors="replace") as stream,
        create_index(location, **vars(read_head(stream, file))) as index,
    ):
        try:
            for items in read_items(stream, file):
                index.add(_with_checked_preview(item) for item in items)
            compact(index)
            return index.info.count
        except BaseException:
            index.close()
            delete_index(location)
            raise


def _with_checked_preview(item: NewItem) -> NewItem:
    try:
        return replace(item, preview=item.preview and checked_preview(item.preview))
    except ImageError as error:
        raise InputError(f"{item.file}: {error}") from error
