"""The pictures of an index: kept previews, originals where they still lie, shapes and colours."""

import hashlib
import json
import os
import threading
from collections.abc import Iterable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from functools import lru_cache, partial
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from hashing.collection.looks import GLANCE, LOOK, glance, look
from hashing.collection.originals import Originals
from hashing.collection.remembered import recall
from hashing.errors import ArtHashError, ImageError, InputError
from hashing.images import (
    FILES,
    FULL_SIZE,
    Limits,
    checked_preview,
    decode,
    decoded_preview,
    encode_jpeg,
    kind_of,
    main_colours,
    opened_preview,
)
from hashing.recommend import are_copies
from hashing.sources.archive import Archive, holds_shards, open_archive, read_picture
from hashing.store import Index, StoredItem

PREVIEW_SIDE = 512
LARGEST_SIDE = 4096
SOURCES = "sources"
MOST_GLANCES = 1 << 16
"""Previews whose shape and smallest thumbnail are remembered, about 600 bytes each."""
MOST_LOOKS = 1 << 10
"""Previews whose larger thumbnails are, 30 KiB each."""


def remember_sources(index: Index, roots: Sequence[Path]) -> None:
    """Note in the index where pictures came from, for the large view."""
    known = known_sources(index)
    sources = list(known)
    for root in roots:
        if (place := source_name(root, sources)) not in sources:
            sources.append(place)
    if sources != known:
        index.put_extra(SOURCES, json.dumps(sources).encode())


def rename_source(index: Index, old: str, new: str) -> None:
    """Note that a source lies elsewhere now."""
    sources = [new if source == old else source for source in known_sources(index)]
    index.put_extra(SOURCES, json.dumps(sources).encode())


def source_name(root: Path, known: Sequence[str]) -> str:
    """The absolute path of a source: as it is known already, however it is spelled now."""
    place = str(root.resolve() if ".." in root.parts else root.absolute())
    return next((source for source in known if is_same(source, place)), place)


def is_same(first: str, second: str) -> bool:
    """Whether two paths lead to one place."""
    with suppress(OSError):
        return first == second or os.path.samefile(first, second)
    return False


@dataclass(frozen=True)
class OriginalFile:
    """An encoded picture; changed: seconds since 1970, None within an archive."""

    data: bytes
    changed: float | None

    @property
    def media_type(self) -> str:
        """Of its format, by its first bytes."""
        kind = kind_of(self.data)
        return f"image/{kind.lower()}" if kind else "application/octet-stream"


