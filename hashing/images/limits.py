"""How large a picture may be, and how much of the machine all pictures may take at once."""

import os
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace

from hashing.errors import UsageError

MIN_SIDE = 16


@dataclass(frozen=True, slots=True)
class Limits:
    """The largest picture that is decoded.

    bytes: of the encoded file. pixels: width times height, as the header tells. aspect: the longer
    side divided by the shorter. memory: bytes that decoding may take. seconds: of
    processor time, for formats that are decoded in a process of their own. whole: at its full
    size, where a large picture else comes at a part of it.
    """

    bytes: int
    pixels: int
    aspect: int
    memory: int
    seconds: float
    whole: bool = False


UPLOADS = Limits(bytes=20 << 20, pixels=50_000_000, aspect=20, memory=440 << 20, seconds=1.5)
"""For pictures from strangers."""

FILES = Limits(bytes=512 << 20, pixels=256_000_000, aspect=100, memory=1 << 30, seconds=60)
"""For pictures on one's own disk."""

FULL_SIZE = replace(FILES, whole=True)
"""For looking at them closely."""

MOST_MEGAPIXELS = 2_000
"""What `files_up_to` is asked for at most: Pillow's own lines end there."""


def files_up_to(megapixels: float | None) -> Limits:
    """Limits for one's own files of another largest size; those of `FILES` for None.

    Memory, bytes and time grow with it. Raises UsageError for a size beyond all sense.
    """
    if megapixels is None:
        return FILES
    if not 0 < megapixels <= MOST_MEGAPIXELS:
        raise UsageError(
            f"expected more than 0 and at most {MOST_MEGAPIXELS:,} megapixels, found {megapixels}"
        )
    pixels = int(megapixels * 1_000_000)
    return Limits(
        bytes=max(FILES.bytes, 2 * pixels),
        pixels=pixels,
        aspect=FILES.aspect,
        memory=max(FILES.memory, 4 * pixels),
        seconds=FILES.seconds * max(1.0, pixels / FILES.pixels),
    )


ROOM = 256 << 20
"""Bytes that pictures being decoded take together; a larger one is decoded alone."""


class Gate:
    """Lets in what fits into `room` bytes, in the order of arrival; whatever is larger alone."""

    def __init__(self, room: int = ROOM) -> None:
        self._room = self._free = room
        self._turn = threading.Lock()
        self._changed = threading.Condition()

    @contextmanager
    def hold(self, size: int) -> Iterator[None]:
        """Wait for `size` bytes of room and keep them."""
        size = min(size, self._room)
        with self._turn, self._changed:
            self._changed.wait_for(lambda: self._free >= size)
            self._free -= size
        try:
            yield
        finally:
            with self._changed:
                self._free += size
                self._changed.notify_all()


GATE = Gate()


def _forget_the_parent() -> None:
    """A forked child has none of the threads that hold room, nor one to give back a lock."""
    GATE.__init__()  # type: ignore[misc]


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_forget_the_parent)
