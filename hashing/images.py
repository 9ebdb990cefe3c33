"""The one picture decoder: files, uploads and training all come through here.

Every function may be called from several threads and processes at once: nothing is kept between
calls except one warning filter (see `_silence_pillow`).
"""

import io
import re
import warnings
from pathlib import Path
from typing import Literal

import numpy as np
from numpy.typing import NDArray
from PIL import ExifTags, Image, UnidentifiedImageError

from hashing.errors import ImageError
from hashing.files import open_regular

MAX_BYTES = 20 * 2**20
MAX_PIXELS = 50_000_000
MIN_SIDE = 16
MAX_ASPECT = 20
ENOUGH_SIDE = 1024
FORMATS = ("JPEG", "PNG", "WEBP", "GIF", "BMP")
KINDS = "a JPEG, PNG, WebP, GIF or BMP picture"

Fit = Literal["crop", "stretch"]
"""How a picture becomes square: its centre is cut out, or its sides are scaled apart."""

_UPRIGHT = {
    2: Image.Transpose.FLIP_LEFT_RIGHT,
    3: Image.Transpose.ROTATE_180,
    4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_270,
    7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_90,
}
"""The turn that sets a picture upright, by its EXIF orientation."""


def decode(source: bytes | Path) -> Image.Image:
    """An upright RGB picture, transparent parts on white, the first frame of an animation.

    Raises ImageError for anything but a complete JPEG, PNG, WebP, GIF or BMP picture of at most
    20 MiB and 50 megapixels whose sides are at least 16 pixels and at most 20:1. The limits are
    checked before any pixel is decoded. A large JPEG comes at a half, a quarter or an eighth of
    its size, its shorter side still at least 1024: more than anybody here looks at, in a third of
    the time for a camera's 12 megapixels.
    """
    _silence_pillow()
    data = source if isinstance(source, bytes) else _read(source)
    if len(data) > MAX_BYTES:
        raise ImageError(f"expected a picture of at most {MAX_BYTES >> 20} MiB, found a larger one")
    image = _open(data)
    _check_size(*image.size)
    enough = ENOUGH_SIDE / min(image.size)
    try:
        image.draft(None, (round(image.width * enough), round(image.height * enough)))
        image.load()
        upright = _to_rgb(image)
    except MemoryError:
        raise ImageError("not enough memory to decode this picture") from None
    except Exception as error:  # hostile bytes: Pillow raises a dozen kinds
        raise ImageError(
            f"expected a complete {image.format} picture, found a broken one: {_one_line(error)}"
        ) from error
    turn = _upright_turn(image)
    return upright if turn is None else upright.transpose(turn)


def to_square(image: Image.Image, size: int, fit: Fit) -> NDArray[np.uint8]:
    """The network's view of an RGB picture: uint8 `[size, size, 3]`, antialiased, bilinear."""
    width, height = image.size
    side = min(width, height)
    left, top = (width - side) // 2, (height - side) // 2
    box = (left, top, left + side, top + side) if fit == "crop" else (0, 0, width, height)
    if (width, height) != (size, size):
        image = image.resize((size, size), Image.Resampling.BILINEAR, box=box)
    return np.array(image, dtype=np.uint8)


def encode_jpeg(image: Image.Image, max_side: int, quality: int = 85) -> bytes:
    """A JPEG preview of an RGB picture, its longer side at most `max_side`; never enlarges."""
    preview = image.copy()
    preview.thumbnail((max_side, max_side))
    buffer = io.BytesIO()
    preview.save(buffer, "JPEG", quality=quality, optimize=True)
    return buffer.getvalue()


def _read(path: Path) -> bytes:
    """At most one byte more than is allowed, so that an endless file cannot fill memory."""
    try:
        with open_regular(path) as file:
            return file.read(MAX_BYTES + 1)
    except OSError as error:
        raise ImageError(f"cannot read {path}: {error.strerror or error}") from error


def _open(data: bytes) -> Image.Image:
    """The picture's header only."""
    try:
        return Image.open(io.BytesIO(data), formats=FORMATS)
    except UnidentifiedImageError:
        found = "an empty file" if not data else "something else or a broken header"
        raise ImageError(f"expected {KINDS}, found {found}") from None
    except Image.DecompressionBombError:
        raise ImageError(_too_many_pixels("far more")) from None
    except Exception as error:  # hostile bytes: Pillow raises a dozen kinds
        raise ImageError(f"expected {KINDS}, found a broken one: {_one_line(error)}") from error


def _check_size(width: int, height: int) -> None:
    if width * height > MAX_PIXELS:
        raise ImageError(_too_many_pixels(f"{width} x {height}"))
    if min(width, height) < MIN_SIDE:
        raise ImageError(f"expected sides of at least {MIN_SIDE} pixels, found {width} x {height}")
    if max(width, height) > MAX_ASPECT * min(width, height):
        raise ImageError(f"expected sides of at most {MAX_ASPECT}:1, found {width} x {height}")


def _too_many_pixels(found: str) -> str:
    return f"expected at most {MAX_PIXELS // 10**6} megapixels, found {found}"


def _upright_turn(image: Image.Image) -> Image.Transpose | None:
    """By EXIF orientation; none where the EXIF data is broken, for the pixels may be sound."""
    try:
        return _UPRIGHT.get(image.getexif().get(ExifTags.Base.Orientation, 1))
    except Exception:  # noqa: BLE001 (hostile bytes)
        return None


def _to_rgb(image: Image.Image) -> Image.Image:
    if image.mode.startswith("I"):  # 16-bit grey; Pillow's own conversion clips at 255
        grey = (np.asarray(image) >> 8).clip(0, 255).astype(np.uint8)
        return Image.fromarray(grey).convert("RGB")
    if image.has_transparency_data:
        layer = image.convert("RGBA")
        paper = Image.new("RGB", image.size, "white")
        paper.paste(layer, mask=layer)
        return paper
    return image.convert("RGB")


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
