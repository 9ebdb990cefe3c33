"""Every format that people have, decoded as a viewer shows it."""

import io
import struct
from pathlib import Path

import numpy as np
import pytest
from PIL import Image, ImageDraw

from hashing.errors import ImageError
from hashing.images import FILES, UPLOADS, decode, kind_of
from hashing.images import isolated as isolated_module
from hashing.images.limits import Limits
from tests.images.hostile import encoded, run_length_bmp, scene


def difference(image: Image.Image, other: Image.Image) -> float:
    assert image.size == other.size
    return float(np.abs(np.asarray(image, int) - np.asarray(other, int)).mean())


@pytest.mark.parametrize(
    ("kind", "options", "most"),
    [
        ("TIFF", {}, 0),
        ("TIFF", {"compression": "tiff_lzw"}, 0),
        ("TIFF", {"compression": "jpeg"}, 9),
        ("JPEG2000", {}, 0),
        ("AVIF", {"quality": 90}, 4),
    ],
)
def test_formats_of_museums_and_phones(
    kind: str, options: dict[str, object], most: float, tmp_path: Path
) -> None:
    data = encoded(scene(), kind, **options)
    assert kind_of(data) == kind
    (tmp_path / "picture.jpg").write_bytes(data)  # the content decides
    for source in (data, tmp_path / "picture.jpg"):
        assert difference(decode(source), scene()) <= most


def test_the_first_page_of_a_tiff() -> None:
    pages = [scene(seed=seed) for seed in range(3)]
    data = encoded(pages[0], "TIFF", save_all=True, append_images=pages[1:])
    assert difference(decode(data), pages[0]) == 0


@pytest.mark.parametrize("mode", ["L", "CMYK", "LAB", "1", "P", "RGBA"])
def test_tiffs_of_every_mode(mode: str) -> None:
    image = scene().convert("L") if mode in ("L", "1") else scene()
    if mode == "LAB":
        from PIL import ImageCms

        profiles = ImageCms.createProfile("sRGB"), ImageCms.createProfile("LAB")
        stored = ImageCms.profileToProfile(image, *profiles, outputMode="LAB")
    else:
        stored = image.convert(mode)
    expected = image.convert("RGB") if mode == "LAB" else stored.convert("RGB")
    assert difference(decode(encoded(stored, "TIFF")), expected) <= 2


@pytest.mark.parametrize("kind", ["TIFF", "AVIF"])
def test_their_orientation_counts(kind: str) -> None:
    exif = Image.Exif()
    exif[0x112] = 6
    seen = decode(encoded(scene(), kind, exif=exif))
    assert difference(seen, scene().transpose(Image.Transpose.ROTATE_270)) < 5


def test_sixteen_bits_of_a_tiff() -> None:
    ramp = np.linspace(0, 65535, 400).astype(np.uint16).reshape(20, 20)
    seen = np.asarray(decode(encoded(Image.fromarray(ramp), "TIFF")))
    assert np.array_equal(seen[..., 0], ramp >> 8)


def test_a_large_jpeg_2000_is_decoded_at_a_part_of_its_size() -> None:
    large = scene(150, 100).resize((4050, 2100), Image.Resampling.NEAREST)
    seen = decode(encoded(large, "JPEG2000", irreversible=True, quality_layers=[30]))
    assert seen.size == (2025, 1050)
    small = seen.resize((150, 100), Image.Resampling.BOX)
    assert difference(small, scene(150, 100)) < 6


def test_heic() -> None:
    heif = pytest.importorskip("pillow_heif", reason="the extra heic is not installed")
    buffer = io.BytesIO()
    heif.from_pillow(scene()).save(buffer, quality=95)
    assert kind_of(buffer.getvalue()) == "HEIF"
    assert difference(decode(buffer.getvalue()), scene()) < 8


def test_heic_without_its_library_names_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "pillow_heif.py").write_text("raise ImportError")
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))
    isolated_module.end_all()
    data = b"\0\0\0\x18ftypheic\0\0\0\0mif1heic" + bytes(99)
    try:
        with pytest.raises(
            ImageError, match=r"HEIC picture, which needs pillow-heif: pip install pillow-heif"
        ):
            decode(data)
    finally:
        isolated_module.end_all()


def test_films_in_the_same_container_are_no_pictures() -> None:
    with pytest.raises(ImageError, match="found something else"):
        decode(b"\0\0\0\x18ftypmp42\0\0\0\0mp42isom" + bytes(99))


def test_a_decoder_of_its_own_is_used_again() -> None:
    isolated_module.end_all()
    data = encoded(scene(), "TIFF")
    decode(data)
    (child,) = isolated_module._idle
    with pytest.raises(ImageError, match="TIFF"):
        decode(data[:-500])
    decode(data)
    assert isolated_module._idle == [child]


def test_a_decoder_that_takes_too_long_is_ended_and_replaced() -> None:
    limits = Limits(**{**_as_dict(UPLOADS), "seconds": 1})
    endless = run_length_bmp(2000, 2000, b"\1\7" * 9_000_000)
    with pytest.raises(ImageError, match="BMP picture that takes at most 1 s"):
        decode(endless, limits)
    assert decode(encoded(scene(), "TIFF")).size == (96, 64)


