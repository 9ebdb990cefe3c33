"""What a picture's file consists of, told by its bytes alone.

Decoders read everything that a file carries: a thousand tags that point at one value, comments of
gigabytes, millions of empty chunks. So every file is taken apart before, and only what carries
pixels goes on; what carries none never decides whether a picture can be read.
"""

from dataclasses import dataclass

from hashing.errors import ImageError

MOST_SEGMENTS = 100_000
"""Segments, chunks or blocks of one file that are looked at: a tenth of a second."""

MOST_METADATA = 1 << 16
"""Bytes of Exif or XMP that are looked at for the orientation."""

MOST_PROFILE = 4 << 20
"""Bytes of a colour profile; larger ones are passed over."""


@dataclass(frozen=True, slots=True)
class Parts:
    """One still picture.

    picture: an encoded file with what carries pixels and nothing else.
    exif: the beginning of its Exif data, from the TIFF header on; xmp: of its XMP packet.
    profile: its ICC profile. Each is empty where there is none.
    scans: how often a decoder goes over all pixels.
    doubtful: where the end of the file is missing, the same picture with other bytes in its place;
    empty otherwise. If both give the same pixels, nothing of them was missing.
    """

    picture: bytes
    exif: bytes = b""
    xmp: bytes = b""
    profile: bytes = b""
    scans: int = 1
    doubtful: bytes = b""


def too_many(what: str) -> ImageError:
    """The error for files that consist of crumbs."""
    return ImageError(f"expected at most {MOST_SEGMENTS:,} {what}, found more")


def tiff_part(exif: bytes) -> bytes:
    """Exif data without the word that some containers put before it."""
    return bytes(exif[:MOST_METADATA]).removeprefix(b"Exif\0\0")
