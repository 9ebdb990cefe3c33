"""A checksum of the database file, written after each publication.

It answers in milliseconds what the digests of all rows answer in seconds. It is only a short cut:
where it is missing, of another generation or does not match, the rows themselves are read.
"""

import json
import zlib
from pathlib import Path
from typing import Any

from hashing.files import write_new
from hashing.store.embedded.schema import DATABASE

SUM = "index.sum"
_PIECE = 1 << 20


def write_sum(folder: Path, generation: int) -> None:
    """Record the checksum of the database file, whose log must be empty."""
    text = json.dumps({"generation": generation, "crc32": _crc32(folder / DATABASE)})
    write_new(folder / SUM, [text.encode()])


def matches_sum(folder: Path, generation: int) -> bool:
    """Whether the database file is known to be just as this generation left it.

    Where the newest committed generation is the one recorded, the log holds nothing that counts.
    """
    recorded = _read(folder)
    return recorded.get("generation") == generation and recorded.get("crc32") == _crc32(
        folder / DATABASE
    )


def recorded_generation(folder: Path) -> int | None:
    """The generation whose checksum was written last."""
    generation: int | None = _read(folder).get("generation")
    return generation


def _read(folder: Path) -> dict[str, Any]:
    try:
        recorded = json.loads((folder / SUM).read_bytes())
    except (OSError, ValueError):
        return {}
    return recorded if isinstance(recorded, dict) else {}


def _crc32(path: Path) -> int:
    crc = 0
    with path.open("rb") as file:
        while piece := file.read(_PIECE):
            crc = zlib.crc32(piece, crc)
    return crc
