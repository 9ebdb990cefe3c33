"""JPEG (ITU-T T.81): segments of marker, length and body, then entropy-coded scans between more."""

import re
from collections.abc import Sequence
from dataclasses import dataclass, field

from hashing.errors import ImageError
from hashing.images.parts import (
    MOST_METADATA,
    MOST_PROFILE,
    MOST_SEGMENTS,
    Parts,
    tiff_part,
    too_many,
)

MAGIC = b"\xff\xd8\xff"
MOST_SCANS = 100
MOST_TABLES = 1000
"""Segments that a decoder works on: tables and the starts of scans."""

_EOI, _SOS = 0xD9, 0xDA
_FRAMES = frozenset(range(0xC0, 0xD0)) - {0xC4, 0xC8, 0xCC}
_OTHER_BITS = b"\xaa" * 64
_APPLICATION = range(0xE0, 0xF0)
_COMMENT = 0xFE
_TABLES = frozenset((*range(0xC0, 0xD0), _SOS, 0xDB, 0xDD)) - {0xC8}
_COLOURS = {0xE0: b"JFIF\0", 0xEE: b"Adobe"}
_XMP = b"http://ns.adobe.com/xap/1.0/\0"
_END = b"\xff\xd9"
_EXIF = b"Exif\0\0"
_ICC = b"ICC_PROFILE\0"

_MARKER = re.compile(rb"\xff[^\x00\xd0-\xd7\xff]")
_WINDOW = 1 << 20
"""Bytes that are searched at once: a search keeps all other threads waiting."""


@dataclass(slots=True)
class _Metadata:
    exif: bytes = b""
    xmp: bytes = b""
    profile: dict[int, bytes] = field(default_factory=dict)

    def note(self, code: int, body: memoryview) -> None:
        if code == 0xE1 and body[: len(_EXIF)] == _EXIF:
            self.exif = self.exif or tiff_part(bytes(body))
        elif code == 0xE1 and body[: len(_XMP)] == _XMP:
            self.xmp = self.xmp or bytes(body[len(_XMP) : MOST_METADATA])
        elif code == 0xE2 and body[: len(_ICC)] == _ICC and len(body) > 14:
            self.profile.setdefault(body[12], bytes(body[14:]))


def take_apart(data: bytes) -> Parts:
    """Tables and scans of the first picture; JFIF and Adobe segments, for they tell the colours.

    Raises ImageError for more scans or tables than any encoder writes.
    """
    view = memoryview(data)
    kept: list[memoryview] = []
    metadata = _Metadata()
    colours = dict(_COLOURS)
    tables = start = 0
    frame = memoryview(b"")
    scans: list[memoryview] = []
    at = 2
    for _ in range(MOST_SEGMENTS):
        code, at = _next_marker(data, at)
        if code == _EOI or code is None:
            break
        wanted, metadata_only = code in _TABLES, code in _APPLICATION or code == _COMMENT
        length = int.from_bytes(data[at + 2 : at + 4]) if wanted or metadata_only else 0
        end = at + 2 + length
        if wanted:
            tables += 1
            if code == _SOS:
                scans.append(view[at + 4 : end])
            elif code in _FRAMES:
                frame = view[at + 4 : end]
            if tables > MOST_TABLES or len(scans) > MOST_SCANS:
                raise ImageError(f"expected a JPEG of at most {MOST_SCANS} scans, found more")
        elif metadata_only:
            body = view[at + 4 : end]
            wanted = code in colours and body[:5] == colours.pop(code)
            metadata.note(code, body)
        if not start:  # nothing but segments counts before the first scan
            if code == _SOS:
                start = at
                if _is_last(frame, scans[0], data):
                    code, at = _EOI, len(data) - 2
                    break
            elif wanted:
                kept.append(view[at:end])
        elif metadata_only and not wanted:
            kept.append(view[start:at])
            start = end
        at = end
    else:
        raise too_many("segments")
    kept.append(view[start or at : at])
    doubtful = b""
    if code is None:
        kept[-1] = kept[-1][: -1 if data.endswith(b"\xff") else None]
        _check_scans(frame, scans, data)
        doubtful = b"".join((MAGIC[:2], *kept, _OTHER_BITS, _END))
    profile = b"".join(metadata.profile[number] for number in sorted(metadata.profile))
    return Parts(
        b"".join((MAGIC[:2], *kept, _END)),
        metadata.exif,
        metadata.xmp,
        profile if len(profile) <= MOST_PROFILE else b"",
        max(len(scans), 1),
        doubtful,
    )


def _is_last(frame: memoryview, scan: memoryview, data: bytes) -> bool:
    """Whether a scan is all of the picture, to the end of its file: then nothing is to be sought.

    A sequential scan of all components does (T.81, B.2.3).
    """
    whole = len(frame) > 5 and len(scan) > 3 and scan[0] == frame[5]
    return whole and bytes(scan[-3:]) == b"\0\x3f\0" and data.endswith(_END)


def _check_scans(frame: memoryview, scans: Sequence[memoryview], data: bytes) -> None:
    """Raise ImageError where a file without its last two bytes lacks more than these.

    Every coefficient of every component has to come in some scan down to its last bit (T.81,
    B.2.3). Whether the last scan is whole, its pixels tell (see `Parts.doubtful`).
    """
    components = frame[6 : 6 + 3 * frame[5] : 3] if len(frame) > 5 else b""
    missing = {(component, k) for component in components for k in range(64)}
    for scan in scans:
        count = scan[0] if scan else 0
        if len(scan) >= 4 + 2 * count and scan[3 + 2 * count] & 15 == 0:
            band = range(scan[1 + 2 * count], min(scan[2 + 2 * count], 63) + 1)
            missing -= {(component, k) for component in scan[1 : 1 + 2 * count : 2] for k in band}
    # Some tools fill what they could not read with zeros.
    if missing or not scans or data.endswith(bytes(16)):
        raise ImageError("expected a complete JPEG picture, found one that was cut")


def _next_marker(data: bytes, at: int) -> tuple[int | None, int]:
    """The code and the place of the first marker from `at` on."""
    while at < len(data):
        found = _MARKER.search(data, at, at + _WINDOW)
        if found:
            return data[found.end() - 1], found.start()
        at += _WINDOW - 1 if at + _WINDOW < len(data) else _WINDOW
    return None, len(data)
