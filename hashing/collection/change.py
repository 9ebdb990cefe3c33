"""What is done to an index later: taking items out, tidying up, carrying it elsewhere."""

import io
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import TextIO

from hashing.collection.choices import (
    Choices,
    recall_choices,
    remember_choices,
    told,
    understood,
)
from hashing.collection.colours import (
    Palettes,
    exported_palettes,
    imported_palettes,
    joined,
    keep_palettes,
)
from hashing.collection.map import draw_map, has_map
from hashing.collection.pictures import known_sources, remember_sources
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
        said = told(recall_choices(index))
        count = export_index(index, text, known_sources(index), said, exported_palettes(index))
        text.detach()
    return count


def import_exported(file: Path, location: str) -> int:
    """Make a new index of an exported one, complete or not at all; returns how many items.

    The map, which an export has not, is made anew, and so are palettes where it lacks them.
    """
    if not file.is_file():
        raise InputError(f"expected an exported index, found no file {file}")
    with file.open(encoding="utf-8", errors="replace") as stream:
        new, sources, reading = read_head(stream, file)
        with create_index(location, **vars(new)) as index:
            return _fill(index, file, stream, sources, understood(reading))


def _fill(
    index: Index, file: Path, stream: TextIO, sources: Sequence[str], choices: Choices
) -> int:
    """Put all items in, or delete the index; returns how many."""
    palettes: list[Palettes] = []
    try:
        for rows in read_items(stream, file):
            ids = index.add(_with_checked_preview(item) for item, _ in rows)
            if len(ids) == len(rows):
                palettes.append(imported_palettes(ids, [packed for _, packed in rows]))
        remember_sources(index, [Path(source) for source in sources])
        remember_choices(index, choices)
        if palettes:
            keep_palettes(index, joined(palettes))
        compact(index)
        return index.info.count
    except BaseException:
        index.close()
        delete_index(index.location)
        raise


def _with_checked_preview(item: NewItem) -> NewItem:
    try:
        return replace(item, preview=item.preview and checked_preview(item.preview))
    except ImageError as error:
        raise InputError(f"{item.file}: {error}") from error
