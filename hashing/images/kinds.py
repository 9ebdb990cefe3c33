"""Which formats there are, and how each is told by its first bytes."""

from collections.abc import Callable

from hashing.images import gif, jpeg, png, webp
from hashing.images.parts import Parts

KINDS = "a JPEG, PNG, WebP, GIF, BMP, TIFF, JPEG 2000, AVIF or HEIC picture"

HEAD = 64
"""Bytes that `kind_of` needs."""

TAKE_APART: dict[str, Callable[[bytes], Parts]] = {
    "JPEG": jpeg.take_apart,
    "PNG": png.take_apart,
    "WEBP": webp.take_apart,
    "GIF": gif.take_apart,
}
"""Formats whose files are reduced to what carries pixels."""

FRAMES: dict[str, Callable[[bytes, int], bytes]] = {
    "PNG": png.frames,
    "WEBP": webp.frames,
    "GIF": gif.frames,
    "AVIF": lambda data, most: data,
}
"""The same for animations: a file with the first frames, empty where there is but one."""

_HEIC = (b"heic", b"heix", b"hevc", b"hevx", b"heim", b"heis", b"mif1", b"msf1")
_RUN_LENGTH = (b"\1\0\0\0", b"\2\0\0\0")


def kind_of(data: bytes) -> str | None:
    """The format of an encoded picture as Pillow names it; None for what is not decoded here."""
    if data.startswith(jpeg.MAGIC):
        return "JPEG"
    if data.startswith(png.MAGIC):
        return "PNG"
    if data.startswith(gif.MAGIC):
        return "GIF"
    if data.startswith(b"RIFF") and data[8:12] == b"WEBP":
        return "WEBP"
    if data.startswith((b"II*\0", b"MM\0*", b"II+\0", b"MM\0+")):
        return "TIFF"
    if data.startswith((b"\0\0\0\x0cjP  \r\n\x87\n", b"\xff\x4f\xff\x51")):
        return "JPEG2000"
    if data[4:8] == b"ftyp":
        brands = (data[8:12], *(data[at : at + 4] for at in range(16, HEAD, 4)))
        if b"avif" in brands or b"avis" in brands:
            return "AVIF"
        return "HEIF" if data[8:12] in _HEIC else None
    return "BMP" if data.startswith(b"BM") else None


def needs_own_process(kind: str, data: bytes) -> bool:
    """Whether no look at the file's parts bounds what its decoder takes of time and memory."""
    return kind not in TAKE_APART and (kind != "BMP" or data[30:34] in _RUN_LENGTH)
