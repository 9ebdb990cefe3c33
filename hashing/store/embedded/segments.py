"""Segment files: sliced codes, immutable, every byte under a checksum.

    8 bytes   magic "ARTHSEG1"
    4 bytes   length of the header, little-endian
    header    JSON: index, generation, numbers, arrays {name: dtype, shape, offset}, crc32 [chunks]
    zeros     up to a multiple of 4,096
    data      the arrays, each at a multiple of 64, zeros between and up to the end

The database records the file's length and the digest of everything before the data; the header
holds one CRC-32 for every chunk of the data. So a file is known to be the right one when it is
opened, and its content when a process first uses it.

It is read, not mapped: whoever cuts a mapped file short ends every process that looks at it.
"""

import json
import os
import re
import weakref
import zlib
from collections.abc import Iterator, Mapping
from hashlib import blake2b
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np
from numpy.typing import NDArray

from hashing.errors import UsageError
from hashing.files import open_regular, write_new
from hashing.search import SlicedCodes
from hashing.search.threads import cores, each

SEGMENTS = "segments"
MAGIC = b"ARTHSEG1"
CHUNK = 1 << 20
PAGE = 4096
ALIGN = 64
_AT_ONCE = 1 << 26

_NAME = re.compile(r"\d{6,}-\d+-\d+\.seg")

Arrays = Mapping[str, NDArray[Any]]


class BadSegmentError(Exception):
    """A segment file that is missing, foreign or damaged; says how."""


class Segment:
    """A segment file that stays open until its codes have been read, also when it is deleted."""

    def __init__(self, file: BinaryIO, header: Mapping[str, Any], start: int, size: int) -> None:
        """Take over `file`, whose data lie in the `size` bytes from `start`."""
        self._handle = os.dup(file.fileno())
        self._close = weakref.finalize(self, os.close, self._handle)
        self._header, self._start, self._size = header, start, size
        self._codes: SlicedCodes | None = None

    def read(self) -> SlicedCodes:
        """The codes, every chunk compared with its checksum. Raises BadSegmentError."""
        if self._codes is None:
            self._codes = _codes(self._header, self._data())
            self._close()
        return self._codes

    def _data(self) -> NDArray[np.uint8]:
        room = np.empty(self._size + ALIGN, np.uint8)
        first = -room.ctypes.data % ALIGN  # the kernel reads cache lines
        data = room[first : first + self._size]
        try:
            _fill(self._handle, self._start, data)
        except OSError as error:
            raise BadSegmentError(f"it cannot be read: {error.strerror}") from error
        crc32 = self._header["crc32"]

        def checksum(chunk: int) -> int:
            return zlib.crc32(data[chunk * CHUNK : (chunk + 1) * CHUNK].data)

        for chunk, found in enumerate(each(checksum, range(len(crc32)), cores())):
            if found != crc32[chunk]:
                raise BadSegmentError(f"chunk {chunk} does not match its checksum")
        return data


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
    """Open a segment whose length and digest are recorded. Raises BadSegmentError."""
    try:
        with open_regular(path) as file:
            found = os.fstat(file.fileno()).st_size
            if found != size:
                raise BadSegmentError(f"it has {found} bytes instead of {size}")
            head = file.read(len(MAGIC) + 4)
            length = int.from_bytes(head[len(MAGIC) :], "little")
            start = _rounded(len(MAGIC) + 4 + length, PAGE)
            head += file.read(min(start, size) - len(head))
            if len(head) != start or _digest(head) != digest:
                raise BadSegmentError("it is not the file that was recorded")
            header = json.loads(head[len(MAGIC) + 4 : len(MAGIC) + 4 + length])
            if not _has_sums(header, size - start):
                raise BadSegmentError("its header has no checksum for each chunk")
            return Segment(file, header, start, size - start)
    except FileNotFoundError:
        raise BadSegmentError("it is missing") from None
    except (ValueError, RecursionError) as error:
        raise BadSegmentError(f"its header is no JSON: {error}") from error
    except OSError as error:
        raise BadSegmentError(f"it cannot be read: {error.strerror}") from error


def _fill(handle: int, start: int, data: NDArray[np.uint8]) -> None:
    """Read a file from `start` into `data`, all of it. Raises BadSegmentError where it ends."""
    with open(handle, "rb", buffering=0, closefd=False) as file:
        file.seek(start)
        rest = data.data
        while rest:
            count = file.readinto(rest[:_AT_ONCE])
            if not count:
                raise BadSegmentError(f"it lacks its last {len(rest)} bytes")
            rest = rest[count:]


def _codes(header: Mapping[str, Any], data: NDArray[np.uint8]) -> SlicedCodes:
    """The codes that a header describes: it may come from a stranger, with a digest that fits."""
    try:
        codes = _described(header, data)
        codes.check()
    except (UsageError, ValueError, TypeError, KeyError, AttributeError, OverflowError) as error:
        raise BadSegmentError(f"its header describes no codes: {error}") from error
    return codes


def _described(header: Mapping[str, Any], data: NDArray[np.uint8]) -> SlicedCodes:
    for place in header["arrays"].values():
        if type(place["offset"]) is not int or place["offset"] < 0 or place["offset"] % ALIGN:
            raise ValueError(f"an array at {place['offset']}")
    arrays = {
        name: np.frombuffer(
            data, np.dtype(place["dtype"]), int(np.prod(place["shape"])), place["offset"]
        ).reshape(place["shape"])
        for name, place in header["arrays"].items()
    }
    for array in arrays.values():
        array.flags.writeable = False
    parts: dict[str, Any] = {**header["numbers"], **arrays}
    return SlicedCodes(**parts)


def _has_sums(header: Any, size: int) -> bool:
    sums = header.get("crc32") if isinstance(header, dict) else None
    return isinstance(sums, list) and len(sums) == -(-size // CHUNK)


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
