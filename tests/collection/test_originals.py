"""Originals at their full size, and who may have them."""

import io

import numpy as np
import pytest
from PIL import Image

from hashing.collection.licences import attribution, is_open
from hashing.collection.originals import Originals, cut
from hashing.images import FULL_SIZE, decode
from tests.gallery import jpeg


def test_a_large_picture_can_be_had_at_its_full_size() -> None:
    image = Image.effect_noise((4400, 3000), 40).convert("RGB")
    data = jpeg(image)
    assert decode(data).size == (2200, 1500)
    whole = decode(data, FULL_SIZE)
    np.testing.assert_array_equal(whole, Image.open(io.BytesIO(data)))
    tiff = io.BytesIO()
    image.save(tiff, "TIFF")
    np.testing.assert_array_equal(decode(tiff.getvalue(), FULL_SIZE), image)  # in another process


def test_a_part_is_what_is_cut_and_made_smaller() -> None:
    ramp = np.tile(np.arange(256, dtype=np.uint8), (300, 4))
    image = Image.fromarray(ramp).convert("RGB")
    same = np.asarray(Image.open(io.BytesIO(cut(image, (10, 20, 110, 90), (100, 70)))), np.int16)
    assert np.abs(same - np.asarray(image.crop((10, 20, 110, 90)), np.int16)).mean() < 2
    half = np.asarray(Image.open(io.BytesIO(cut(image, (0, 0, 256, 300), (64, 75)))), np.int16)
    assert half.shape == (75, 64, 3)
    assert np.abs(half[40, :, 0] - (4 * np.arange(64) + 1.5)).mean() < 3


def test_originals_are_remembered_as_far_as_there_is_room() -> None:
    read = []

    def reader(number: int) -> Image.Image:
        return originals.of(number, lambda: read.append(number) or Image.new("RGB", (100, 100)))

    originals = Originals(room=90_000)  # two of them
    for number in (1, 2, 1, 3, 1, 2, 3):
        assert reader(number).size == (100, 100)
    assert read == [1, 2, 3, 2, 3]
    assert originals.of(9, lambda: None) is None  # and is looked for again
    assert reader(9) is not None
    small = Originals(room=10)
    large = Image.new("RGB", (100, 100))
    assert small.of(1, lambda: large) is small.of(1, pytest.fail)


@pytest.mark.parametrize(
    "licence",
    [
        "CC0", "cc0 1.0", "CC0 1.0 Universal", "CC Zero", "Public domain", "PUBLIC DOMAIN MARK 1.0",
        "in the public domain", "gemeinfrei", "No known copyright restrictions", "PDM", "CC BY",
        "CC BY 4.0", "cc-by-sa-3.0", "CC BY-SA 4.0 International", "CC BY-NC-ND 4.0",
        "CC BY 3.0 DE",
        "Creative Commons Attribution-ShareAlike 4.0 International", "Attribution 4.0",
        "https://creativecommons.org/licenses/by/4.0/", "creativecommons.org/publicdomain/zero/1.0",
        "http://creativecommons.org/publicdomain/mark/1.0/deed.de",
    ],
)  # fmt: skip
def test_licences_that_let_anybody_keep_a_copy(licence: str) -> None:
    assert is_open(licence)


@pytest.mark.parametrize(
    "licence",
    [
        "", "All rights reserved", "© 2020", "not in the public domain", "CC", "In copyright",
        "CC BY, but ask us first", "Public domain in the USA only", "copyright", "unknown", "BY",
        "https://example.org/creativecommons.org/licenses/by/4.0/", "CC0 pending", "VG Bild-Kunst",
        "by", "no", "http://rightsstatements.org/vocab/InC/1.0/",
    ],
)  # fmt: skip
def test_everything_else_does_not(licence: str) -> None:
    assert not is_open(licence)


def test_what_is_said_beside_a_copy() -> None:
    said = {"title": "Pears", "creator": "Ada Lund", "year": "1912", "link": "https://x.example/1"}
    assert attribution(**said, licence="CC BY 4.0") == (
        "Pears, Ada Lund, 1912. CC BY 4.0. https://x.example/1"
    )
    assert attribution(title="", creator="", year="", licence="CC0", link="") == "CC0"
