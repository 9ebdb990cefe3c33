"""GIF 89a: a screen, then extensions and images whose bodies are chains of sub-blocks."""

import re

from hashing.images.parts import MOST_SEGMENTS, Parts, too_many

MAGIC = (b"GIF87a", b"GIF89a")
_CONTROL = b"\xf9"
_IMAGE = ord(",")
_INTRODUCER = re.compile(rb"[!,;]")
_WINDOW = 1024
"""Bytes of anything else that may lie between blocks."""


def take_apart(data: bytes) -> Parts:
    """The screen, its colours, and everything from the first image on: nothing else is read.

    Raises ImageError for more sub-blocks before that image than any encoder writes.
    """
    view = memoryview(data)
    screen = 13 + _colours(data, 10)
    control, image, _ = _next_image(data, screen, MOST_SEGMENTS)
    return Parts(b"".join((view[:screen], control, view[image:])))


def frames(data: bytes, most: int) -> bytes:
    """The screen, its colours and the first frames of an animation; empty for a still."""
    view = memoryview(data)
    at = 13 + _colours(data, 10)
    kept = [view[:at]]
    left = MOST_SEGMENTS
    for _ in range(most):
        control, image, left = _next_image(data, at, left)
        if image + 10 >= len(data) or data[image] != _IMAGE:
            break
        at, left = _after_blocks(data, image + 11 + _colours(data, image + 9), left)
        kept += [control, view[image:at]]
    return b"".join((*kept, b";")) if len(kept) > 3 else b""


def _next_image(data: bytes, at: int, left: int) -> tuple[memoryview, int, int]:
    """The next image's control extension, its place (or the end's), and the blocks left."""
    control = memoryview(b"")
    while (found := _INTRODUCER.search(data, at, at + _WINDOW)) and found[0] == b"!":
        start = found.start()
        at, left = _after_blocks(data, start + 2, left - 1)
        if data[start + 1 : start + 2] == _CONTROL:
            control = memoryview(data)[start:at]
    return control, found.start() if found else len(data), left


def _after_blocks(data: bytes, at: int, left: int) -> tuple[int, int]:
    """The place after a chain of sub-blocks, and how many more may be looked at."""
    while at < len(data) and data[at] and left > 0:
        at += 1 + data[at]
        left -= 1
    if left <= 0:
        raise too_many("blocks")
    return at + 1, left


def _colours(data: bytes, at: int) -> int:
    """The bytes of a table of colours, by the flags at `at`."""
    flags = int.from_bytes(data[at : at + 1])
    return 3 << (flags & 7) + 1 if flags & 128 else 0
