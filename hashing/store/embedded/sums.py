"""A checksum of the database file, written after each publication.

It answers in milliseconds what the digests of all rows answer in seconds. It is only a short cut:
where it is missing, of another generation or does not match, the rows themselves are read.

A child process reads the file. When a process closes any descriptor of a file, POSIX drops all
locks it has on it, those of SQLite's connections too (sqlite.org, "How To Corrupt An SQLite
Database File", 2.2); the next process to leave then takes itself for the last and deletes the log
under everybody. So no process that may hold a connection opens a database by itself, ever.
"""

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

from hashing.files import read_regular, write_new
from hashing.store.embedded.schema import DATABASE

SUM = "index.sum"
_CRC32 = """
import sys, zlib
crc = 0
with open(sys.argv[1], "rb") as file:
    while piece := file.read(1 << 20):
        crc = zlib.crc32(piece, crc)
print(crc)
"""


def write_sum(folder: Path, generation: int) -> None:
    """Record the checksum of the database file, whose log must be empty."""
    crc32 = _crc32(folder / DATABASE)
    if crc32 is not None:
        text = json.dumps({"generation": generation, "crc32": crc32})
        write_new(folder / SUM, [text.encode()])


def matches_sum(folder: Path, generation: int) -> bool:
    """Whether the database file is known to be just as this generation left it.

    Where the newest committed generation is the one recorded, the log holds nothing that counts.
    """
    recorded = _read(folder)
    if recorded.get("generation") != generation:
        return False
    found = _crc32(folder / DATABASE)
    return found is not None and found == recorded.get("crc32")


def recorded_generation(folder: Path) -> int | None:
    """The generation whose checksum was written last."""
    generation: int | None = _read(folder).get("generation")
    return generation


def _read(folder: Path) -> dict[str, Any]:
    try:
        recorded = json.loads(read_regular(folder / SUM))
    except (OSError, ValueError):
        return {}
    return recorded if isinstance(recorded, dict) else {}


def _crc32(path: Path) -> int | None:
    """The checksum of a database file, None where no child could read it."""
    try:
        child = subprocess.run(
            [sys.executable, "-I", "-S", "-c", _CRC32, path.absolute()],
            stdin=subprocess.DEVNULL,
            capture_output=True,
            check=True,
            creationflags=getattr(subprocess, "CREATE_NO_WINDOW", 0),
        )
        return int(child.stdout)
    except (OSError, ValueError, subprocess.CalledProcessError):
        return None
