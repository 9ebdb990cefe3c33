"""Pictures that a collection holds more than once, the best copy of each first."""

import time
from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Literal, overload

import numpy as np
from numpy.typing import NDArray

from hashing.collection.opened import Opened, each_portion
from hashing.collection.sheet import GroupSheet
from hashing.collection.stored import Stored
from hashing.images.facts import facts_of
from hashing.progress import progress
from hashing.search import SearchRequest
from hashing.sources.decoding import prepare_ahead
from hashing.store import StoredItem

Kind = Literal["exact", "near", "burst"]
KINDS: tuple[Kind, ...] = ("exact", "near", "burst")

ALL_PAIRS = 20_000
"""Items up to which every pair of thumbnails is compared; beyond, each with its nearest codes."""
NEIGHBOURS = 24
BLOCK = 2048
BURST_SECONDS = 3.0
"""Between two shots of a burst."""
MICROSECOND = timedelta(microseconds=1)
BURST_SHARE = 0.22
"""Of the code's bits in which two shots of a burst may differ."""


@dataclass(frozen=True)
class Copy:
    """One picture of a group. What the original's file would tell is None where it has gone.

    width, height: pixels of the original, else of the preview. bytes: of its file.
    date: when it was taken by Exif, else when the file was changed; ISO 8601.
    """

    item: StoredItem
    width: int
    height: int
    bytes: int | None
    date: str | None

    @property
    def quality(self) -> tuple[int, int, str, int]:
        """Better copies have the smaller ones: more pixels, more bytes, older, the first."""
        return -self.width * self.height, -(self.bytes or 0), self.date or "~", self.item.id

    @property
    def facts(self) -> str:
        """Pixels, bytes and date as a person reads them."""
        return f"{self.width} x {self.height}, {self.bytes or 0:,} bytes, {self.date or ''}"


@dataclass(frozen=True)
class Group:
    """Copies of one picture, the best first."""

    copies: list[Copy]

    @property
    def frees(self) -> int:
        """Bytes of all files but the best."""
        return sum(copy.bytes or 0 for copy in self.copies[1:])


@dataclass(frozen=True)
class Duplicates(Sequence[Group]):
    """Groups of pictures, those first that would free most bytes; a notebook shows them.

    opened: what the pictures are of.
    """

    kind: Kind
    groups: Sequence[Group]
    opened: Opened = field(repr=False, compare=False)

    def __len__(self) -> int:
        return len(self.groups)

    @overload
    def __getitem__(self, place: int) -> Group: ...
    @overload
    def __getitem__(self, place: slice) -> Sequence[Group]: ...
    def __getitem__(self, place: int | slice) -> Group | Sequence[Group]:
        return self.groups[place]

    def __str__(self) -> str:
        lines = [
            f"{number:>4} {copy.item.id:>8}  {copy.item.file}"
            for number, group in enumerate(self.groups, 1)
            for copy in group.copies
        ]
        return "\n".join([f"{len(self)} groups ({self.kind}); group, id, file", *lines])

    def sheet(self) -> GroupSheet:
        """Every group with its pictures."""
        shown = [
            (
                f"{len(group.copies)} copies, {group.frees / 1e6:,.1f} MB more than needed",
                [(self.opened.preview(c.item.id), c.item.file, c.facts) for c in group.copies],
            )
            for group in self.groups
        ]
        return GroupSheet(f"Duplicates ({self.kind})", shown)

    def _repr_html_(self) -> str:
        return self.sheet().fragment()


def find_duplicates(opened: Opened, kind: Kind = "near") -> Duplicates:
    """Groups of at least two pictures, those first that would free most; nothing is changed.

    exact: files of the same content. near: the same picture recompressed, resized, lighter or
    cropped a little, by its preview. burst: shots within seconds of each other, in one folder,
    whose codes are close; needs the originals with their Exif data.
    """
    find = {"exact": _exact, "near": _near, "burst": _burst}[kind]
    groups = [Group(copies) for copies in find(opened)]
    groups.sort(key=lambda group: (-group.frees, group.copies[0].item.id))
    return Duplicates(kind, groups, opened)


def _exact(opened: Opened) -> Iterator[list[Copy]]:
    stored = Stored.of(opened.index)
    _, number, counts = np.unique(stored.contents, return_inverse=True, return_counts=True)
    same = defaultdict(list)
    for copy in _copies(opened, stored.ids[counts[number] > 1]).values():
        same[copy.item.content].append(copy)
    for some in same.values():
        if len(some) > 1:
            yield sorted(some, key=lambda copy: copy.quality)


def _near(opened: Opened) -> Iterator[list[Copy]]:
    """A copy is one of its leader itself, for a copy of a copy may be another picture."""
    alike: dict[int, set[int]] = defaultdict(set)
    for a, b in opened.pictures.pairs(_candidates(opened)):
        alike[a].add(b)
        alike[b].add(a)
    copies = _copies(opened, np.array(sorted(alike), np.int64))
    groups: dict[int, list[Copy]] = defaultdict(list)
    leaders: dict[int, int] = {}
    for copy in sorted(copies.values(), key=lambda each: each.quality):
        own = copy.item.id
        leader = leaders.setdefault(own, own)
        if leader == own:
            for other in alike[own]:
                leaders.setdefault(other, own)
        groups[leader].append(copy)
    yield from (group for group in groups.values() if len(group) > 1)


