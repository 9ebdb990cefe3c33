"""What is done to an index later: taking items out, tidying up, carrying it elsewhere."""

import io
from collections.abc import Sequence
from contextlib import suppress
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
from hashing.errors import ArtefactError, ImageError, InputError, UsageError
from hashing.files import new_file
from hashing.images import checked_preview
from hashing.progress import log
from hashing.store import (
    Index,
    NewItem,
    Place,
    create_index,
    delete_index,
    is_index,
    open_index,
)
from hashing.store.transfer import export_index, read_head, read_items

IMPORT = "import of "
"""What an index is called unfinished by until all of an exported one is in it."""


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


def import_exported(file: Path, location: Place) -> int:
    """Make a new index of an exported one, complete or not at all; returns how many items.

    The map, which an export has not, is made anew, and so are palettes where it lacks them. Where
    the process dies the index says that it is unfinished, and the same call makes it anew.
    """
    if not file.is_file():
        raise InputError(f"expected an exported index, found no file {file}")
    # as text of any file's name, whatever bytes it is made of
    unfinished = IMPORT + str(file.absolute()).encode("utf-8", "replace").decode()
    with file.open(encoding="utf-8", errors="replace") as stream:
        new, sources, reading = read_head(stream, file)
        if is_index(location):
            _delete_half(location, unfinished)
        with create_index(location, **vars(replace(new, unfinished=unfinished))) as index:
            return _fill(index, file, stream, sources, understood(reading))


def refuse_half(index: Index) -> None:
    """Raise UsageError for what an import left that died: only the same import makes it whole."""
    unfinished = index.info.unfinished or ""
    if unfinished.startswith(IMPORT):
        raise UsageError(
            f"expected a complete index in {index.location}, found part of an {unfinished}: "
            "import that again, or name another place"
        )


def _delete_half(location: Place, unfinished: str) -> None:
    """Delete what the same import left that died."""
    with open_index(location) as index:
        same = index.info.unfinished == unfinished
        if not same:
            refuse_half(index)
    if same:
        delete_index(location)


def _fill(
    index: Index, file: Path, stream: TextIO, sources: Sequence[str], choices: Choices
) -> int:
    """Put all items in, or delete the index; returns how many."""
    palettes: list[Palettes] = []
    uuid = index.info.uuid
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
        index.finish()
        return index.info.count
    except BaseException:
        index.close()
        if not _is_another(index, uuid):
            delete_index(index.location)
        raise


def _is_another(index: Index, uuid: str) -> bool:
    """Whether the same import, begun once more, has put another index in the place of this one."""
    with suppress(ArtefactError), open_index(index.location) as there:
        return there.info.uuid != uuid
    return False


def _with_checked_preview(item: NewItem) -> NewItem:
    try:
        return replace(item, preview=item.preview and checked_preview(item.preview))
    except ImageError as error:
        raise InputError(f"{item.file}: {error}") from error
