"""A checksum of the database file, written after each publication.

It answers in milliseconds what the digests of all rows answer in seconds. It is only a short cut:
where it is missing, of another generation or does not match, the rows themselves are read.
"""

import json
import zlib
from contextlib import suppress
from pathlib import Path

from hashing.store.embedded.files import write_new
from hashing.store.embedded.schema import DATABASE

SUM = "index.sum"
_PIECE = 1 << 20


def write_sum(folder: Path, generation: int) -> None:
    """Record the checksum of the database file, whose log must be empty."""
    text = json.dumps({"generation": generation, "crc32": _crc32(folder / DATABASE)})
    write_new(folder / SUM, [text.encode()])


def matches_sum(folder: Path, generation: int) -> bool:
    """Whether the database file is known to be just as this generation left it."""
    log = folder / f"{DATABASE}-wal"
    with suppress(OSError, ValueError):
        expected = json.loads((folder / SUM).read_bytes())
        if expected == {"generation": generation, "crc32": _crc32(folder / DATABASE)}:
            return not log.exists() or log.stat().st_size == 0
    return False


def _crc32(path: Path) -> int:
    crc = 0
    with path.open("rb") as file:
        while piece := file.read(_PIECE):
            crc = zlib.crc32(piece, crc)
    return crc
