"""Decoded originals, as many as there is room for, and what a close look takes of one."""

import threading
from collections import OrderedDict
from collections.abc import Callable

from PIL import Image

from hashing.images import encode_jpeg

ROOM = 256 << 20
"""Bytes of the originals that are remembered together; one is, however large."""


class Originals:
    """Decoded pictures by id, those looked at last. One is decoded at a time."""

    def __init__(self, room: int = ROOM) -> None:
        self._room, self._guard = room, threading.Lock()
        self._known: OrderedDict[int, Image.Image] = OrderedDict()

    def of(self, item_id: int, read: Callable[[], Image.Image | None]) -> Image.Image | None:
        """The picture as it is remembered, or read now; one that is not there may be later."""
        with self._guard:
            image = self._known.pop(item_id, None) or read()
            if image is None:
                return None
            self._known[item_id] = image
            while len(self._known) > 1 and sum(map(_bytes, self._known.values())) > self._room:
                self._known.popitem(last=False)
            return image


def _bytes(image: Image.Image) -> int:
    return 4 * image.width * image.height  # Pillow keeps four for a colour pixel


def cut(image: Image.Image, box: tuple[int, int, int, int], size: tuple[int, int]) -> bytes:
    """A part of a picture, left, top, right and bottom, as a JPEG of `size` pixels."""
    width, height = box[2] - box[0], box[3] - box[1]
    reduction = max(1, min(width // size[0], height // size[1]))
    part = image.reduce(reduction, box) if reduction > 1 else image.crop(box)
    if part.size != size:
        part = part.resize(size, Image.Resampling.BICUBIC)
    return encode_jpeg(part, max(size))
