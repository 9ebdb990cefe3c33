"""What a file says of its picture without a pixel of it being decoded."""

import re
import struct
from dataclasses import dataclass
from datetime import datetime

from hashing.errors import ImageError
from hashing.images.kinds import kind_of, needs_own_process
from hashing.images.limits import FILES
from hashing.images.parts import tiff_part
from hashing.images.still import read_header

MOST_TAGS = 1000
_SUB_IFD, _ORIGINAL, _SUBSECONDS, _CHANGED = 0x8769, 0x9003, 0x9291, 0x0132
_GPS, _LATITUDE, _LONGITUDE = 0x8825, 2, 4
_DATE = re.compile(rb"(\d{4}):(\d\d):(\d\d) (\d\d):(\d\d):(\d\d)")


@dataclass(frozen=True)
class Facts:
    """width, height: pixels, as stored. taken: when, by the camera's clock."""

    width: int
    height: int
    taken: datetime | None


def facts_of(data: bytes) -> Facts | None:
    """The facts of an encoded picture; None for what is broken or only its own decoder reads."""
    kind = kind_of(data)
    if kind is None or needs_own_process(kind, data):
        return None
    try:
        still = read_header(data, kind, FILES)
    except ImageError:
        return None
    with still.image:
        return Facts(*still.image.size, taken_at(still.parts.exif))


def exif_of(data: bytes) -> bytes:
    """A picture's Exif data from their TIFF header on, empty where there are none to be read.

    Of HEIC and AVIF, whose boxes are not taken apart, what follows the word that begins them.
    """
    kind = kind_of(data)
    if kind in ("HEIF", "AVIF"):
        places = [data.find(b"Exif\0\0" + order) for order in (b"II*\0", b"MM\0*")]
        start = min((place for place in places if place >= 0), default=-1)
        return b"" if start < 0 else tiff_part(data[start:])
    if kind is None or needs_own_process(kind, data):
        return b""
    try:
        still = read_header(data, kind, FILES)
    except ImageError:
        return b""
    with still.image:
        return still.parts.exif


def place_at(exif: bytes) -> tuple[float, float] | None:
    """Degrees north and east that Exif data (from its TIFF header on) say, None for none."""
    order = {b"II*\0": "<", b"MM\0*": ">"}.get(exif[:4])
    if order is None:
        return None
    try:
        tags = _tags(exif, order, struct.unpack_from(order + "I", exif, 4)[0])
        inner = _tags(exif, order, tags[_GPS][1]) if _GPS in tags else {}
        north = _degrees(exif, order, inner, _LATITUDE)
        east = _degrees(exif, order, inner, _LONGITUDE)
    except struct.error:
        return None
    if north is None or east is None or abs(north) > 90 or abs(east) > 180:
        return None
    return None if (north, east) == (0, 0) else (north, east)  # cameras without a fix note noughts


def _degrees(exif: bytes, order: str, tags: dict[int, tuple[int, int]], name: int) -> float | None:
    """Degrees, minutes and seconds as three fractions; the tag before says of which half."""
    if name not in tags or tags[name][0] != 3:
        return None
    numbers: tuple[int, ...] = struct.unpack_from(order + "6I", exif, tags[name][1])
    if not all(numbers[1::2]):
        return None
    parts = [top / bottom for top, bottom in zip(numbers[::2], numbers[1::2], strict=True)]
    size: float = parts[0] + parts[1] / 60 + parts[2] / 3600
    half = _text(exif, order, tags.get(name - 1))[:1]
    return round(-size if half in (b"S", b"W") else size, 6)


def taken_at(exif: bytes) -> datetime | None:
    """The date of Exif data (from its TIFF header on): of the shot, else of the file."""
    order = {b"II*\0": "<", b"MM\0*": ">"}.get(exif[:4])
    if order is None:
        return None
    try:
        tags = _tags(exif, order, struct.unpack_from(order + "I", exif, 4)[0])
        inner = _tags(exif, order, tags[_SUB_IFD][1]) if _SUB_IFD in tags else {}
        date = _text(exif, order, inner.get(_ORIGINAL) or tags.get(_CHANGED))
        found = _DATE.match(date)
        if found is None:
            return None
        fraction = re.match(rb"\d{1,6}", _text(exif, order, inner.get(_SUBSECONDS)))
        micro = int(fraction[0].ljust(6, b"0")) if fraction else 0
        return datetime(*map(int, found.groups()), microsecond=micro)  # type: ignore[misc,arg-type]
    except (struct.error, ValueError):
        return None


def _tags(exif: bytes, order: str, start: int) -> dict[int, tuple[int, int]]:
    """By tag the number of values and the value or its place, for texts and pointers."""
    (count,) = struct.unpack_from(order + "H", exif, start)
    tags = {}
    for tag in range(min(count, MOST_TAGS)):
        name, _, values, value = struct.unpack_from(order + "HHII", exif, start + 2 + 12 * tag)
        tags[name] = values, value
    return tags


def _text(exif: bytes, order: str, tag: tuple[int, int] | None) -> bytes:
    if tag is None:
        return b""
    count, value = tag
    if count <= 4:  # short texts stand in the place of their address
        return struct.pack(order + "I", value)[:count]
    return exif[value : value + min(count, 32)]
