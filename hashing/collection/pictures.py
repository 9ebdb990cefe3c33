"""The pictures of an index: kept previews, originals where they still lie, shapes and colours."""

import io
import json
import threading
from functools import lru_cache, partial
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from hashing.errors import ArtHashError, InputError
from hashing.images import FILES, decode, encode_jpeg
from hashing.recommend import are_copies
from hashing.sources.archive import Archive, open_archive, read_picture
from hashing.store import Index, StoredItem

PREVIEW_SIDE = 512
LARGEST_SIDE = 1600
SOURCES = "sources"
MOST_GLANCES = 1 << 16
"""Previews whose shape and thumbnail are remembered, about 600 bytes each."""

EDGE = 0.03
"""Share of each side that a middle leaves out; copies cropped by 1 to 5 % look like it."""


def remember_source(index: Index, images: Path) -> None:
    """Note in the index where pictures came from, for the large view."""
    sources = _sources(index)
    if str(images.absolute()) not in sources:
        index.put_extra(SOURCES, json.dumps([*sources, str(images.absolute())]).encode())


class Pictures:
    """Reads pictures by id; ids are never reused, so nothing in its caches goes stale."""

    def __init__(self, index: Index) -> None:
        self.index = index
        self._archives: dict[str, Archive] = {}
        # not a method of this object: a circle would keep a closed index open
        self._glance = lru_cache(maxsize=MOST_GLANCES)(partial(_read_glance, index))

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
        """8 x 8 pixels of the whole and of its middle, uint8 `[2, 192]`; None without a preview."""
        glance = self._glance(item_id)
        return None if glance is None else glance[1]

    def jpeg(self, item: StoredItem, side: int) -> bytes:
        """At most `side` pixels: the preview, or for more the original while it exists.

        Raises InputError where neither is there.
        """
        preview = self.index.preview(item.id)
        if side > PREVIEW_SIDE or preview is None:
            original = self._original(item)
            if original is not None:
                return encode_jpeg(original, min(side, LARGEST_SIDE))
        if preview is None:
            raise InputError(f"the picture of work {item.id} is gone and the index kept no preview")
        return preview if max(self.shape(item.id)) <= side else encode_jpeg(decode(preview), side)

    def colours(self, item_id: int, most: int = 6) -> list[str]:
        """The main colours as `#rrggbb`, commonest first; none without a preview."""
        preview = self.index.preview(item_id)
        if preview is None:
            return []
        small = decode(preview)
        small.thumbnail((96, 96))
        reduced = small.quantize(most)
        shades = np.array(reduced.getpalette(), np.uint8).reshape(-1, 3)
        counts = np.bincount(np.asarray(reduced).reshape(-1))
        order = np.argsort(-counts, kind="stable")[: np.count_nonzero(counts)]
        return ["#" + shade.tobytes().hex() for shade in shades[order]]

    def _original(self, item: StoredItem) -> Image.Image | None:
        """The picture where it was indexed from, unless another lies there now."""
        for source in _sources(self.index):
            try:
                data = self._read(source, item.file)
                image = decode(data, FILES)
            except (OSError, ArtHashError):
                continue
            known = self.thumbnail(item.id)
            if known is None or are_copies(known[None], glance(data)[1][None]).all():
                return image
        return None

    def _read(self, source: str, file: str) -> bytes:
        root = Path(source)
        if not root.is_dir() and source not in self._archives:
            self._archives[source] = open_archive(root)
        return read_picture(root, self._archives.get(source), file)


def glance(data: bytes) -> tuple[tuple[int, int], NDArray[np.uint8]]:
    """Width and height of an encoded picture; its whole and its middle in 8 x 8 pixels."""
    with Image.open(io.BytesIO(data)) as image:
        shape = image.size
        # Lets the JPEG decoder do most of the shrinking.
        image.draft("RGB", (32, 32))
        small = image.convert("RGB")
    width, height = small.size
    thumbnails = [
        np.asarray(small.resize((8, 8), Image.Resampling.BOX, box)).reshape(-1)
        for edge in (0, EDGE)
        for box in [(edge * width, edge * height, (1 - edge) * width, (1 - edge) * height)]
    ]
    return shape, np.stack(thumbnails)


def _read_glance(index: Index, item_id: int) -> tuple[tuple[int, int], NDArray[np.uint8]] | None:
    preview = index.preview(item_id)
    return None if preview is None else glance(preview)


def _sources(index: Index) -> list[str]:
    known = index.extra(SOURCES)
    return [] if known is None else [str(source) for source in json.loads(known)]
