"""Grey of more than 8 bits, and what is transparent in grey."""

import struct

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image

from hashing.images import FILES, decode, open_picture
from tests.images.hostile import encoded, png_chunk, png_with, scene

GREY = np.asarray(scene().convert("L"))
SHARES = GREY.astype(np.float32) / 255
SPOILT = SHARES.copy()
SPOILT[0, :4] = np.nan, np.inf, -np.inf, -3e38


def seen(values: NDArray[np.generic]) -> list[NDArray[np.uint8]]:
    """Grey as a file and as it lies in memory, `[H, W]`."""
    image = Image.fromarray(values)
    return [np.asarray(x)[..., 0] for x in (decode(encoded(image, "TIFF")), open_picture(image))]


@pytest.mark.parametrize(
    "values",
    [
        SHARES,
        GREY.astype(np.float32),
        GREY.astype(np.float32) * 257,
        GREY.astype(np.int32),
        GREY.astype(np.int32) * 257,
        GREY.astype(np.uint16) * 257,
    ],
    ids=["shares", "float 8", "float 16", "int 8", "int 16", "uint16"],
)
def test_grey_of_any_range_is_the_same_picture(values: NDArray[np.generic]) -> None:
    for found in seen(values):
        assert np.array_equal(found, GREY)


def test_grey_beyond_16_bits_ends_at_its_greatest() -> None:
    for values in (GREY.astype(np.int32) * 8_000_000, GREY.astype(np.float32) * 1e30):
        for found in seen(values):
            assert np.abs(found - GREY * (255 / GREY.max())).max() <= 1


def test_what_is_no_number_is_black_and_what_has_no_end_white() -> None:
    for found in seen(SPOILT):
        assert found[0, :4].tolist() == [0, 255, 0, 0]
        assert np.array_equal(found[1:], GREY[1:])


def test_a_large_picture_has_one_range() -> None:
    """Though it is converted strip by strip."""
    values = np.repeat(np.linspace(0, 1, 3000, dtype=np.float32)[:, None], 3000, axis=1)
    found = np.asarray(decode(encoded(Image.fromarray(values), "TIFF"), FILES), np.int16)[..., 0]
    assert len(found) < len(values)
    assert np.abs(found[:, 0] - np.linspace(0, 255, len(found))).max() <= 1


def test_a_transparent_value_of_16_bits_lies_on_white() -> None:
    values = np.full((32, 32), 30_000, np.uint16)
    values[:, :16], values[0, 0] = 7, 8
    data = png_with(png_chunk(b"tRNS", struct.pack(">H", 7)), Image.fromarray(values))
    found = np.asarray(decode(data))[..., 0]
    assert (found[1:, :16] == 255).all()
    assert found[0, 0] == 0
    assert (found[:, 16:] == 30_000 >> 8).all()


@pytest.mark.parametrize("mode", ["LA", "La", "RGBA", "RGBa"])
def test_transparent_parts_lie_on_white_in_any_mode(mode: str) -> None:
    image = Image.fromarray(GREY).convert("LA" if mode.startswith("L") else "RGBA")
    image.putalpha(Image.new("L", image.size, 255))
    image.paste(0, (0, 0, 9, 9))
    found = np.asarray(open_picture(image.convert(mode)))[..., 0]
    assert (found[:9, :9] == 255).all()
    assert np.array_equal(found[9:], GREY[9:])
