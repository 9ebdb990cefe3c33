"""One encoded picture: its header read and held against the limits, then its pixels."""

import io
import math
import re
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from PIL import Image, UnidentifiedImageError

from hashing.errors import ImageError
from hashing.images.exif import upright_turn
from hashing.images.kinds import FRAMES, KINDS, TAKE_APART
from hashing.images.limits import MIN_SIDE, Limits
from hashing.images.parts import Parts
from hashing.images.rendering import render, shows_something

ENOUGH_SIDE = 1024
LEAST_SIDE = 512
"""Of what is left of pictures that would otherwise have more than `MUCH` pixels: long ones."""
MUCH = 8_000_000

SCANS_OF_LARGEST = 20
"""Of a progressive JPEG as large as allowed; smaller ones may have more. Encoders write ten."""

BYTES_PER_PIXEL = {"WEBP": 16, "AVIF": 9, "HEIF": 12, "JPEG2000": 19, "TIFF": 8}
"""Memory that decoders were seen to take, with Pillow's copy; all others only have that copy."""

MOST_FRAMES = 20
"""Frames of an animation in which something is looked for, …"""
MOST_MORE = 40_000_000
"""… and their pixels."""

# The C library gives blocks of 32 MiB and more back to the system as soon as they are free; of
# Pillow's usual 16 MiB every thread's heap keeps some.
Image.core.set_block_size(64 << 20)  # type: ignore[attr-defined]


