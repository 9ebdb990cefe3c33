"""PNG (W3C, third edition): chunks of length, kind, body and checksum."""

import struct
import zlib

from hashing.images.parts import (
    MOST_METADATA,
    MOST_PROFILE,
    MOST_SEGMENTS,
    Parts,
    tiff_part,
    too_many,
)

MAGIC = b"\x89PNG\r\n\x1a\n"
_ONCE = (b"IHDR", b"PLTE", b"tRNS")
_ANIMATION = (*_ONCE, b"acTL", b"fcTL", b"IDAT", b"fdAT")
_END = b"\0\0\0\0IEND\xae\x42\x60\x82"
_XMP = b"XML:com.adobe.xmp\0"


def take_apart(data: bytes) -> Parts:
    """Header, palette, transparency and one chunk of all image data; of animations the still."""
    view = memoryview(data)
    kept: dict[bytes, memoryview] = {}
    image: list[memoryview] = []
    exif = xmp = profile = b""
    at = len(MAGIC)
    for _ in range(MOST_SEGMENTS):
        if at + 8 > len(data):
            break
        length, kind = struct.unpack_from(">I4s", data, at)
        body = view[at + 8 : at + 8 + length]
        if kind == b"IDAT":
            image.append(body)
        elif kind in _ONCE and not image:
            kept.setdefault(kind, view[at : at + 12 + length])
        elif kind == b"eXIf":
            exif = exif or tiff_part(bytes(body[:MOST_METADATA]))
        elif kind == b"iCCP":
            profile = profile or _unpack(bytes(body[:MOST_PROFILE]).partition(b"\0")[2])
        elif kind == b"iTXt" and body[: len(_XMP)] == _XMP:
            xmp = xmp or _text(bytes(body[len(_XMP) : MOST_METADATA]))
        elif kind == b"IEND":
            break
        at += 12 + length
    else:
        raise too_many("chunks")
    # Pillow looks at no checksum of image data: zlib has its own.
    size = struct.pack(">I", sum(map(len, image)))
    pieces: tuple[bytes | memoryview, ...] = (
        MAGIC,
        *kept.values(),
        size,
        b"IDAT",
        *image,
        b"\0\0\0\0",
        _END,
    )
    return Parts(b"".join(pieces), exif, xmp, profile)


def frames(data: bytes, most: int) -> bytes:
    """The same with the first frames of an animation; empty for a still."""
    view = memoryview(data)
    kept: list[memoryview] = []
    seen = animated = 0
    at = len(MAGIC)
    while at + 8 <= len(data) and seen <= most:
        length, kind = struct.unpack_from(">I4s", data, at)
        if kind in _ANIMATION:
            kept.append(view[at : at + 12 + length])
        animated += kind == b"acTL"
        seen += kind == b"fcTL"
        at += 12 + length
    return b"".join((MAGIC, *kept, _END)) if animated else b""


def _unpack(method_and_stream: bytes) -> bytes:
    """An ICC profile, empty where it is broken or too large."""
    if method_and_stream[:1] != b"\0":
        return b""
    stream = zlib.decompressobj()
    try:
        found = stream.decompress(method_and_stream[1:], MOST_PROFILE)
    except zlib.error:
        return b""
    return b"" if stream.unconsumed_tail else found


def _text(rest: bytes) -> bytes:
    """The beginning of an international text: flag, method, language, keyword, text."""
    packed, text = rest[:1] == b"\1", rest[2:].split(b"\0", 2)[-1]
    if not packed:
        return text
    try:
        return zlib.decompressobj().decompress(text, MOST_METADATA)
    except zlib.error:
        return b""
