"""Pictures made to take a machine's time or memory, and sound ones mutated at random.

python tests/images/hostile.py [MUTATIONS] prints for each kind (or for so many mutated pictures)
the size of the file, the processor seconds and the peak MiB of decoding it, here and in the process
of its own that some formats have, and what became of it.
"""

import io
import json
import os
import resource
import struct
import sys
import threading
import zlib
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
from PIL import Image

from hashing.errors import ImageError
from hashing.images import decode, isolated

MIB = 1 << 20


def encoded(image: Image.Image, kind: str, **options: object) -> bytes:
    buffer = io.BytesIO()
    image.save(buffer, kind, **options)
    return buffer.getvalue()


def scene(width: int = 96, height: int = 64, seed: int = 0) -> Image.Image:
    """Smooth colours with a little noise."""
    random = np.random.default_rng(seed)
    coarse = Image.fromarray(random.integers(0, 256, (6, 8, 3), np.uint8))
    smooth = np.asarray(coarse.resize((width, height), Image.Resampling.BICUBIC), np.int16)
    noise = random.integers(-8, 9, smooth.shape)
    return Image.fromarray(np.clip(smooth + noise, 0, 255).astype(np.uint8))


def exif_of_one_value(size: int, tags: int = 1000) -> bytes:
    """A thousand tags that point at one value of `size` bytes."""
    head = b"II*\0" + struct.pack("<IH", 8, tags)
    entries = b"".join(
        struct.pack("<HHII", 0x9000 + tag, 7, size, 14 + 12 * tags) for tag in range(tags)
    )
    return head + entries + bytes(4) + bytes(size)


def png_chunk(kind: bytes, body: bytes) -> bytes:
    check = zlib.crc32(kind + body)
    return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", check)


def png_with(extra: bytes, image: Image.Image | None = None) -> bytes:
    """A PNG with chunks after its header."""
    data = encoded(image or scene(), "PNG")
    return data[:33] + extra + data[33:]


def jpeg_with(extra: bytes, **options: object) -> bytes:
    """A JPEG with segments after its start."""
    data = encoded(scene(), "JPEG", **options)
    return data[:2] + extra + data[2:]


def stray_bytes(size: int) -> bytes:
    """A JPEG with junk between its first segments."""
    data = encoded(scene(), "JPEG")
    return data[:20] + bytes(size) + data[20:]


def segments(code: int, body: bytes) -> bytes:
    """A body over as many JPEG segments as it takes, each with the word Exif before it."""
    parts = (body[at : at + 65_000] for at in range(0, len(body), 65_000))
    return b"".join(
        struct.pack(">BBH", 255, code, len(part) + 8) + b"Exif\0\0" + part for part in parts
    )


def webp_with(extra: bytes) -> bytes:
    """A WebP with chunks after its picture."""
    data = encoded(scene(), "WEBP", exif=b"Exif\0\0II*\0")
    return b"RIFF" + struct.pack("<I", len(data) + len(extra) - 8) + data[8:] + extra


def webp_chunk(kind: bytes, body: bytes) -> bytes:
    return struct.pack("<4sI", kind, len(body)) + body + bytes(len(body) % 2)


def repeated_scans(side: int, times: int) -> bytes:
    """A progressive JPEG whose last scan comes again and again."""
    data = encoded(Image.new("RGB", (side, side), "teal"), "JPEG", progressive=True)
    last = data.rindex(b"\xff\xda")
    return data[:last] + data[last:-2] * times + data[-2:]


