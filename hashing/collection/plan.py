"""What has become of a collection's pictures: new, changed, moved, copied, deleted, corrected."""

import json
import zlib
from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import partial
from pathlib import PurePosixPath

from hashing.collection.intake import content_of
from hashing.collection.remembered import recall
from hashing.errors import ImageError
from hashing.progress import progress
from hashing.sources import Catalogue, Item
from hashing.sources.decoding import prepare_ahead
from hashing.sources.folder import UNREADABLE
from hashing.store import Index, StoredItem

SEEN = "seen"
"""The name under which an index keeps when it saw which file."""
LONGEST = 4096
"""Bytes of a path, at most, and its stamp."""

Stamp = tuple[int, int]
"""Size in bytes and time of change in nanoseconds: a file that keeps both is taken as unchanged."""


@dataclass
class Plan:
    """What to do so that an index holds what its source holds.

    described: items with the file and fields that they are to have, moved ones among them.
    moved: their former files by id. corrected: ids of those whose fields were others.
    copied: pictures whose content is there already, with the item that has it.
    new, changed: pictures to encode; of changed ones the file is known. gone: ids to take out.
    deleted: those of them whose file is there no more. unreadable: (file, reason).
    kept: ids of items whose picture cannot be looked for.
    """

    described: list[StoredItem] = field(default_factory=list)
    moved: dict[int, str] = field(default_factory=dict)
    corrected: list[int] = field(default_factory=list)
    copied: list[tuple[Item, int]] = field(default_factory=list)
    new: list[Item] = field(default_factory=list)
    changed: list[Item] = field(default_factory=list)
    gone: list[int] = field(default_factory=list)
    deleted: list[StoredItem] = field(default_factory=list)
    unreadable: list[tuple[str, str]] = field(default_factory=list)
    kept: list[int] = field(default_factory=list)
    unchanged: int = 0


def make_plan(
    catalogue: Catalogue,
    stored: Sequence[StoredItem],
    contents: Mapping[str, bytes | ImageError],
    *,
    describes: bool,
    keeps: Collection[str] = (),
) -> Plan:
    """Compare a source with the items of an index.

    contents: of each file of the catalogue the SHA-256, or why it cannot be read. describes:
    whether the catalogue's fields take the place of those of items that are there, but for columns
    that are named in `keeps`.

    What is in both under one name is left alone; of the rest, equal contents are moved files, in
    order of their names, and further ones copies; a known name with another content has changed.
    """
    plan = Plan()
    there = {(item.file, item.content): item for item in stored}
    lost = _below(catalogue.left_out.get(UNREADABLE, ()))
    for file, content in contents.items():
        if isinstance(content, ImageError):
            plan.unreadable.append((file, str(content)))
    found = [(item, c) for item in catalogue.items if isinstance(c := contents[item.path], bytes)]
    matched = {there[key].id for item, c in found if (key := (item.path, c)) in there}
    waiting: dict[bytes, list[StoredItem]] = defaultdict(list)
    hidden = {file for file, _ in plan.unreadable}
    for left in stored:
        if left.id in matched:
            continue
        if left.file in hidden or left.file.startswith(lost):
            plan.kept.append(left.id)
        else:
            waiting[left.content].append(left)
    rest = []
    for item, content in found:
        old = there.get((item.path, content)) or _moved(waiting[content], item.path)
        if old is None:
            rest.append((item, content))
        else:
            _describe(plan, old, item, keeps, describes=describes)
    _enter(plan, rest, stored, waiting)
    return plan


def _moved(candidates: list[StoredItem], path: str) -> StoredItem | None:
    """The item that has most likely become this file: one of the same name, else the first."""
    if not candidates:
        return None
    name = PurePosixPath(path).name
    best = min(candidates, key=lambda old: (PurePosixPath(old.file).name != name, old.id))
    candidates.remove(best)
    return best


def _describe(
    plan: Plan, old: StoredItem, item: Item, keeps: Collection[str], *, describes: bool
) -> None:
    kept = {name: value for name, value in old.fields.items() if name in keeps}
    fields = {**kept, **item.fields} if describes else old.fields
    if old.file != item.path:
        plan.moved[old.id] = old.file
    if dict(fields) != dict(old.fields):
        plan.corrected.append(old.id)
    if old.file == item.path and dict(fields) == dict(old.fields):
        plan.unchanged += 1
    else:
        plan.described.append(replace(old, file=item.path, fields=fields))


def _enter(
    plan: Plan,
    rest: Sequence[tuple[Item, bytes]],
    stored: Sequence[StoredItem],
    waiting: Mapping[bytes, Sequence[StoredItem]],
) -> None:
    """What comes and what goes, once all that stays has been found."""
    going = {old.id: old for some in waiting.values() for old in some}
    known = {old.content: old.id for old in reversed(stored)}
    files = {old.file for old in going.values()}
    for item, content in rest:
        if item.path in files:
            plan.changed.append(item)
        elif content in known:
            plan.copied.append((item, known[content]))
        else:
            plan.new.append(item)
    plan.gone = sorted(going)
    replaced = {item.path for item in plan.changed}
    plan.deleted = [going[item] for item in plan.gone if going[item].file not in replaced]


def _below(folders: Iterable[str]) -> tuple[str, ...]:
    """Beginnings of the names of all that lies in some folders."""
    return tuple(f"{folder.rstrip('/')}/" for folder in folders)


def read_contents(
    catalogue: Catalogue,
    known: Mapping[str, bytes],
    seen: Mapping[str, Stamp],
    workers: int | None = None,
) -> tuple[dict[str, bytes | ImageError], dict[str, Stamp]]:
    """The SHA-256 of each file, or why it cannot be read, and the stamps of those that can.

    known: contents by file, taken without reading where the stamp is the one that was `seen`.
    """
    stamps = {item.path: stamp for item in catalogue.items if (stamp := _stamp(catalogue, item))}
    contents: dict[str, bytes | ImageError] = {
        path: known[path]
        for path, stamp in stamps.items()
        if path in known and tuple(seen.get(path, ())) == stamp
    }
    todo = [item for item in catalogue.items if item.path not in contents]

    with progress(len(todo), "comparing", "pictures") as bar:
        for items, found in prepare_ahead(partial(content_of, catalogue), todo, workers=workers):
            contents |= {item.path: each for item, each in zip(items, found, strict=True)}
            bar.advance(len(items))
    readable = {path: s for path, s in stamps.items() if isinstance(contents[path], bytes)}
    return contents, readable


def _stamp(catalogue: Catalogue, item: Item) -> Stamp | None:
    """None within an archive, and for what cannot be asked."""
    if catalogue.archive is not None:
        return None
    try:
        status = (catalogue.root / item.path).stat()
    except OSError:
        return None
    return status.st_size, status.st_mtime_ns


def recall_stamps(index: Index, root: str) -> dict[str, Stamp]:
    """The stamps that were remembered of a folder, none of another one."""
    told = recall(index, SEEN, most_bytes=LONGEST * (index.info.count + 1000))
    files = told.get("files") if isinstance(told, dict) and told.get("root") == root else None
    if not isinstance(files, dict):
        return {}
    # another one than any file has now: the file is looked at again
    return {file: tuple(stamp) for file, stamp in files.items() if isinstance(stamp, list)}


def remember_stamps(index: Index, root: str, stamps: Mapping[str, Stamp]) -> None:
    """Keep when the files of a folder were seen."""
    text = json.dumps({"root": root, "files": stamps})
    index.put_extra(SEEN, zlib.compress(text.encode()))
