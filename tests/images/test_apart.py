"""The process that decodes: what it says, and what becomes of its end."""

import io
import json
import os
import signal
import struct
import sys
import zlib
from dataclasses import astuple
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
from PIL import Image, ImageCms

from hashing.errors import ImageError
from hashing.images import (
    FILES,
    UPLOADS,
    child,
    decode,
    encode_jpeg,
    isolated,
    main_colours,
    opened_preview,
    png,
)
from hashing.images.isolated import read_frame, write_frame
from hashing.images.limits import Limits
from hashing.images.still import Still, read_header
from tests.images import hostile

SOUND = hostile.sound_pictures()
TIFF = dict(SOUND)["TIFF"]
JPEG = hostile.encoded(hostile.scene(), "JPEG")
COMPRESSED = bytes(SOUND[5][1][:8] + b"\xff" * 400 + SOUND[5][1][408:])
"""A TIFF whose pixels cannot be unpacked."""


Frames = list[tuple[bytes, bytes]]


def converse(
    monkeypatch: pytest.MonkeyPatch, kind: str, data: bytes, *, header_only: bool = False
) -> Frames:
    """Let the process's own loop run here, without its bounds; every frame that it answers."""
    monkeypatch.setattr(child, "_bound", lambda limits: None)
    requests, answers = io.BytesIO(), io.BytesIO()
    write_frame(requests, b"H", json.dumps([kind, *astuple(UPLOADS)]).encode())
    write_frame(requests, b"D", data)
    if not header_only:  # what is broken there is told before anybody asks for pixels
        write_frame(requests, b"P")
    requests.seek(0)
    monkeypatch.setattr(sys, "stdin", SimpleNamespace(buffer=requests))
    monkeypatch.setattr(sys, "stdout", SimpleNamespace(buffer=answers))
    child.main()
    answers.seek(0)
    found = []
    while answers.tell() < len(answers.getvalue()):
        found.append(read_frame(answers))
    return found


def test_it_answers_with_memory_size_and_pixels(monkeypatch: pytest.MonkeyPatch) -> None:
    memory, size, pixels = converse(monkeypatch, "TIFF", TIFF)
    assert [memory[0], size[0], pixels[0]] == [b"M", b"S", b"P"]
    assert int(memory[1]) >= 96 * 64 * 4
    expected = decode(TIFF)
    assert struct.unpack("<II", size[1]) == expected.size
    assert pixels[1] == expected.tobytes()


def test_it_answers_with_what_is_wrong(monkeypatch: pytest.MonkeyPatch) -> None:
    ((letter, told),) = converse(monkeypatch, "TIFF", b"II*\0" + bytes(9), header_only=True)
    assert (letter, b"broken" in told) == (b"E", True)
    letter, told = converse(monkeypatch, "TIFF", COMPRESSED)[-1]
    assert (letter, b"expected a complete TIFF picture" in told) == (b"E", True)
    monkeypatch.setitem(sys.modules, "pillow_heif", None)
    ((letter, told),) = converse(monkeypatch, "HEIF", b"x", header_only=True)
    assert (letter, b"pillow-heif" in told) == (b"E", True)

    def fail(still: Still) -> Image.Image:
        raise MemoryError

    monkeypatch.setattr(Still, "pixels", fail)
    letter, told = converse(monkeypatch, "TIFF", TIFF)[-1]
    assert (letter, told) == (b"E", b"not enough memory to decode this picture")
    with pytest.raises(ImageError, match="not enough memory"):
        decode(dict(SOUND)["PNG"])


@pytest.mark.parametrize("number", range(len(SOUND)))
def test_a_picture_is_the_same_wherever_it_is_decoded(number: int) -> None:
    kind, data = SOUND[number]
    assert read_header(data, kind, FILES).pixels().tobytes() == decode(data, FILES).tobytes()


def test_a_part_is_received_as_no_frame() -> None:
    whole = io.BytesIO()
    write_frame(whole, b"P", b"pixels")
    for length in (0, 5, 12):
        with pytest.raises(ConnectionError):
            read_frame(io.BytesIO(whole.getvalue()[:length]))


@pytest.mark.parametrize("path", ["", "there" + os.pathsep])
def test_nothing_of_the_current_folder_runs(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, path: str
) -> None:
    expected = decode(TIFF).tobytes()
    for name in ("json", "struct", "PIL"):
        (tmp_path / f"{name}.py").write_text(f"open({str(tmp_path / 'ran')!r}, 'w')")
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("PYTHONPATH", path)
    isolated.end_all()
    assert decode(TIFF).tobytes() == expected
    assert not (tmp_path / "ran").exists()


@pytest.mark.skipif(os.name == "nt", reason="signals")
def test_who_died_is_replaced_and_who_dies_is_told_of(monkeypatch: pytest.MonkeyPatch) -> None:
    expected = decode(TIFF).tobytes()
    idle = isolated._idle[-1]
    idle.kill()
    idle.wait()
    assert decode(TIFF).tobytes() == expected
    assert isolated._idle[-1].pid != idle.pid

    def die(process: object, *_: object) -> Image.Image:
        os.kill(process.pid, signal.SIGSEGV)  # type: ignore[attr-defined]
        process.wait()  # type: ignore[attr-defined]
        raise BrokenPipeError

    with monkeypatch.context() as patched:
        patched.setattr(isolated, "_converse", die)
        with pytest.raises(ImageError, match="broke its decoder"):
            decode(TIFF)

    def interrupt(process: object, *_: object) -> Image.Image:
        raise KeyboardInterrupt

    known = {process.pid for process in isolated._idle}
    with monkeypatch.context() as patched:
        patched.setattr(isolated, "_converse", interrupt)
        with pytest.raises(KeyboardInterrupt):
            decode(TIFF)
    # in the midst of a conversation nobody can be asked again
    assert not {process.pid for process in isolated._idle} - known
    assert decode(TIFF).tobytes() == expected


