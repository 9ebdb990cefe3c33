"""GIF 89a: a screen, then extensions and images whose bodies are chains of sub-blocks."""

import re

from hashing.images.parts import MOST_SEGMENTS, Parts, too_many

MAGIC = (b"GIF87a", b"GIF89a")
_CONTROL = b"\xf9"
_INTRODUCER = re.compile(rb"[!,;]")
_WINDOW = 1024
"""Bytes of anything else that may lie between blocks."""


def take_apart(data: bytes) -> Parts:
    """The screen, its colours, and everything from the first image on: nothing else is read."""
    view = memoryview(data)
    at = after_screen = 13 + _colours(data, 10)
    control = view[:0]
    blocks = 0
    while (found := _INTRODUCER.search(data, at, at + _WINDOW)) and found[0] == b"!":
        start, at = found.start(), found.start() + 2
        blocks += 1
        while at < len(data) and data[at] and blocks <= MOST_SEGMENTS:
            at += 1 + data[at]
            blocks += 1
        if blocks > MOST_SEGMENTS:
            raise too_many("blocks")
        at += 1
        if data[start + 1 : start + 2] == _CONTROL:
            control = view[start:at]
    image = found.start() if found else len(data)
    return Parts(b"".join((view[:after_screen], control, view[image:])))


def _colours(data: bytes, at: int) -> int:
    """The bytes of a table of colours, by the flags at `at`."""
    flags = int.from_bytes(data[at : at + 1])
    return 3 << (flags & 7) + 1 if flags & 128 else 0
