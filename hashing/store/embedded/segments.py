"""Segment files: sliced codes, immutable, memory-mapped, every byte under a checksum.

    8 bytes   magic "ARTHSEG1"
    4 bytes   length of the header, little-endian
    header    JSON: index, generation, numbers, arrays {name: dtype, shape, offset}, crc32 [chunks]
    zeros     up to a multiple of 4,096
    data      the arrays, each at a multiple of 64, zeros between and up to the end

The database records the file's length and the digest of everything before the data; the header
holds one CRC-32 for every chunk of the data. So a file is known to be the right one when it is
opened, and its content when a process first uses it.
"""

import json
import mmap
import os
import re
import zlib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from hashlib import blake2b
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from hashing.files import write_new
from hashing.search import SlicedCodes
from hashing.search.threads import cores, each

SEGMENTS = "segments"
MAGIC = b"ARTHSEG1"
CHUNK = 1 << 20
PAGE = 4096
ALIGN = 64

_NAME = re.compile(r"\d{6,}-\d+-\d+\.seg")

Arrays = Mapping[str, NDArray[Any]]


class BadSegmentError(Exception):
    """A segment file that is missing, foreign or damaged; says how."""


@dataclass(slots=True)
class Segment:
    """An open segment. codes: over the mapped file, to be used after `check`."""

    codes: SlicedCodes
    crc32: Sequence[int]
    data: memoryview

    def check(self) -> None:
        """Compare every chunk with its checksum. Raises BadSegmentError."""
        numbers = range(len(self.crc32))
        for number, found in enumerate(each(self._checksum, numbers, cores())):
            if found != self.crc32[number]:
                raise BadSegmentError(f"chunk {number} does not match its checksum")

    def _checksum(self, chunk: int) -> int:
        return zlib.crc32(self.data[chunk * CHUNK : (chunk + 1) * CHUNK])


def name_segment(generation: int, first_id: int, next_id: int) -> str:
    """The file name of a segment of a generation with the items of a range of ids."""
    return f"{generation:06d}-{first_id}-{next_id}.seg"


def is_name(name: str) -> bool:
    """Whether a file has the name of a segment."""
    return _NAME.fullmatch(name) is not None


def write_segment(
    path: Path, codes: SlicedCodes, *, index: str, generation: int
) -> tuple[int, str]:
    """Write codes to a new file that is complete or absent; returns its length and digest."""
    arrays = codes.arrays
    places, size = _places(arrays)
    header = {
        "index": index,
        "generation": generation,
        "numbers": {name: getattr(codes, name) for name in SlicedCodes.NUMBERS},
        "arrays": places,
        "crc32": list(_checksums(arrays)),
    }
    head = _head(header)
    write_new(path, [head, *_pieces(arrays)])
    return len(head) + size, _digest(head)


def open_segment(path: Path, size: int, digest: str) -> Segment:
    """Map a segment whose length and digest are recorded. Raises BadSegmentError."""
    try:
        handle = os.open(path, os.O_RDONLY)
    except FileNotFoundError:
        raise BadSegmentError("it is missing") from None
    try:
        found = os.fstat(handle).st_size
        if found != size:
            raise BadSegmentError(f"it has {found} bytes instead of {size}")
        view = memoryview(mmap.mmap(handle, size, access=mmap.ACCESS_READ))
    finally:
        os.close(handle)
    length = int.from_bytes(view[len(MAGIC) : len(MAGIC) + 4], "little")
    start = _rounded(len(MAGIC) + 4 + length, PAGE)
    if start > size or _digest(view[:start]) != digest:
        raise BadSegmentError("it is not the file that was recorded")
    header: dict[str, Any] = json.loads(bytes(view[len(MAGIC) + 4 : len(MAGIC) + 4 + length]))
    data = view[start:]
    arrays = {
        name: np.frombuffer(
            data, np.dtype(place["dtype"]), int(np.prod(place["shape"])), place["offset"]
        ).reshape(place["shape"])
        for name, place in header["arrays"].items()
    }
    parts: dict[str, Any] = {**header["numbers"], **arrays}
    return Segment(SlicedCodes(**parts), header["crc32"], data)


def _places(arrays: Arrays) -> tuple[dict[str, object], int]:
    places: dict[str, object] = {}
    offset = 0
    for name, array in arrays.items():
        little = array.dtype.newbyteorder("<").str
        places[name] = {"dtype": little, "shape": list(array.shape), "offset": offset}
        offset += _rounded(array.nbytes, ALIGN)
    return places, offset


def _pieces(arrays: Arrays) -> Iterator[memoryview | bytes]:
    for array in arrays.values():
        little = np.ascontiguousarray(array, array.dtype.newbyteorder("<"))
        yield little.reshape(-1).view(np.uint8).data
        yield bytes(_rounded(array.nbytes, ALIGN) - array.nbytes)


def _checksums(arrays: Arrays) -> Iterator[int]:
    """CRC-32 of each chunk of the data, without putting the data together."""
    crc, room = 0, CHUNK
    for piece in _pieces(arrays):
        rest = memoryview(piece)
        while len(rest):
            crc = zlib.crc32(rest[:room], crc)
            taken = min(room, len(rest))
            rest, room = rest[taken:], room - taken
            if not room:
                yield crc
                crc, room = 0, CHUNK
    if room < CHUNK:
        yield crc


def _head(header: Mapping[str, object]) -> bytes:
    text = json.dumps(header).encode()
    head = MAGIC + len(text).to_bytes(4, "little") + text
    return head.ljust(_rounded(len(head), PAGE), b"\0")


def _digest(head: bytes | memoryview) -> str:
    return blake2b(head, digest_size=16).hexdigest()


def _rounded(size: int, step: int) -> int:
    return -(-size // step) * step