def _candidates(opened: Opened) -> Iterator[tuple[list[int], list[int]]]:
    """Ids that are to be compared with which."""
    ids = opened.index.ids()
    blocks = (ids[start : start + BLOCK].tolist() for start in range(0, len(ids), BLOCK))
    if len(ids) <= ALL_PAIRS:
        several = list(blocks)
        for place, block in enumerate(several):
            for other in several[place:]:
                yield block, other
        return
    with progress(len(ids), "comparing", "pictures") as bar:
        for block in blocks:
            found = opened.index.search(SearchRequest(opened.index.codes(block), NEIGHBOURS))
            for item_id, near in zip(block, found.ids.tolist(), strict=True):
                # the nearest of one need not have it among their own nearest
                yield [item_id], [other for other in near if other not in (item_id, -1)]
            bar.advance(len(block))


def _burst(opened: Opened) -> Iterator[list[Copy]]:
    copies = _copies(opened, _taken_together(opened), only_taken=True)
    folders: dict[str, list[Copy]] = defaultdict(list)
    for copy in copies.values():
        folders[_folder(copy)].append(copy)
    reach = int(BURST_SHARE * opened.info.bits)
    for some in folders.values():
        shots = sorted(some, key=lambda copy: (copy.date or "", copy.item.file))
        codes = opened.index.codes([copy.item.id for copy in shots])
        group = shots[:1]
        for place in range(1, len(shots)):
            before, shot = shots[place - 1], shots[place]
            apart = codes[place - 1 : place].distances(codes[place : place + 1])[0, 0]
            if _seconds(before, shot) <= BURST_SECONDS and apart <= reach:
                group.append(shot)
                continue
            if len(group) > 1:
                yield sorted(group, key=lambda copy: copy.quality)
            group = [shot]
        if len(group) > 1:
            yield sorted(group, key=lambda copy: copy.quality)


def _taken_together(opened: Opened) -> NDArray[np.int64]:
    """Ids, ascending, of shots with another one of their folder within a burst's time."""
    folders: dict[str, int] = {}
    parts = [np.empty((0, 3), np.int64)]
    for copies in _looked_at(opened, opened.index.ids(), only_taken=True):
        rows = [
            (folders.setdefault(_folder(copy), len(folders)), _microseconds(copy), copy.item.id)
            for copy in copies
        ]
        parts.append(np.array(rows, np.int64).reshape(len(rows), 3))
    folder, when, ids = np.concatenate(parts).T
    order = np.lexsort((when, folder))
    folder, when, ids = folder[order], when[order], ids[order]
    close = (np.diff(folder) == 0) & (np.diff(when) <= BURST_SECONDS * 1_000_000)
    together = np.zeros(len(ids), np.bool_)
    together[1:] |= close
    together[:-1] |= close
    return np.sort(ids[together])


def _folder(copy: Copy) -> str:
    return copy.item.file.rpartition("/")[0]


def _microseconds(copy: Copy) -> int:
    """Of its date since the first of all."""
    return (datetime.fromisoformat(copy.date or "") - datetime.min) // MICROSECOND


def _seconds(first: Copy, second: Copy) -> float:
    dates = [datetime.fromisoformat(copy.date or "") for copy in (first, second)]
    return abs((dates[1] - dates[0]).total_seconds())


def _copies(opened: Opened, ids: NDArray[np.int64], *, only_taken: bool = False) -> dict[int, Copy]:
    """What is known of some pictures by id; with `only_taken` of those with a date of the shot."""
    looked_at = _looked_at(opened, ids, only_taken=only_taken)
    return {copy.item.id: copy for copies in looked_at for copy in copies}


def _looked_at(opened: Opened, ids: NDArray[np.int64], *, only_taken: bool) -> Iterator[list[Copy]]:
    """The same, a few at a time."""

    def look(item: StoredItem) -> Copy | None:
        original = opened.pictures.file(item)
        facts = None if original is None else facts_of(original.data)
        if only_taken and (facts is None or facts.taken is None):
            return None
        width, height = opened.pictures.shape(item.id)
        if facts is not None:
            width, height = facts.width, facts.height
        date = None if original is None or original.changed is None else _local(original.changed)
        if facts is not None and facts.taken is not None:
            date = facts.taken.isoformat()
        size = None if original is None else len(original.data)
        return Copy(item, width, height, size, date)

    with progress(len(ids), "reading", "pictures") as bar:
        for items in each_portion(opened.index, ids):
            for some, found in prepare_ahead(look, items):
                yield [copy for copy in found if copy is not None]
                bar.advance(len(some))


def _local(seconds: float) -> str:
    return time.strftime("%Y-%m-%dT%H:%M:%S", time.localtime(seconds))
