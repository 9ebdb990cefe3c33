"""What has become of a collection's pictures: new, changed, moved, copied, deleted, corrected."""

from collections import defaultdict
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import PurePosixPath

import numpy as np
from numpy.typing import NDArray

from hashing.collection.opened import PORTION
from hashing.collection.stored import Contents, Stored, key
from hashing.sources import Catalogue, Item, Value
from hashing.store import StoredItem


@dataclass
class Plan:
    """What to do so that an index holds what its source holds.

    described: items with the file and fields that they are to have, moved ones among them.
    moved: their former files by id. corrected: ids of those whose fields were others.
    copied: pictures whose content is there already, with the item that has it.
    new, changed: pictures to encode; of changed ones the file is known. gone: ids to take out.
    deleted: those of them whose file is there no more. unreadable: (file, reason).
    kept: ids of items whose picture cannot be looked for: it, its folder or its film is not
    readable, or it may be of another source.
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
    stored: Stored,
    items: Callable[[NDArray[np.int64]], Sequence[StoredItem]],
    contents: Contents,
    ours: NDArray[np.int64],
    *,
    describes: bool,
    keeps: Collection[str] = (),
) -> Plan:
    """Compare a source with the items of an index.

    items: gives stored items by their ids. ours: ids of those that may be of this source; others
    stay as they are unless a picture here has their name and content. describes: whether the
    catalogue's fields take the place of those of items that are there, but for columns that are
    named in `keeps`.

    What is in both under one name is left alone; of the rest, equal contents are moved files, in
    order of their names, and further ones copies; a known name with another content has changed.
    """
    plan = Plan()
    unread = catalogue.left_out.unread
    lost = tuple(f"{place.rstrip('/')}/" for place in unread)
    for place, reason in contents.unreadable.items():
        plan.unreadable.append((catalogue.items[place].path, reason))
    there = stored.same(contents.files, contents.keys)
    there[list(contents.unreadable)] = -1
    waiting: dict[bytes, list[StoredItem]] = defaultdict(list)
    hidden = {file for file, _ in plan.unreadable}.union(unread)
    rest_ids = np.setdiff1d(stored.ids, there)
    plan.kept += np.setdiff1d(rest_ids, ours).tolist()
    for left in items(np.intersect1d(rest_ids, ours)):
        if left.file in hidden or left.file.startswith(lost):
            plan.kept.append(left.id)
        else:
            waiting[key(left.content)].append(left)
    rest = []
    for start in range(0, len(catalogue.items), PORTION):
        matched = there[start : start + PORTION]
        known = {old.id: old for old in items(np.unique(matched[matched >= 0]))}
        for place, item_id in enumerate(matched.tolist(), start):
            item = catalogue.items[place]
            if place in contents.unreadable:
                continue
            old = known.get(item_id) or _moved(waiting[contents.keys[place].item()], item.path)
            if old is None:
                rest.append(place)
            else:
                _describe(plan, old, item, keeps, describes=describes)
    first = stored.first(contents.keys[rest]).tolist()
    _enter(plan, [(catalogue.items[p], i) for p, i in zip(rest, first, strict=True)], waiting)
    return plan


def _moved(candidates: list[StoredItem], path: str) -> StoredItem | None:
    """The item that has most likely become this file: one of the same name, else the first."""
    if not candidates:
        return None
    name = PurePosixPath(path).name
    best = min(candidates, key=lambda old: (PurePosixPath(old.file).name != name, old.id))
    candidates.remove(best)
    return best


def fields_now(old: Mapping[str, Value], item: Item, keeps: Collection[str]) -> dict[str, Value]:
    """What an item that is there has by its source now; columns named in `keeps` stay."""
    return {name: value for name, value in old.items() if name in keeps} | dict(item.fields)


def _describe(
    plan: Plan, old: StoredItem, item: Item, keeps: Collection[str], *, describes: bool
) -> None:
    fields = fields_now(old.fields, item, keeps) if describes else old.fields
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
    rest: Iterable[tuple[Item, int]],
    waiting: Mapping[bytes, Sequence[StoredItem]],
) -> None:
    """What comes and what goes, once all that stays has been found.

    rest: pictures, and the first item of the same content or -1.
    """
    going = {old.id: old for some in waiting.values() for old in some}
    files = {old.file for old in going.values()}
    for item, first in rest:
        if item.path in files:
            plan.changed.append(item)
        elif first >= 0:
            plan.copied.append((item, first))
        else:
            plan.new.append(item)
    plan.gone = sorted(going)
    replaced = {item.path for item in plan.changed}
    plan.deleted = [going[item] for item in plan.gone if going[item].file not in replaced]
