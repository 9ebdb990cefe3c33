"""The one picture decoder: files, uploads and training all come through here.

Every function may be called from several threads and processes at once: nothing is kept between
calls except the room that pictures being decoded take together (see `limits`) and one warning
filter (see `_silence_pillow`).
"""

import io
import math
import re
import warnings
from collections.abc import Callable
from pathlib import Path

import numpy as np
from PIL import Image, UnidentifiedImageError

from hashing.errors import ImageError
from hashing.files import open_regular
from hashing.images import gif, jpeg, png, webp
from hashing.images.exif import upright_turn
from hashing.images.limits import GATE, MIN_SIDE, UPLOADS, Limits
from hashing.images.parts import Parts

ENOUGH_SIDE = 1024
LEAST_SIDE = 512
"""Of what is left of pictures that would otherwise have more than `MUCH` pixels: long ones."""
MUCH = 8_000_000
STRIP = 4_000_000
"""Pixels that are converted at a time."""

TAKE_APART: dict[str, Callable[[bytes], Parts]] = {
    "JPEG": jpeg.take_apart,
    "PNG": png.take_apart,
    "WEBP": webp.take_apart,
    "GIF": gif.take_apart,
    "BMP": Parts,
}
KINDS = "a JPEG, PNG, WebP, GIF or BMP picture"

SCANS_OF_LARGEST = 20
"""Of a progressive JPEG as large as allowed; smaller ones may have more. Encoders write ten."""

MOST_RUN_LENGTH = 2_000_000
"""Pixels of a BMP whose runs Pillow counts in Python; a run takes two bytes."""
_RUN_LENGTH = (1, 2)

BYTES_PER_PIXEL = {"WEBP": 16}
"""Memory of decoders: libwebp holds two canvases, Pillow takes two copies; others take four."""

# The C library gives blocks of 32 MiB and more back to the system as soon as they are free; of
# Pillow's usual 16 MiB every thread's heap keeps some.
Image.core.set_block_size(64 << 20)  # type: ignore[attr-defined]


