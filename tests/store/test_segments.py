import json
import zlib
from hashlib import blake2b
from pathlib import Path

import numpy as np
import pytest

from hashing.codes import Codes
from hashing.search import build_sliced
from hashing.store.embedded import segments
from hashing.store.embedded.segments import BadSegmentError, open_segment, write_segment

CODES = Codes(np.array([[0b10000000], [0b00000001], [0b11111111]], np.uint8), 8)
IDS = np.array([4, 5, 9], np.int64)

HEADER = (
    b'{"index": "uuid", "generation": 7, '
    b'"numbers": {"bits": 8, "items": 3, "slots": 3, "first_id": 4}, "arrays": {'
    b'"planes": {"dtype": "<u8", "shape": [1, 13, 8], "offset": 0}, '
    b'"starts": {"dtype": "<u4", "shape": [0], "offset": 832}, '
    b'"ranks": {"dtype": "<u4", "shape": [0], "offset": 832}, '
    b'"ids": {"dtype": "<u4", "shape": [3], "offset": 832}}, "crc32": [%d]}'
)
"""The format as it lies on disk: a change here is a change of format and needs a new number."""


def planes() -> bytes:
    """Code 0 is bit 0 of each plane's first word, most significant plane first."""
    bits = [0b101, 0b100, 0b100, 0b100, 0b100, 0b100, 0b100, 0b110]
    counts = [0b011, 0b011, 0b011, 0b000]  # bits − popcount: 7, 7, 0
    return b"".join(bytes([plane]) + bytes(63) for plane in [*bits, *counts, 0])


def test_the_file_is_what_it_is_said_to_be(tmp_path: Path) -> None:
    path = tmp_path / "a.seg"
    size, digest = write_segment(path, build_sliced(CODES, IDS), index="uuid", generation=7)
    data = planes() + b"\4\0\0\0\5\0\0\0\x09\0\0\0".ljust(64, b"\0")
    text = HEADER % zlib.crc32(data)
    head = (b"ARTHSEG1" + len(text).to_bytes(4, "little") + text).ljust(4096, b"\0")
    assert path.read_bytes() == head + data
    assert (size, digest) == (len(head + data), blake2b(head, digest_size=16).hexdigest())
    assert [file.name for file in tmp_path.iterdir()] == ["a.seg"]


@pytest.mark.parametrize("chunk", [1 << 20, 1000, 64])
def test_codes_come_back_whatever_the_chunks(
    tmp_path: Path, chunk: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(segments, "CHUNK", chunk)
    rng = np.random.default_rng(0)
    codes = Codes(rng.integers(0, 256, (700, 3), np.uint8), 24)
    path = tmp_path / "a.seg"
    recorded = write_segment(path, build_sliced(codes), index="uuid", generation=1)
    segment = open_segment(path, *recorded)
    size = path.stat().st_size - 4096
    head = path.read_bytes()[12:4096].rstrip(b"\0")
    assert len(json.loads(head)["crc32"]) == -(-size // chunk)
    assert segment.read().item_codes().hex() == codes.hex()


def test_only_the_recorded_file_is_opened(tmp_path: Path) -> None:
    path, other = tmp_path / "a.seg", tmp_path / "b.seg"
    sliced = build_sliced(CODES, IDS)
    recorded = write_segment(path, sliced, index="uuid", generation=7)
    write_segment(other, sliced, index="another", generation=7)
    with pytest.raises(BadSegmentError, match="not the file that was recorded"):
        open_segment(other, other.stat().st_size, recorded[1])
    with pytest.raises(BadSegmentError, match="bytes instead of"):
        open_segment(path, recorded[0] + 1, recorded[1])
    with pytest.raises(BadSegmentError, match="missing"):
        open_segment(tmp_path / "c.seg", *recorded)