@pytest.mark.parametrize("kind", ["GIF", "PNG", "WEBP"])
def test_frames_are_looked_at_up_to_a_number(kind: str) -> None:
    blank = [Image.new("RGB", (64, 48), (240, 240, 240 + n % 2)) for n in range(24)]
    for place, shown in ((3, True), (22, False)):
        frames = [*blank[:place], hostile.scene(64, 48), *blank[place:]]
        options = {"lossless": True} if kind == "WEBP" else {}
        data = hostile.encoded(
            frames[0], kind, save_all=True, append_images=frames[1:], duration=50, **options
        )
        colours = decode(data).getcolors(1 << 16)
        assert (colours is None or len(colours) > 9) is shown, place


def test_what_carries_no_pixels_of_an_animation_is_left_out() -> None:
    blank, scene = Image.new("RGB", (64, 48), "white"), hostile.scene(64, 48)
    options = {"save_all": True, "append_images": [scene], "lossless": True}
    data = hostile.encoded(blank, "WEBP", exif=b"Exif\0\0II*\0", **options)
    assert decode(data).tobytes() == scene.tobytes()


def test_profiles_and_texts_of_a_png_are_read_as_far_as_they_are_sound() -> None:
    packed = zlib.compress(b"profile" * 100)
    assert png._unpack(b"\0" + packed) == b"profile" * 100
    for broken in (b"\1" + packed, b"\0broken", b"", b"\0" + zlib.compress(bytes(5 << 20), 9)):
        assert png._unpack(broken) == b""
    assert png._text(b"\0\0en\0word\0text") == b"text"
    assert png._text(b"\1\0en\0word\0" + zlib.compress(b"text")) == b"text"
    assert png._text(b"\1\0en\0word\0broken") == b""


def test_scans_are_counted_against_the_size() -> None:
    data = hostile.repeated_scans(96, 30)
    assert decode(data).size == (96, 96)
    small = Limits(bytes=1 << 20, pixels=96 * 96, aspect=20, memory=1 << 28, seconds=2)
    with pytest.raises(ImageError, match="at most 20 scans of a JPEG of 96 x 96, found"):
        decode(data, small)


def test_a_later_frame_that_is_broken_leaves_the_first() -> None:
    frames = [Image.new("P", (64, 48), 7), hostile.scene(64, 48).quantize(32)]
    data = bytearray(hostile.encoded(frames[0], "GIF", save_all=True, append_images=frames[1:]))
    place = data.rindex(b"\x2c")  # the second picture's descriptor: its table of colours is a lie
    data[place + 10 : place + 200] = b"\xff" * 190
    assert len(decode(bytes(data)).getcolors(1 << 16) or ()) == 1


def test_what_lies_beyond_srgb_comes_back_to_it() -> None:
    lab = ImageCms.profileToProfile(
        Image.new("RGB", (64, 48), (200, 60, 40)),
        ImageCms.createProfile("sRGB"),
        ImageCms.createProfile("LAB"),
        outputMode="LAB",
    )
    assert isinstance(lab, Image.Image)
    data = hostile.encoded(lab, "TIFF")
    for found in (decode(data), read_header(data, "TIFF", FILES).pixels()):
        assert np.abs(np.array(found.getpixel((9, 9))) - (200, 60, 40)).max() < 8


def test_a_long_picture_keeps_its_shorter_side() -> None:
    assert decode(hostile.encoded(Image.new("L", (9000, 1000)), "PNG")).size == (9000, 1000)


def with_byte(data: bytes, place: int, value: int) -> bytes:
    return data[:place] + bytes([value]) + data[place + 1 :]


@pytest.mark.parametrize(
    ("preview", "told"),
    [
        (hostile.encoded(hostile.scene(), "PNG"), "something else"),
        (JPEG[:30], "was cut"),
        (with_byte(JPEG, JPEG.index(b"\xff\xc0") + 4, 9), "broken"),
        (with_byte(JPEG, JPEG.index(b"\xff\xc4") + 5, 255), "broken"),
        (hostile.encoded(hostile.scene(4200, 64), "JPEG"), "4096 pixels a side, found 4200"),
        (hostile.repeated_scans(2640, 80), "fewer scans"),
    ],
    ids=["no JPEG", "cut", "bits", "tables", "large", "scans"],
)
def test_a_preview_that_is_none_is_refused(preview: bytes, told: str) -> None:
    with pytest.raises(ImageError, match=told), opened_preview(preview) as image:
        image.convert("RGB")


def test_a_preview_is_opened_without_being_decoded() -> None:
    preview = encode_jpeg(hostile.scene(400, 300), 256)
    with opened_preview(preview) as image:
        assert image.size == (256, 192)
        image.draft("RGB", (64, 48))
        assert image.size == (64, 48)


def test_previews_and_main_colours_are_of_pixels() -> None:
    with pytest.raises(ImageError, match="a preview cannot be encoded"):
        encode_jpeg(Image.new("RGB", (66_000, 16)), 66_000)
    image = Image.new("RGB", (40, 40), "red")
    image.paste("blue", (0, 0, 40, 10))
    colours, counts = main_colours(image, 4)
    there = np.flatnonzero(counts)
    assert dict(zip(map(tuple, colours[there].tolist()), counts[there].tolist(), strict=True)) == {
        (255, 0, 0): 1200,
        (0, 0, 255): 400,
    }