@dataclass(frozen=True, slots=True)
class Still:
    """A picture that is within the limits and may be decoded.

    memory: bytes that `pixels` takes, about. reduction: by which it is divided.
    """

    data: bytes
    kind: str
    parts: Parts
    image: Image.Image
    reduction: int
    memory: int

    def pixels(self) -> Image.Image:
        """The upright picture in RGB. Call it once: nothing of the decoder stays. May raise."""
        try:
            found = self._pixels(self.image)
            if self.parts.doubtful:
                with _open(self.parts.doubtful, self.kind) as other:
                    if self._pixels(other).tobytes() != found.tobytes():
                        raise OSError("the file was cut")
        finally:
            self.image.close()
        if self.kind in FRAMES and not shows_something(found):
            found = self._later_frame() or found
        turn = upright_turn(self.parts.exif, self.parts.xmp)
        return found if turn is None else found.transpose(turn)

    def _pixels(self, image: Image.Image) -> Image.Image:
        width = image.width
        if self.kind == "JPEG" and self.reduction > 1:
            image.draft(None, (width // self.reduction, image.height // self.reduction))
        elif self.kind == "JPEG2000":
            image.reduce = _levels(self.data, self.reduction)  # type: ignore[assignment,method-assign]
        image.load()
        done = max(1, round(width / image.width))
        return render(image, max(1, self.reduction // done), self.parts.profile)

    def _later_frame(self) -> Image.Image | None:
        """The first frame of an animation that shows something."""
        width, height = self.image.size
        most = min(MOST_FRAMES, 1 + MOST_MORE // (width * height))
        try:
            data = FRAMES[self.kind](self.data, most)
            if not data:
                return None
            with _open(data, self.kind) as animation:
                for frame in range(1, min(most, getattr(animation, "n_frames", 1))):
                    animation.seek(frame)
                    animation.load()
                    if animation.size == (width, height):
                        found = render(animation, self.reduction, self.parts.profile)
                        if shows_something(found):
                            return found
        except Exception:  # noqa: BLE001 (hostile bytes; there is a sound first frame)
            return None
        return None


def read_header(data: bytes, kind: str, limits: Limits) -> Still:
    """Raises ImageError for a picture outside the limits; no pixel is decoded."""
    silence_pillow()
    parts = TAKE_APART[kind](data) if kind in TAKE_APART else Parts(data)
    try:
        image = _open(parts.picture, kind)
        if kind not in TAKE_APART:
            parts = _told_by_pillow(image, data)
    except UnidentifiedImageError:
        raise ImageError(f"expected {KINDS}, found a broken header") from None
    except Image.DecompressionBombError:
        raise ImageError(_too_many_pixels("far more", limits)) from None
    except Exception as error:  # hostile bytes: Pillow raises a dozen kinds
        raise ImageError(f"expected {KINDS}, found a broken one: {one_line(error)}") from error
    check_size(*image.size, limits)
    reduction = 1 if limits.whole else _reduction(image)
    memory = _memory(image, reduction, parts.scans)
    _check_work(image, memory, parts.scans, limits)
    return Still(data, kind, parts, image, reduction, memory)


def check_size(width: int, height: int, limits: Limits) -> None:
    """Raises ImageError for a picture that is too large, too small or too long."""
    if width * height > limits.pixels:
        raise ImageError(_too_many_pixels(f"{width} x {height}", limits))
    if min(width, height) < MIN_SIDE:
        raise ImageError(f"expected sides of at least {MIN_SIDE} pixels, found {width} x {height}")
    if max(width, height) > limits.aspect * min(width, height):
        raise ImageError(f"expected sides of at most {limits.aspect}:1, found {width} x {height}")


def _open(picture: bytes, kind: str) -> Image.Image:
    return Image.open(io.BytesIO(picture), formats=[kind])


def _told_by_pillow(image: Image.Image, data: bytes) -> Parts:
    """Profile and orientation of a format that only its decoder takes apart."""
    profile = image.info.get("icc_profile") or b""
    # Pillow turns TIFF pictures, and libheif its own, while they are loaded.
    exif = image.info.get("exif", b"") if image.format == "AVIF" else b""
    return Parts(data, exif.removeprefix(b"Exif\0\0"), profile=profile)


def _check_work(image: Image.Image, memory: int, scans: int, limits: Limits) -> None:
    """What the size alone does not tell."""
    width, height = image.size
    most = SCANS_OF_LARGEST * limits.pixels // (width * height)
    if scans > most:
        raise ImageError(
            f"expected at most {most} scans of a JPEG of {width} x {height}, found {scans}"
        )
    if memory > limits.memory:
        raise ImageError(
            f"expected a picture that takes at most {limits.memory >> 20} MiB to decode, "
            f"found a {image.format} of {width} x {height} that takes {memory >> 20} MiB"
        )


def _too_many_pixels(found: str, limits: Limits) -> str:
    return f"expected at most {limits.pixels // 10**6} megapixels, found {found}"


def _reduction(image: Image.Image) -> int:
    """By which a picture may be divided: to the nearest power of two at once in a JPEG."""
    width, height = image.size
    if image.format != "JPEG" and width * height <= MUCH:
        return 1
    short = min(width, height)
    factor = max(1, short // ENOUGH_SIDE)
    if width * height > MUCH * factor**2:
        wanted = math.isqrt(width * height // MUCH) + 1
        if image.format == "JPEG":
            wanted = 1 << (wanted - 1).bit_length()
        factor = max(factor, min(wanted, short // LEAST_SIDE))
    return factor


def _memory(image: Image.Image, reduction: int, scans: int) -> int:
    """Bytes that decoding takes, about: Pillow keeps four for a colour pixel."""
    pixels = image.width * image.height
    result = 4 * pixels // reduction**2
    if image.format == "JPEG":  # of several scans all coefficients are kept, 16 bits each
        return result + 2 * len(image.getbands()) * pixels * (scans > 1)
    if image.format == "JPEG2000":
        pixels //= 4 ** int(math.log2(reduction))
    each = 1 if image.mode in ("1", "L", "P") else 4
    return result + pixels * BYTES_PER_PIXEL.get(image.format or "", each)


def _levels(data: bytes, reduction: int) -> int:
    """Halvings that a JPEG 2000 decoder can leave undone: as many as were coded (T.800, A.6.1)."""
    coding = data.find(b"\xff\x52")
    there = data[coding + 9] if 0 <= coding < len(data) - 9 else 0
    return min(there, int(math.log2(reduction)))


@contextmanager
def complete(kind: str) -> Iterator[None]:
    """Whatever is raised while pixels are decoded becomes an ImageError."""
    try:
        yield
    except MemoryError:
        raise ImageError("not enough memory to decode this picture") from None
    except Exception as error:  # hostile bytes: Pillow raises a dozen kinds
        raise ImageError(
            f"expected a complete {kind} picture, found a broken one: {one_line(error)}"
        ) from error


def silence_pillow() -> None:
    """Ignore warnings raised inside Pillow: oversized pictures, broken EXIF and the like.

    Not `warnings.catch_warnings`, which is not thread-safe before Python 3.14. Somebody else's
    filters may have come before ours since the last call, hence the look at the first place.
    """
    if not warnings.filters or warnings.filters[0] != _SILENT:
        warnings.filterwarnings("ignore", module=_SILENT[3].pattern)


_SILENT = ("ignore", None, Warning, re.compile(r"PIL\."), 0)


def one_line(error: Exception) -> str:
    """What an error of Pillow says."""
    return " ".join(str(error).split())[:200] or type(error).__name__
