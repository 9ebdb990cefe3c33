"""Pictures that a collection holds more than once, the best copy of each first."""

import time
from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Literal, overload

from hashing.collection.opened import Opened
from hashing.collection.sheet import GroupSheet
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
    items = opened.index.items(opened.index.ids())
    find = {"exact": _exact, "near": _near, "burst": _burst}[kind]
    groups = [Group(copies) for copies in find(opened, items)]
    groups.sort(key=lambda group: (-group.frees, group.copies[0].item.id))
    return Duplicates(kind, groups, opened)


def _exact(opened: Opened, items: Sequence[StoredItem]) -> Iterator[list[Copy]]:
    same = defaultdict(list)
    for item in items:
        same[item.content].append(item)
    several = [some for some in same.values() if len(some) > 1]
    copies = _copies(opened, [item for some in several for item in some])
    for some in several:
        yield sorted((copies[item.id] for item in some), key=lambda copy: copy.quality)


def _near(opened: Opened, items: Sequence[StoredItem]) -> Iterator[list[Copy]]:
    """A copy is one of its leader itself, for a copy of a copy may be another picture."""
    alike: dict[int, set[int]] = defaultdict(set)
    for a, b in opened.pictures.pairs(_candidates(opened, items)):
        alike[a].add(b)
        alike[b].add(a)
    copies = _copies(opened, [item for item in items if item.id in alike])
    groups: dict[int, list[Copy]] = {}
    for copy in sorted(copies.values(), key=lambda each: each.quality):
        mine = alike[copy.item.id]
        leader = next((other for other in groups if other in mine), copy.item.id)
        groups.setdefault(leader, []).append(copy)
    yield from (group for group in groups.values() if len(group) > 1)


def _candidates(
    opened: Opened, items: Sequence[StoredItem]
) -> Iterator[tuple[list[int], list[int]]]:
    """Ids that are to be compared with which."""
    ids = [item.id for item in items]
    if len(ids) <= ALL_PAIRS:
        blocks = [ids[start : start + BLOCK] for start in range(0, len(ids), BLOCK)]
        for place, block in enumerate(blocks):
            for other in blocks[place:]:
                yield block, other
        return
    with progress(len(ids), "comparing", "pictures") as bar:
        for start in range(0, len(ids), BLOCK):
            block = ids[start : start + BLOCK]
            found = opened.index.search(SearchRequest(opened.index.codes(block), NEIGHBOURS))
            for item_id, near in zip(block, found.ids.tolist(), strict=True):
                yield [item_id], [other for other in near if other > item_id]
            bar.advance(len(block))


def _burst(opened: Opened, items: Sequence[StoredItem]) -> Iterator[list[Copy]]:
    copies = _copies(opened, items, only_taken=True)
    folders: dict[str, list[Copy]] = defaultdict(list)
    for copy in copies.values():
        folders[copy.item.file.rpartition("/")[0]].append(copy)
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


def _seconds(first: Copy, second: Copy) -> float:
    dates = [datetime.fromisoformat(copy.date or "") for copy in (first, second)]
    return abs((dates[1] - dates[0]).total_seconds())


def _copies(
    opened: Opened, items: Sequence[StoredItem], *, only_taken: bool = False
) -> dict[int, Copy]:
    """What is known of some pictures by id; with `only_taken` of those with a date of the shot."""

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

    copies: dict[int, Copy] = {}
    with progress(len(items), "reading", "pictures") as bar:
        for some, found in prepare_ahead(look, items):
            pairs = zip(some, found, strict=True)
            copies |= {item.id: copy for item, copy in pairs if copy is not None}
            bar.advance(len(some))
    return copies


def _local(seconds: float) -> str:
    return time.strftime("%Y-%m-%dT%H:%M:%S", time.localtime(seconds))
