"""Colours as a viewer with colour management shows them."""

import io
import struct

import numpy as np
import pytest
from PIL import Image, ImageCms

from hashing.images import decode
from tests.images.hostile import encoded, scene

SRGB = ImageCms.createProfile("sRGB")
ADOBE = ((0.60974, 0.31111, 0.01947), (0.20528, 0.62567, 0.06087), (0.14919, 0.06322, 0.74457))
PROPHOTO = ((0.79767, 0.28804, 0.0), (0.13519, 0.71188, 0.00004), (0.03134, 0.00009, 0.82491))


def profile(colours: tuple[tuple[float, ...], ...], gamma: float, space: bytes = b"RGB ") -> bytes:
    """A profile of three primaries (of one grey ramp where there are none) and a gamma."""

    def xyz(values: tuple[float, ...]) -> bytes:
        return b"XYZ \0\0\0\0" + b"".join(struct.pack(">i", round(v * 65536)) for v in values)

    curve = b"curv\0\0\0\0" + struct.pack(">IH", 1, round(gamma * 256)) + b"\0\0"
    tags = {b"wtpt": xyz((0.9642, 1.0, 0.8249))}
    for letter, primary in zip((b"r", b"g", b"b"), colours, strict=False):
        tags |= {letter + b"XYZ": xyz(primary), letter + b"TRC": curve}
    if not colours:
        tags[b"kTRC"] = curve
    place, table, body = 132 + 12 * len(tags), struct.pack(">I", len(tags)), b""
    for name, value in tags.items():
        table += name + struct.pack(">II", place + len(body), len(value))
        body += value
    white = struct.pack(">3i", *(round(v * 65536) for v in (0.9642, 1, 0.8249)))
    head = struct.pack(">I4sI4s4s4s", 0, b"test", 0x02400000, b"mntr", space, b"XYZ ")
    whole = head + bytes(12) + b"acsp" + bytes(28) + white + bytes(48) + table + body
    return struct.pack(">I", len(whole)) + whole[4:]


def stored(image: Image.Image, icc: bytes, mode: str = "RGB") -> Image.Image:
    target = ImageCms.ImageCmsProfile(io.BytesIO(icc))
    return ImageCms.profileToProfile(image, SRGB, target, outputMode=mode)


def difference(image: Image.Image, other: Image.Image) -> float:
    return float(np.abs(np.asarray(image, int) - np.asarray(other, int)).mean())


@pytest.mark.parametrize(("primaries", "gamma"), [(ADOBE, 2.2), (PROPHOTO, 1.8)])
@pytest.mark.parametrize(
    ("kind", "options"),
    [
        ("PNG", {}),
        ("JPEG", {"quality": 98, "subsampling": 0}),
        ("WEBP", {"lossless": True}),
        ("TIFF", {}),
        ("AVIF", {"quality": 98, "subsampling": "4:4:4"}),
    ],
)
def test_other_colour_spaces_become_srgb(
    primaries: tuple[tuple[float, ...], ...], gamma: float, kind: str, options: dict[str, object]
) -> None:
    icc = profile(primaries, gamma)
    wide = stored(scene(), icc)
    data = encoded(wide, kind, icc_profile=icc, **options)
    assert difference(wide, scene()) > 9
    assert difference(decode(data), scene()) < 5
    assert decode(data).info == {}


def test_transparent_pictures_have_profiles_too() -> None:
    icc = profile(ADOBE, 2.2)
    wide = stored(scene(), icc)
    wide.putalpha(255)
    wide.putpixel((0, 0), (0, 0, 0, 0))
    seen = decode(encoded(wide, "PNG", icc_profile=icc))
    assert seen.getpixel((0, 0)) == (255, 255, 255)
    assert difference(seen, scene()) < 2


def test_grey_with_a_gamma_of_its_own() -> None:
    ramp = Image.fromarray(np.tile(np.arange(0, 256, 4, dtype=np.uint8), (16, 1)))
    seen = decode(encoded(ramp, "PNG", icc_profile=profile((), 1.0, b"GRAY")))
    linear = np.asarray(ramp)[0] / 255
    expected = np.where(linear > 0.0031308, 1.055 * linear ** (1 / 2.4) - 0.055, 12.92 * linear)
    assert np.abs((np.asarray(seen)[0, :, 0] - expected * 255)[4:]).max() <= 2


def test_grey_with_transparency_has_a_profile_too() -> None:
    ramp = Image.fromarray(np.tile(np.arange(0, 256, 4, dtype=np.uint8), (16, 1)))
    icc = profile((), 1.0, b"GRAY")
    expected = np.array(decode(encoded(ramp, "PNG", icc_profile=icc)))
    clear = ramp.convert("LA")
    assert np.array_equal(decode(encoded(clear, "PNG", icc_profile=icc)), expected)
    clear.putpixel((9, 3), (9, 0))
    expected[3, 9] = 255
    assert np.array_equal(decode(encoded(clear, "PNG", icc_profile=icc)), expected)
    expected[:, 9] = 255
    one = encoded(ramp, "PNG", icc_profile=icc, transparency=36)
    expected[3, 9] = 255
    assert np.array_equal(decode(one), expected)


def test_what_is_srgb_or_broken_or_of_another_space_changes_nothing() -> None:
    own = ImageCms.ImageCmsProfile(SRGB).tobytes()
    for icc in (own, b"junk", own[:200], profile((), 1.0, b"GRAY"), bytes(5_000_000)):
        assert decode(encoded(scene(), "PNG", icc_profile=icc)).tobytes() == scene().tobytes()


def test_a_large_picture_is_converted_after_it_is_reduced() -> None:
    icc = profile(ADOBE, 2.2)
    large = stored(scene(300, 200), icc).resize((4200, 2800), Image.Resampling.NEAREST)
    seen = decode(encoded(large, "PNG", icc_profile=icc, compress_level=1))
    assert difference(seen.resize((300, 200), Image.Resampling.BOX), scene(300, 200)) < 2
