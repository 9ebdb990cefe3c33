"""The turn that sets a picture upright, from Exif data or an XMP packet.

Only this one tag is looked for: a general reader copies every value that a tag points at.
"""

import re
import struct

from PIL import Image

MOST_TAGS = 1000
_ORIENTATION, _SHORT = 0x0112, 3
_IN_XMP = re.compile(rb"tiff:Orientation(?:=[\"']|>)([0-9])")

UPRIGHT = {
    2: Image.Transpose.FLIP_LEFT_RIGHT,
    3: Image.Transpose.ROTATE_180,
    4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_270,
    7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_90,
}
"""By the orientation that a camera notes."""


def upright_turn(exif: bytes, xmp: bytes = b"") -> Image.Transpose | None:
    """None where the picture stands upright, or where nothing readable says otherwise."""
    found = _orientation(exif)
    if found is None:
        written = _IN_XMP.search(xmp)
        found = int(written[1]) if written else None
    return None if found is None else UPRIGHT.get(found)


def _orientation(exif: bytes) -> int | None:
    order = {b"II*\0": "<", b"MM\0*": ">"}.get(exif[:4])
    if order is None:
        return None
    try:
        (start,) = struct.unpack_from(order + "I", exif, 4)
        (count,) = struct.unpack_from(order + "H", exif, start)
        for tag in range(min(count, MOST_TAGS)):
            name, kind, value = struct.unpack_from(order + "HH4xH", exif, start + 2 + 12 * tag)
            if (name, kind) == (_ORIENTATION, _SHORT):
                return int(value)
    except struct.error:
        return None
    return None