def decode(source: bytes | Path, limits: Limits = UPLOADS) -> Image.Image:
    """An upright RGB picture, transparent parts on white, the first frame of an animation.

    Raises ImageError for anything but a complete JPEG, PNG, WebP, GIF or BMP picture within the
    limits whose sides are at least 16 pixels. The limits are checked before any pixel is decoded,
    and nothing of the file but what carries pixels reaches the format's decoder. A large picture
    comes at a half, a third, … of its size, its shorter side still at least 1024 (512 if it has
    more than 8 megapixels then): more than anybody here looks at, for a camera's JPEG of 12
    megapixels in a third of the time. Pictures decoded at once wait for each other where they
    would take more than 256 MiB together.
    """
    _silence_pillow()
    data = source if isinstance(source, bytes) else _read(source, limits)
    if len(data) > limits.bytes:
        raise ImageError(
            f"expected a picture of at most {limits.bytes >> 20} MiB, found a larger one"
        )
    kind = kind_of(data)
    if kind is None:
        found = "an empty file" if not data else "something else or a broken header"
        raise ImageError(f"expected {KINDS}, found {found}")
    parts = TAKE_APART[kind](data)
    image = _open(parts.picture, kind, limits)
    check_size(image.width, image.height, limits)
    reduction = _reduction(image)
    memory = _memory(image, reduction, parts.scans)
    _check_work(image, len(data), memory, parts.scans, limits)
    with GATE.hold(memory):
        try:
            width = image.width
            image.draft(None, (image.width // reduction, image.height // reduction))
            drafted = max(1, round(width / image.width))
            image.load()
            upright = _to_rgb(image, reduction // drafted)
        except MemoryError:
            raise ImageError("not enough memory to decode this picture") from None
        except Exception as error:  # hostile bytes: Pillow raises a dozen kinds
            raise ImageError(
                f"expected a complete {kind} picture, found a broken one: {_one_line(error)}"
            ) from error
        finally:
            del image  # before the next one comes in
        turn = upright_turn(parts.exif, parts.xmp)
        return upright if turn is None else upright.transpose(turn)


def kind_of(data: bytes) -> str | None:
    """The format of an encoded picture, by its first bytes; None for what is not decoded here."""
    if data.startswith(jpeg.MAGIC):
        return "JPEG"
    if data.startswith(png.MAGIC):
        return "PNG"
    if data.startswith(gif.MAGIC):
        return "GIF"
    if data.startswith(b"RIFF") and data[8:12] == b"WEBP":
        return "WEBP"
    return "BMP" if data.startswith(b"BM") else None


def _read(path: Path, limits: Limits) -> bytes:
    """At most one byte more than is allowed, so that an endless file cannot fill memory."""
    try:
        with open_regular(path) as file:
            return file.read(limits.bytes + 1)
    except OSError as error:
        raise ImageError(f"cannot read {path}: {error.strerror or error}") from error


def _open(picture: bytes, kind: str, limits: Limits) -> Image.Image:
    """The picture's header only."""
    try:
        return Image.open(io.BytesIO(picture), formats=[kind])
    except UnidentifiedImageError:
        raise ImageError(f"expected {KINDS}, found a broken header") from None
    except Image.DecompressionBombError:
        raise ImageError(_too_many_pixels("far more", limits)) from None
    except Exception as error:  # hostile bytes: Pillow raises a dozen kinds
        raise ImageError(f"expected {KINDS}, found a broken one: {_one_line(error)}") from error


def check_size(width: int, height: int, limits: Limits) -> None:
    """Raise ImageError for a picture that is too large, too small or too long."""
    if width * height > limits.pixels:
        raise ImageError(_too_many_pixels(f"{width} x {height}", limits))
    if min(width, height) < MIN_SIDE:
        raise ImageError(f"expected sides of at least {MIN_SIDE} pixels, found {width} x {height}")
    if max(width, height) > limits.aspect * min(width, height):
        raise ImageError(f"expected sides of at most {limits.aspect}:1, found {width} x {height}")


def _too_many_pixels(found: str, limits: Limits) -> str:
    return f"expected at most {limits.pixels // 10**6} megapixels, found {found}"


def _check_work(image: Image.Image, size: int, memory: int, scans: int, limits: Limits) -> None:
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
    if image.format == "BMP" and image.info.get("compression") in _RUN_LENGTH:
        runs = max(width * height, size // 2)
        if runs > MOST_RUN_LENGTH:
            raise ImageError(
                f"expected a BMP of at most {MOST_RUN_LENGTH:,} runs and pixels, found {runs:,}"
            )


def _reduction(image: Image.Image) -> int:
    """By which a picture may be divided: to the nearest power of two at once in a JPEG."""
    width, height = image.size
    if image.format != "JPEG" and width * height <= MUCH:
        return 1
    short = min(width, height)
    factor = max(1, short // ENOUGH_SIDE)
    if width * height > MUCH * factor**2:
        factor = max(factor, min(math.isqrt(width * height // MUCH) + 1, short // LEAST_SIDE))
    return factor


def _memory(image: Image.Image, reduction: int, scans: int) -> int:
    """Bytes that decoding takes, about: Pillow keeps four for a colour pixel."""
    pixels = image.width * image.height
    result = 4 * pixels // reduction**2
    if image.format == "JPEG":  # of several scans all coefficients are kept, 16 bits each
        return result + 2 * len(image.getbands()) * pixels * (scans > 1)
    each = 1 if image.mode in ("1", "L", "P") else 4
    return result + pixels * BYTES_PER_PIXEL.get(image.format or "", each)


def _to_rgb(image: Image.Image, reduction: int) -> Image.Image:
    """A loaded picture in RGB at 1 / `reduction` of its size, converted strip by strip."""
    width, height = image.size
    if reduction == 1 and width * height <= STRIP:
        return flatten(image)
    rows = max(1, STRIP // width // reduction) * reduction
    whole = Image.new("RGB", (-(-width // reduction), -(-height // reduction)))
    for top in range(0, height, rows):
        strip = flatten(image.crop((0, top, width, min(top + rows, height))))
        whole.paste(strip.reduce(reduction), (0, top // reduction))
    return whole


def flatten(image: Image.Image) -> Image.Image:
    """The same picture in RGB, on white, with nothing but its pixels."""
    if image.mode.startswith("I"):  # 16-bit grey; Pillow's own conversion clips at 255
        grey = (np.asarray(image) >> 8).clip(0, 255).astype(np.uint8)
        return Image.fromarray(grey).convert("RGB")
    if image.has_transparency_data:
        layer = image.convert("RGBA")
        paper = Image.new("RGB", image.size, "white")
        paper.paste(layer, mask=layer)
        return paper
    plain = image.convert("RGB")
    plain.info = {}
    return plain


def _silence_pillow() -> None:
    """Ignore warnings raised inside Pillow: oversized pictures, broken EXIF and the like.

    Not `warnings.catch_warnings`, which is not thread-safe before Python 3.14. Somebody else's
    filters may have come before ours since the last call, hence the look at the first place.
    """
    if not warnings.filters or warnings.filters[0] != _SILENT:
        warnings.filterwarnings("ignore", module=_SILENT[3].pattern)


_SILENT = ("ignore", None, Warning, re.compile(r"PIL\."), 0)


def _one_line(error: Exception) -> str:
    return " ".join(str(error).split())[:200] or type(error).__name__
