import contextlib
import io
import struct
import threading
import warnings
import zlib
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import ExifTags, Image

from hashing.errors import ImageError
from hashing.images import UPLOADS, decode, encode_jpeg, to_square


def encoded(image: Image.Image, kind: str = "PNG", **options: object) -> bytes:
    buffer = io.BytesIO()
    image.save(buffer, kind, **options)
    return buffer.getvalue()


def quarters(width: int = 40, height: int = 24) -> Image.Image:
    """Red, green over blue, white: no two orientations look the same."""
    pixels = np.zeros((height, width, 3), np.uint8)
    pixels[: height // 2, : width // 2] = (255, 0, 0)
    pixels[: height // 2, width // 2 :] = (0, 255, 0)
    pixels[height // 2 :, : width // 2] = (0, 0, 255)
    pixels[height // 2 :, width // 2 :] = (255, 255, 255)
    return Image.fromarray(pixels)


def png_of_size(width: int, height: int) -> bytes:
    """A PNG whose header states a size that its data does not have."""

    def chunk(kind: bytes, body: bytes) -> bytes:
        return (
            struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))
        )

    header = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", zlib.compress(b"\0" * 99))


@pytest.mark.parametrize("kind", ["PNG", "BMP", "GIF", "WEBP", "JPEG"])
def test_every_format_gives_its_pixels(kind: str, tmp_path: Path) -> None:
    options = {"WEBP": {"lossless": True}, "JPEG": {"quality": 95, "subsampling": 0}}.get(kind, {})
    data = encoded(quarters(), kind, **options)
    (tmp_path / "picture.xyz").write_bytes(data)
    from_bytes, from_path = decode(data), decode(tmp_path / "picture.xyz")
    assert from_bytes.mode == "RGB"
    assert from_bytes.tobytes() == from_path.tobytes()
    difference = np.abs(np.asarray(from_bytes, int) - np.asarray(quarters(), int))
    assert difference.max() <= (20 if kind == "JPEG" else 0)


@pytest.mark.parametrize("orientation", range(1, 9))
def test_exif_orientation_sets_upright(orientation: int) -> None:
    upright = np.asarray(quarters())
    stored = {
        1: upright,
        2: upright[:, ::-1],
        3: np.rot90(upright, 2),
        4: upright[::-1],
        5: upright.transpose(1, 0, 2),
        6: np.rot90(upright),
        7: upright[::-1, ::-1].transpose(1, 0, 2),
        8: np.rot90(upright, -1),
    }[orientation]
    exif = Image.Exif()
    exif[ExifTags.Base.Orientation] = orientation
    data = encoded(Image.fromarray(np.ascontiguousarray(stored)), "PNG", exif=exif)
    assert np.array_equal(np.asarray(decode(data)), upright)


def test_broken_exif_is_ignored_without_a_warning() -> None:
    for junk in (
        b"Exif\0\0MM\0*\0\0\0\x08\xff\xff" + b"\x01\x12\0\x03" * 40,
        b"Exif\0\0junk",
        b"\0",
    ):
        for kind in ("JPEG", "PNG", "WEBP"):
            with warnings.catch_warnings():
                warnings.simplefilter("error")
                assert decode(encoded(quarters(), kind, exif=junk)).size == (40, 24)


def test_transparency_shows_white_paper() -> None:
    clear = Image.new("RGBA", (20, 20), (255, 0, 0, 0))
    half = Image.new("RGBA", (20, 20), (255, 0, 0, 128))
    grey = Image.new("LA", (20, 20), (0, 0))
    assert decode(encoded(clear)).getpixel((3, 3)) == (255, 255, 255)
    assert decode(encoded(half)).getpixel((3, 3)) == (255, 127, 127)
    assert decode(encoded(grey)).getpixel((3, 3)) == (255, 255, 255)
    assert decode(encoded(clear, "WEBP")).getpixel((3, 3)) == (255, 255, 255)


@pytest.mark.parametrize("transparency", [1, bytes([255, 0, 255])])
@pytest.mark.parametrize("kind", ["PNG", "GIF"])
def test_palette_with_and_without_transparency(kind: str, transparency: int | bytes) -> None:
    image = Image.new("P", (20, 20), 1)
    image.putpalette([10, 20, 30, 200, 0, 0, 7, 7, 7])
    image.putpixel((0, 0), 2)
    assert decode(encoded(image, kind)).getpixel((5, 5)) == (200, 0, 0)
    if kind == "PNG" or isinstance(transparency, int):
        seen = decode(encoded(image, kind, transparency=transparency))
        assert seen.getpixel((5, 5)) == (255, 255, 255)
        assert seen.getpixel((0, 0)) == (7, 7, 7)


def test_transparent_colour_of_plain_rgb_and_grey() -> None:
    image = Image.new("RGB", (20, 20), (1, 2, 3))
    assert decode(encoded(image, transparency=(1, 2, 3))).getpixel((0, 0)) == (255, 255, 255)
    grey = Image.new("L", (20, 20), 9)
    assert decode(encoded(grey, transparency=9)).getpixel((0, 0)) == (255, 255, 255)


def test_sixteen_bit_grey_keeps_its_tones() -> None:
    ramp = np.linspace(0, 65535, 400).astype(np.uint16).reshape(20, 20)
    seen = np.asarray(decode(encoded(Image.fromarray(ramp))))
    assert np.array_equal(seen[..., 0], ramp >> 8)
    assert np.array_equal(seen[..., 0], seen[..., 2])


def test_grey_bilevel_and_cmyk() -> None:
    assert decode(encoded(Image.new("L", (20, 20), 77))).getpixel((1, 1)) == (77, 77, 77)
    assert decode(encoded(Image.new("1", (20, 20), 1))).getpixel((1, 1)) == (255, 255, 255)
    cyan = decode(encoded(Image.new("CMYK", (20, 20), (255, 0, 0, 0)), "JPEG")).getpixel((1, 1))
    assert np.abs(np.subtract(cyan, (0, 255, 255))).max() <= 3


@pytest.mark.parametrize("kind", ["GIF", "WEBP", "PNG"])
def test_first_frame_of_an_animation(kind: str) -> None:
    frames = [Image.new("RGB", (20, 20), colour) for colour in ("red", "blue", "lime")]
    data = encoded(frames[0], kind, save_all=True, append_images=frames[1:])
    red, green, blue = decode(data).getpixel((9, 9))
    assert (red > 240, green < 15, blue < 15) == (True, True, True)


@pytest.mark.parametrize(
    ("size", "words"),
    [
        ((15, 40), "sides of at least 16 pixels, found 15 x 40"),
        ((16, 321), "at most 20:1, found 16 x 321"),
        ((7072, 7072), "at most 50 megapixels, found 7072 x 7072"),
        ((10_000, 9_500), "at most 50 megapixels"),
        ((60_000, 60_000), "at most 50 megapixels"),
        ((0, 50), "expected"),
    ],
)
def test_limits_hold_before_any_pixel_is_decoded(size: tuple[int, int], words: str) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        with pytest.raises(ImageError, match=words) as caught:
            decode(png_of_size(*size))
    assert "\n" not in str(caught.value)


def test_sizes_at_the_limits_pass() -> None:
    assert decode(encoded(Image.new("RGB", (16, 320)))).size == (16, 320)


def test_size_in_bytes_is_limited(tmp_path: Path) -> None:
    data = encoded(quarters()) + b"\0" * UPLOADS.bytes
    (tmp_path / "large.png").write_bytes(data)
    for source in (data, tmp_path / "large.png"):
        with pytest.raises(ImageError, match="at most 20 MiB"):
            decode(source)


@pytest.mark.parametrize("kind", ["ICO", "PPM", "PDF", "TGA"])
def test_other_formats_are_refused(kind: str) -> None:
    with pytest.raises(
        ImageError,
        match="expected a JPEG, PNG, WebP, GIF, BMP, TIFF, JPEG 2000, AVIF or HEIC picture",
    ):
        decode(encoded(quarters(), kind))


def test_missing_and_unreadable_paths(tmp_path: Path) -> None:
    for path in (tmp_path / "none.jpg", tmp_path):
        with pytest.raises(ImageError, match=f"cannot read {path}"):
            decode(path)


@pytest.mark.parametrize("kind", ["PNG", "BMP", "GIF", "WEBP", "JPEG"])
def test_truncated_anywhere_is_an_image_error_or_whole(kind: str) -> None:
    noise = np.random.default_rng(0).integers(0, 256, (24, 40, 3), np.uint8)
    data = encoded(Image.fromarray(noise), kind)
    whole = decode(data).tobytes()
    broken = 0
    for length in range(0, len(data), max(1, len(data) // 60)):
        try:
            assert decode(data[:length]).tobytes() == whole
        except ImageError:
            broken += 1
    assert broken >= 55


@settings(max_examples=150, derandomize=True, deadline=None)
@given(
    kind=st.sampled_from(["PNG", "BMP", "GIF", "WEBP", "JPEG"]),
    flips=st.lists(st.tuples(st.integers(0, 10_000), st.integers(1, 255)), min_size=1, max_size=8),
)
def test_hostile_bytes_give_a_picture_or_an_image_error(
    kind: str, flips: list[tuple[int, int]]
) -> None:
    exif = Image.Exif()
    exif[ExifTags.Base.Orientation] = 6
    data = bytearray(
        encoded(quarters(), kind, **({} if kind in ("BMP", "GIF") else {"exif": exif}))
    )
    for place, mask in flips:
        data[place % len(data)] ^= mask
    with contextlib.suppress(ImageError):
        assert decode(bytes(data)).mode == "RGB"


def test_threads_decode_side_by_side_without_warnings() -> None:
    good = encoded(quarters(), "JPEG", exif=b"Exif\0\0MM\0*\0\0\0\x08\xff\xff")
    bad = png_of_size(10_000, 9_500)
    seen: list[str] = []

    def work() -> None:
        for data in (good, bad) * 20:
            try:
                seen.append(decode(data).mode)
            except ImageError:
                seen.append("refused")
            except Warning:
                seen.append("leaked")

    threads = [threading.Thread(target=work) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert (seen.count("RGB"), seen.count("refused"), len(seen)) == (80, 80, 160)


@pytest.mark.parametrize(
    ("size", "decoded"),
    [
        ((2100, 2048), (1050, 1024)),
        ((2100, 2047), (2100, 2047)),
        ((2047, 3900), (2047, 3900)),
        ((2047, 9000), (1024, 4500)),
        ((4100, 4200), (1025, 1050)),
        ((600, 5000), (600, 5000)),
    ],
)
def test_large_jpegs_come_reduced_but_large_enough(
    size: tuple[int, int], decoded: tuple[int, int]
) -> None:
    image = quarters(32, 32).resize(size, Image.Resampling.BICUBIC)
    seen = decode(encoded(image, "JPEG"))
    assert seen.size == decoded
    square, plain = to_square(seen, 64, "stretch"), to_square(image, 64, "stretch")
    assert np.abs(square.astype(int) - plain).mean() < 3
    assert decode(encoded(image.reduce(8), "PNG")).size == image.reduce(8).size


def test_to_square_crops_the_centre_or_stretches() -> None:
    wide = np.zeros((32, 96, 3), np.uint8)
    wide[:, 32:64] = 255
    image = Image.fromarray(wide)
    assert to_square(image, 32, "crop").min() == 255
    stretched = to_square(image, 32, "stretch")
    assert (stretched.shape, stretched.dtype) == ((32, 32, 3), np.uint8)
    assert stretched[:, :9].max() == 0
    assert stretched[:, 13:19].min() == 255


def test_to_square_of_the_right_size_is_the_picture_itself() -> None:
    noise = np.random.default_rng(1).integers(0, 256, (24, 24, 3), np.uint8)
    square = to_square(Image.fromarray(noise), 24, "crop")
    assert np.array_equal(square, noise)
    square[0] = 0  # writable, so that torch takes it without a copy or a warning


@pytest.mark.parametrize("factor", [2, 4])
def test_to_square_averages_where_it_reduces(factor: int) -> None:
    checks = np.indices((64, 64)).sum(0) % 2 * 255
    image = Image.fromarray(np.repeat(checks[..., None], 3, 2).astype(np.uint8))
    inner = to_square(image, 64 // factor, "crop")[2:-2, 2:-2].astype(int)
    assert np.abs(inner - 127.5).max() < 2


def test_previews_are_reduced_and_never_enlarged() -> None:
    large = Image.new("RGB", (300, 200), "teal")
    assert decode(encode_jpeg(large, 150)).size == (150, 100)
    assert decode(encode_jpeg(large, 512)).size == (300, 200)
    assert large.size == (300, 200)