def comments_in_gif(size: int, block: int) -> bytes:
    """A GIF with a comment of `size` bytes in sub-blocks of `block`."""
    data = encoded(scene().quantize(16), "GIF")
    start = 13 + (3 << (data[10] & 7) + 1)
    sub = bytes([block]) + b"c" * block
    return data[:start] + b"!\xfe" + sub * (size // len(sub)) + b"\0" + data[start:]


def run_length_bmp(width: int, height: int, runs: bytes) -> bytes:
    """A BMP of 8 bits whose rows are runs, with a palette of 256 colours."""
    palette = np.random.default_rng(0).integers(0, 256, 1024, np.uint8).tobytes()
    header = struct.pack("<IiiHHIIiiII", 40, width, height, 1, 8, 1, len(runs), 0, 0, 256, 0)
    return b"BM" + struct.pack("<IHHI", 0, 0, 0, 54 + 1024) + header + palette + runs


def large_png(side: int = 7000) -> bytes:
    image = scene(70, 70).convert("RGBA").resize((side, side), Image.Resampling.NEAREST)
    return encoded(image, "PNG", compress_level=1)


KINDS: dict[str, Callable[[], bytes]] = {
    "PNG, a thousand Exif tags of one value": lambda: png_with(
        png_chunk(b"eXIf", exif_of_one_value(15 * MIB))
    ),
    "JPEG, a thousand Exif tags of one value": lambda: jpeg_with(
        segments(0xE1, exif_of_one_value(15 * MIB))
    ),
    "WebP, a thousand Exif tags of one value": lambda: webp_with(
        webp_chunk(b"EXIF", exif_of_one_value(15 * MIB))
    ),
    "JPEG, one scan 4,000 times": lambda: repeated_scans(1600, 4000),
    "JPEG, 90 scans of 7 megapixels": lambda: repeated_scans(2640, 80),
    "JPEG, 19 scans of 49 megapixels": lambda: repeated_scans(7000, 9),
    "GIF, a comment of 15 MiB": lambda: comments_in_gif(15 * MIB, 255),
    "GIF, a comment of crumbs": lambda: comments_in_gif(15 * MIB, 1),
    "PNG, a million empty chunks": lambda: png_with(png_chunk(b"teSt", b"") * 1_200_000),
    "PNG, a million empty image chunks": lambda: png_with(png_chunk(b"IDAT", b"") * 1_200_000),
    "PNG, a thousand packed texts of 1 MB": lambda: png_with(
        png_chunk(b"zTXt", b"a\0\0" + zlib.compress(bytes(MIB - 9), 9)) * 1000
    ),
    "JPEG, millions of empty segments": lambda: jpeg_with(b"\xff\xe5\0\2" * 3_500_000),
    "JPEG, millions of fill bytes": lambda: jpeg_with(b"\xff" * (15 * MIB)),
    "JPEG, millions of stray bytes": lambda: stray_bytes(15 * MIB),
    "JPEG, millions of stuffed bytes": lambda: jpeg_with(b"")[:-2] + b"\xff\0" * (7 * MIB),
    "WebP, millions of empty chunks": lambda: webp_with(webp_chunk(b"TeSt", b"") * 1_800_000),
    "BMP, runs of one pixel": lambda: run_length_bmp(7000, 7000, b"\1\7" * (9 * MIB)),
    "BMP, small, runs of one pixel": lambda: run_length_bmp(2000, 2000, b"\1\7" * (9 * MIB)),
    "BMP, jumps": lambda: run_length_bmp(7000, 7000, b"\0\2\xff\xff" * MIB),
    "BMP, ends of lines": lambda: run_length_bmp(1990, 2000, b"\1\7\0\0" * 2000),
    "eight PNGs of 49 megapixels at once": large_png,
    # what encoding these leaves in memory would count for the one before
    "TIFF, 49 megapixels": lambda: encoded(
        Image.new("RGB", (7000, 7000), "teal"), "TIFF", compression="tiff_lzw"
    ),
    "JPEG 2000, 22 megapixels": lambda: encoded(Image.new("RGB", (4700, 4700), "teal"), "JPEG2000"),
    "AVIF, 49 megapixels": lambda: encoded(
        Image.new("RGB", (7000, 7000), "teal"), "AVIF", speed=10
    ),
    "WebP, 25 megapixels": lambda: encoded(Image.new("RGB", (5000, 5000), "teal"), "WEBP"),
}


def mutated(count: int, seed: int = 0) -> Iterator[tuple[str, bytes]]:
    """`count` sound pictures in every format, each damaged in one of several ways."""
    random = np.random.default_rng(seed)
    sound = sound_pictures()
    for number in range(count):
        name, original = sound[number % len(sound)]
        data = bytearray(original)
        way = number // len(sound) % 5
        spots = random.integers(0, len(data), random.integers(1, 9)).tolist()
        if way == 0:  # other bytes
            for spot in spots:
                data[spot] = int(random.integers(256))
        elif way == 1:  # extreme numbers in the header
            for spot in spots:
                place = spot % min(len(data), 200)
                data[place : place + 4] = [b"\xff\xff\xff\xff", b"\0\0\0\0", b"\x7f\xff\xff\xff"][
                    spot % 3
                ]
        elif way == 2:  # cut
            del data[spots[0] :]
        elif way == 3:  # a piece again and again
            piece = data[spots[0] : spots[0] + int(random.integers(4, 400))]
            data[spots[0] : spots[0]] = piece * int(random.integers(2, 2000))
        else:  # a piece left out
            del data[spots[0] : spots[0] + int(random.integers(1, 60))]
        yield name, bytes(data)


def sound_pictures() -> list[tuple[str, bytes]]:
    """One of each format and of each of its variants."""
    image, exif = (
        scene(),
        b"Exif\0\0II*\0" + struct.pack("<IHHHII", 8, 1, 0x112, 3, 1, 6) + bytes(4),
    )
    frames = [scene(seed=seed) for seed in range(3)]
    animated = {"save_all": True, "append_images": frames[1:]}
    return [
        ("JPEG", encoded(image, "JPEG", exif=exif, comment=b"words")),
        ("PNG", encoded(image.convert("RGBA"), "PNG", exif=exif)),
        ("WEBP", encoded(image, "WEBP", exif=exif)),
        ("GIF", encoded(frames[0], "GIF", comment=b"words", **animated)),
        ("BMP", encoded(image, "BMP")),
        ("TIFF", encoded(image, "TIFF", compression="tiff_lzw")),
        ("JPEG2000", encoded(image, "JPEG2000")),
        ("AVIF", encoded(image, "AVIF", exif=exif)),
        ("JPEG", encoded(image, "JPEG", progressive=True)),
        ("PNG", encoded(frames[0], "PNG", **animated)),
        ("WEBP", encoded(frames[0], "WEBP", **animated)),
        ("GIF", encoded(image.quantize(16), "GIF")),
        ("BMP", run_length_bmp(96, 64, b"\x60\7\0\0" * 64 + b"\0\1")),
        ("TIFF", encoded(image.convert("L"), "TIFF", exif=exif)),
        ("JPEG2000", encoded(image, "JPEG2000", irreversible=True, quality_layers=[20])),
        ("AVIF", encoded(frames[0], "AVIF", **animated)),
    ]


def decode_at_once(data: bytes, times: int) -> str:
    """What became of it in as many threads: the size, or the error."""
    outcomes: list[str] = []

    def work() -> None:
        try:
            outcomes.append("{} x {}".format(*decode(data).size))
        except ImageError as error:
            outcomes.append(f"ImageError: {error}")

    threads = [threading.Thread(target=work) for _ in range(times)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return " | ".join(sorted(set(outcomes)))


def processor_seconds() -> float:
    """Of this process and its children, those that have ended and those that decode."""
    both = [resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
    ended = sum(used.ru_utime + used.ru_stime for used in both)
    ticks = 0
    for child in isolated._idle:
        fields = Path(f"/proc/{child.pid}/stat").read_text().rpartition(")")[2].split()
        ticks += int(fields[11]) + int(fields[12])
    return ended + ticks / os.sysconf("SC_CLK_TCK")


def peak_mib(process: int | str) -> float:
    """The most memory of a process since it was last told to count anew."""
    lines = Path(f"/proc/{process}/status").read_text().splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith("VmHWM")) / 1024


def peak_of_the_dead() -> float:
    """The most MiB that any child of this process took, of those that have ended."""
    return resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss / 1024


def measured(data: bytes, times: int = 1) -> tuple[float, float, float, str]:
    """Processor seconds for each, peaks in MiB here and of decoding processes, what became of it.

    A process that died of the picture counts with its peak where that is the highest so far.
    """
    for process in ("self", *(child.pid for child in isolated._idle)):
        Path(f"/proc/{process}/clear_refs").write_text("5")
    started, before = processor_seconds(), peak_of_the_dead()
    known = {child.pid for child in isolated._idle}
    outcome = decode_at_once(data, times)
    seconds = (processor_seconds() - started) / times
    apart = [peak_mib(child.pid) for child in isolated._idle]
    if {child.pid for child in isolated._idle} != known and peak_of_the_dead() > before:
        apart.append(peak_of_the_dead())
    return seconds, peak_mib("self"), max(apart, default=0), outcome


def main() -> None:
    """One line of JSON for each kind, or for each kind of mutation where a number is given."""
    if sys.argv[1:]:
        sources = list(mutated(int(sys.argv[1])))
    else:
        sources = ((kind, make()) for kind, make in KINDS.items())
    for kind, data in sources:
        line = [kind, len(data), *measured(data, 8 if kind.startswith("eight") else 1)]
        sys.stdout.write(json.dumps(line) + "\n")


if __name__ == "__main__":
    main()
