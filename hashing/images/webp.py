"""WebP (RFC 9649): a RIFF file of chunks of kind, length and body, padded to even lengths."""

import struct

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
    """The chunks that carry pixels, of an animation all frames."""
    view = memoryview(data)
    kept: list[memoryview] = []
    found = {b"EXIF": b"", b"XMP ": b"", b"ICCP": b""}
    at = 12
    for _ in range(MOST_SEGMENTS):
        if at + 8 > len(data):
            break
        kind, length = struct.unpack_from("<4sI", data, at)
        end = at + 8 + length + length % 2
        if kind in _PIXELS:
            kept.append(view[at:end])
        elif kind in found and length <= MOST_PROFILE:
            found[kind] = found[kind] or bytes(view[at + 8 : at + 8 + length])
        at = end
    else:
        raise too_many("chunks")
    riff = b"RIFF" + struct.pack("<I", 4 + sum(map(len, kept))) + b"WEBP"
    return Parts(
        b"".join((riff, *kept)),
        tiff_part(found[b"EXIF"]),
        found[b"XMP "][:MOST_METADATA],
        found[b"ICCP"],
    )
