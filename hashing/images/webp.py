"""WebP (RFC 9649): a RIFF file of chunks of kind, length and body, padded to even lengths."""

import struct
from collections.abc import Iterator, Sequence

from hashing.images.parts import (
    MOST_METADATA,
    MOST_PROFILE,
    MOST_SEGMENTS,
    Parts,
    tiff_part,
    too_many,
)

_PIXELS = (b"VP8X", b"VP8 ", b"VP8L", b"ALPH", b"ANIM", b"ANMF")


def take_apart(data: bytes) -> Parts:
    """The chunks that carry pixels, of an animation the first frame."""
    found = {b"EXIF": b"", b"XMP ": b"", b"ICCP": b""}
    kept: list[memoryview] = []
    pictures = 0
    for count, (kind, start, end) in enumerate(_chunks(data)):
        if count >= MOST_SEGMENTS:
            raise too_many("chunks")
        pictures += kind == b"ANMF"
        if kind in _PIXELS and pictures < 2:
            kept.append(memoryview(data)[start:end])
        elif kind in found and end - start <= MOST_PROFILE:
            found[kind] = found[kind] or _body(data, start)
    exif, xmp = tiff_part(found[b"EXIF"]), found[b"XMP "][:MOST_METADATA]
    return Parts(_file(kept), exif, xmp, found[b"ICCP"])


def frames(data: bytes, most: int) -> bytes:
    """The same with the first frames of an animation; empty for a still."""
    kept: list[memoryview] = []
    pictures = 0
    for kind, start, end in _chunks(data):
        pictures += kind == b"ANMF"
        if pictures > most:
            break
        if kind in _PIXELS:
            kept.append(memoryview(data)[start:end])
    return _file(kept) if pictures > 1 else b""


def _chunks(data: bytes) -> Iterator[tuple[bytes, int, int]]:
    """Kind, start and end of each chunk, padding included."""
    at = 12
    while at + 8 <= len(data):
        kind, length = struct.unpack_from("<4sI", data, at)
        end = at + 8 + length + length % 2
        yield kind, at, end
        at = end


def _body(data: bytes, start: int) -> bytes:
    (length,) = struct.unpack_from("<I", data, start + 4)
    return data[start + 8 : start + 8 + length]


def _file(chunks: Sequence[memoryview]) -> bytes:
    return b"".join((b"RIFF", struct.pack("<I", 4 + sum(map(len, chunks))), b"WEBP", *chunks))