def test_a_decoder_gets_no_more_memory_than_it_may_have() -> None:
    # ten thousand tags of one value of a megabyte each
    value, tags = bytes(1 << 20), 1000
    entries = b"".join(
        struct.pack("<HHII", 0x9000 + tag, 7, len(value), 14 + 12 * tags) for tag in range(tags)
    )
    data = b"II*\0" + struct.pack("<IH", 8, tags) + entries + bytes(4) + value
    with pytest.raises(ImageError):
        decode(data)
    assert decode(encoded(scene(), "TIFF")).size == (96, 64)


def _as_dict(limits: Limits) -> dict[str, float]:
    return {name: getattr(limits, name) for name in Limits.__slots__}


def test_own_files_may_be_larger_than_uploads() -> None:
    scroll = scene(24 * 64, 64)
    assert decode(encoded(scroll, "JPEG"), FILES).size == scroll.size
    with pytest.raises(ImageError, match="at most 20:1"):
        decode(encoded(scroll, "JPEG"))
    large = encoded(Image.new("L", (9000, 7000)), "JPEG")
    assert decode(large, FILES).size == (2250, 1750)
    with pytest.raises(ImageError, match="at most 50 megapixels"):
        decode(large)


def shapes(mode: str, ink: tuple[int, ...], ground: tuple[int, ...]) -> Image.Image:
    image = Image.new(mode, (120, 90), ground)
    draw = ImageDraw.Draw(image)
    draw.ellipse([20, 10, 90, 80], outline=ink, width=6)
    draw.line([0, 89, 119, 0], fill=ink, width=5)
    return image


@pytest.mark.parametrize("kind", ["PNG", "WEBP", "TIFF"])
def test_paper_is_chosen_by_what_is_drawn(kind: str) -> None:
    options = {"lossless": True} if kind == "WEBP" else {}
    for ink, paper in (((255, 255, 255), 0), ((240, 244, 250), 0), ((0, 0, 0), 255)):
        drawn = shapes("RGBA", (*ink, 255), (*ink, 0))
        seen = np.asarray(decode(encoded(drawn, kind, **options)))
        assert seen[0, 0].tolist() == [paper] * 3
        assert {tuple(pixel) for pixel in seen.reshape(-1, 3).tolist()} == {ink, (paper,) * 3}


def test_a_light_picture_that_fills_its_sheet_keeps_white_paper() -> None:
    light = Image.new("RGBA", (60, 60), (250, 250, 250, 255))
    light.putpixel((0, 0), (0, 0, 0, 0))
    light.paste((20, 40, 60, 255), (10, 10, 30, 30))
    assert decode(encoded(light, "PNG")).getpixel((0, 0)) == (255, 255, 255)


@pytest.mark.parametrize("kind", ["GIF", "WEBP", "PNG", "AVIF"])
def test_the_first_frame_that_shows_something(kind: str) -> None:
    frames = [Image.new("RGBA", (96, 64), (0, 0, 0, 0)), Image.new("RGBA", (96, 64), "navy")]
    frames += [scene(seed=seed).convert("RGBA") for seed in (0, 1)]
    options = {"lossless": True} if kind == "WEBP" else {"disposal": 2} if kind == "GIF" else {}
    data = encoded(
        frames[0], kind, save_all=True, append_images=frames[1:], duration=100, **options
    )
    assert difference(decode(data), scene()) < 12


def test_a_jpeg_that_lacks_its_end_alone_is_whole() -> None:
    for options in ({}, {"progressive": True}, {"subsampling": 0, "quality": 95}):
        data = encoded(scene(), "JPEG", **options)
        for short in (data[:-2], data[:-1]):
            assert decode(short).tobytes() == decode(data).tobytes()


@pytest.mark.parametrize("options", [{}, {"progressive": True}, {"quality": 30}])
def test_a_jpeg_that_was_cut_is_refused(options: dict[str, object]) -> None:
    for image in (scene(), Image.new("RGB", (96, 64), (128, 128, 128)), scene().convert("L")):
        data = encoded(image, "JPEG", **options)
        start = data.index(b"\xff\xda")
        whole = decode(data).tobytes()
        for share in (0.3, 0.6, 0.9, 0.99):
            cut = data[: start + int((len(data) - 2 - start) * share)]
            for broken in (cut, cut + bytes(500)):
                try:
                    assert decode(broken).tobytes() == whole
                except ImageError:
                    continue
                # what is left of a grey sheet is grey
                assert image.getextrema() == ((128, 128),) * 3


def test_a_checksum_of_what_carries_no_pixels_does_not_count() -> None:
    data = encoded(scene(), "PNG")
    text = struct.pack(">I", 5) + b"tEXta\0abc" + b"\1\2\3\4"
    assert difference(decode(data[:33] + text + data[33:]), scene()) == 0
    broken = data[:29] + b"\1\2\3\4" + data[33:]
    with pytest.raises(ImageError, match="broken"):
        decode(broken)


def test_a_line_before_a_picture() -> None:
    data = encoded(scene(), "JPEG")
    assert decode(b"\r\n" + data).tobytes() == decode(data).tobytes()