class Pictures:
    """Reads pictures by id; ids are never reused, so nothing in its caches goes stale."""

    def __init__(self, index: Index) -> None:
        self.index = index
        self._archives: dict[str, Archive] = {}
        self._originals = Originals()
        # not a method of this object: a circle would keep a closed index open
        self._glance = lru_cache(maxsize=MOST_GLANCES)(partial(_read_glance, index))
        self._look = lru_cache(maxsize=MOST_LOOKS)(partial(_read_look, index))

    def warm(self, closing: threading.Event) -> None:
        """Look at previews ahead of the visitors, as many as are remembered, until `closing`."""
        for item_id in self.index.page(limit=MOST_GLANCES).ids.tolist():
            if closing.is_set():
                break
            self._glance(item_id)

    def shape(self, item_id: int) -> tuple[int, int]:
        """Width and height of the preview, (1, 1) where there is none."""
        glance = self._glance(item_id)
        return (1, 1) if glance is None else glance[0]

    def thumbnail(self, item_id: int) -> NDArray[np.uint8] | None:
        """The preview in 8 x 8 pixels, uint8 `[192]`; None where there is none."""
        known = self._glance(item_id)
        return None if known is None else known[1][0]

    def copies(self, item_ids: Sequence[int]) -> NDArray[np.bool_]:
        """Which of M works are near-duplicates of which, bool `[M, M]`; false without previews.

        Larger thumbnails are looked at only for pairs that are alike at 8 x 8.
        """
        glances = [self._glance(item_id) for item_id in item_ids]
        found = np.zeros((len(item_ids), len(item_ids)), dtype=bool)
        there = np.array([row for row, known in enumerate(glances) if known is not None], np.int64)
        if len(there):
            small = np.stack([known[1] for known in glances if known is not None])
            found[np.ix_(there, there)] = are_copies(small, small)
            np.fill_diagonal(found, val=False)
        alike = np.flatnonzero(found.any(axis=1))
        if len(alike):
            looks = np.stack([self._look(item_ids[row]) for row in alike.tolist()])
            found[np.ix_(alike, alike)] &= are_copies(looks, looks)
        return found

    def pairs(
        self, candidates: Iterable[tuple[Sequence[int], Sequence[int]]]
    ) -> Iterator[tuple[int, int]]:
        """Of candidates, ids each of which may be a copy of any of others, those that are.

        Of those given with themselves each pair comes once, the smaller id first.
        """
        for first, second in candidates:
            mine, theirs = self._glances(first), self._glances(second)
            if not mine or not theirs:
                continue
            small = np.stack(list(mine.values()))
            others = small if first is second else np.stack(list(theirs.values()))
            ids, other_ids = list(mine), list(theirs)
            for a, b in np.argwhere(are_copies(small, others)).tolist():
                pair = ids[a], other_ids[b]
                if first is second and pair[0] >= pair[1]:
                    continue
                if are_copies(*(self._look(i)[None] for i in pair))[0, 0]:
                    yield pair

    def _glances(self, item_ids: Sequence[int]) -> dict[int, NDArray[np.uint8]]:
        """The smallest thumbnails of those that have a preview."""
        return {i: known[1] for i in item_ids if (known := self._glance(i)) is not None}

    def file(self, item: StoredItem) -> "OriginalFile | None":
        """An item's file where it was indexed from; None where it has gone or is another now."""
        for source in known_sources(self.index):
            with suppress(OSError, ArtHashError):
                data = self._read(source, item.file)
                if hashlib.sha256(data).digest() == item.content:
                    path = Path(source) / item.file
                    return OriginalFile(data, path.stat().st_mtime if path.is_file() else None)
        return None

    def copied(self, image: Image.Image, item_ids: Sequence[int]) -> NDArray[np.int64]:
        """The positions among M works of those that a picture is a copy of, the nearest first."""
        glances = {row: known for row, i in enumerate(item_ids) if (known := self._glance(i))}
        if not glances:
            return np.empty(0, np.int64)
        rows: NDArray[np.int64] = np.array(list(glances), np.int64)
        small = np.stack([known[1] for known in glances.values()])
        rows = rows[are_copies(look(image, GLANCE)[None], small)[0]]
        if not len(rows):
            return rows
        mine, looks = look(image, LOOK), np.stack([self._look(item_ids[row]) for row in rows])
        apart = np.abs(looks[:, 0].astype(np.int16) - mine[0]).mean(axis=1)
        order = np.argsort(apart, kind="stable")
        sure = are_copies(mine[None], looks)[0]
        nearest: NDArray[np.int64] = rows[order[sure[order]]]
        return nearest

    def jpeg(self, item: StoredItem, side: int) -> bytes:
        """At most `side` pixels: the preview, or for more the original while it exists.

        Raises InputError where neither is there.
        """
        preview = self._preview(item.id)
        if side > PREVIEW_SIDE or preview is None:
            original = self.original_jpeg(item, side)
            if original is not None:
                return original
        if preview is None:
            raise InputError(f"the picture of work {item.id} is gone and the index kept no preview")
        if max(self.shape(item.id)) <= side:
            return preview
        return encode_jpeg(decoded_preview(preview), side)

    def original_jpeg(self, item: StoredItem, side: int) -> bytes | None:
        """The original with at most `side` pixels, None where it cannot be read now."""
        original = self._original(item)
        return None if original is None else encode_jpeg(original, min(side, LARGEST_SIDE))

    def small(self, item_id: int, side: int) -> Image.Image | None:
        """The preview at about `side` pixels or more, in its own shape; None without one."""
        preview = self.index.preview(item_id)
        if preview is None:
            return None
        with suppress(ImageError), opened_preview(preview) as image:
            image.draft("RGB", (side, side))
            return image.convert("RGB")
        return None

    def colours(self, item_id: int, most: int = 6) -> list[str]:
        """The main colours as `#rrggbb`, commonest first; none without a preview."""
        try:
            small = decoded_preview(self.index.preview(item_id) or b"")
        except ImageError:
            return []
        small.thumbnail((96, 96))
        shades, counts = main_colours(small, most)
        order = np.argsort(-counts, kind="stable")[: np.count_nonzero(counts)]
        return ["#" + shade.tobytes().hex() for shade in shades[order]]

    def whole(self, item: StoredItem) -> Image.Image | None:
        """The original at its full size, None where it cannot be read now; a few are remembered."""
        return self._originals.of(item.id, lambda: self._original(item, FULL_SIZE))

    def kept(self, item: StoredItem) -> Image.Image:
        """The preview, which stands in for an original. Raises InputError where there is none."""
        preview = self._preview(item.id)
        if preview is None:
            raise InputError(f"the picture of work {item.id} is gone and the index kept no preview")
        return decoded_preview(preview)

    def _preview(self, item_id: int) -> bytes | None:
        """As it may be handed out; None without one, and for a stranger's that is no picture."""
        preview = self.index.preview(item_id)
        try:
            return None if preview is None else checked_preview(preview)
        except ImageError:
            return None

    def _original(self, item: StoredItem, limits: Limits = FILES) -> Image.Image | None:
        """The picture where it was indexed from, unless another lies there now."""
        for source in known_sources(self.index):
            try:
                data = self._read(source, item.file)
                image = decode(data, limits)
            except (OSError, ArtHashError):
                continue
            # Without a preview nothing else tells that it is the picture which was indexed.
            same = hashlib.sha256(data).digest() == item.content
            if same or len(self.copied(image, [item.id])):
                return image
        return None

    def _read(self, source: str, file: str) -> bytes:
        root = Path(source)
        if source not in self._archives:
            shards = root.is_dir() and not (root / file).exists() and holds_shards(root)
            if root.is_dir() and not shards:
                return read_picture(root, None, file)
            self._archives[source] = open_archive(root)
        return read_picture(root, self._archives[source], file)


def _read_glance(index: Index, item_id: int) -> tuple[tuple[int, int], NDArray[np.uint8]] | None:
    preview = index.preview(item_id)
    if preview is None:
        return None
    try:
        return glance(preview)
    except ImageError:  # a stranger's index
        return None


def _read_look(index: Index, item_id: int) -> NDArray[np.uint8]:
    """Only for items whose preview was seen already."""
    with opened_preview(index.preview(item_id) or b"") as image:
        return look(image, LOOK)


def known_sources(index: Index) -> list[str]:
    """The folders and archives that an index was made of."""
    known = recall(index, SOURCES)
    return (
        [source for source in known if isinstance(source, str)] if isinstance(known, list) else []
    )
