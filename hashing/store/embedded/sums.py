"""What was published last: a small file beside the database, written after each publication.

It names the generation, so that a database that lost its last changes, with its log or by a copy
put in its place, is known to be older than what a writer was told is safe. And it holds a checksum
of the database file, which answers in milliseconds what the digests of all rows answer in seconds:
only a short cut, where it does not match, the rows themselves are read.

A child process reads the file. When a process closes any descriptor of a file, POSIX drops all
locks it has on it, those of SQLite's connections too (sqlite.org, "How To Corrupt An SQLite
Database File", 2.2); the next process to leave then takes itself for the last and deletes the log
under everybody. So no process that may hold a connection opens a database by itself, ever.
"""

import json
import subprocess
import sys
from hashlib import blake2b
from pathlib import Path
from typing import Any

from hashing.errors import ArtefactError
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


def write_sum(folder: Path, generation: int, *, settled: bool) -> None:
    """Record what was published; settled: the log is empty, all of it lies in the database file."""
    crc32 = _crc32(folder / DATABASE) if settled else None
    recorded = {"generation": generation, "crc32": crc32}
    write_new(folder / SUM, [json.dumps({**recorded, "digest": _digest(recorded)}).encode()])


def matches_sum(folder: Path, generation: int) -> bool:
    """Whether the database file is known to be just as this generation left it.

    Where the newest committed generation is the one recorded, the log holds nothing that counts.
    """
    recorded = _read(folder)
    if recorded.get("generation") != generation or recorded.get("crc32") is None:
        return False
    return bool(_crc32(folder / DATABASE) == recorded["crc32"])


def recorded_generation(folder: Path) -> int | None:
    """The generation that was published last, None where no record with a digest says so."""
    recorded = _read(folder)
    generation: int | None = recorded.get("generation") if "digest" in recorded else None
    return generation


def refuse_older(folder: Path, found: int, recorded: int | None) -> None:
    """Raise ArtefactError where the database, at generation `found`, lost what was published.

    recorded: `recorded_generation`, asked before `found`, for a writer may publish in between.
    """
    if recorded is not None and found < recorded:
        raise ArtefactError(
            f"{folder / DATABASE} is at generation {found}, {recorded} was published: its log is "
            f"lost or damaged; restore the folder from a copy, or delete {SUM} in it to go on "
            "with what is there"
        )


def _read(folder: Path) -> dict[str, Any]:
    """What is recorded, nothing where that makes no sense. Once records had no digest."""
    try:
        recorded = json.loads(read_regular(folder / SUM))
        digest = _digest(recorded)
        sound = recorded.get("digest", digest) == digest
    except (OSError, ValueError, AttributeError, RecursionError):
        return {}
    return recorded if sound and type(recorded.get("generation")) is int else {}


def _digest(recorded: dict[str, Any]) -> str:
    values = [recorded.get("generation"), recorded.get("crc32")]
    return blake2b(json.dumps(values).encode(), digest_size=16).hexdigest()


def _crc32(path: Path) -> int | None:
    """The checksum of a database file, None where no child could read it."""
    if not sys.executable:  # a program that Python is only a part of
        return None
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
