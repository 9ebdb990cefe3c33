"""Files that are complete or absent: written beside, synced, renamed."""

import os
from collections.abc import Iterable
from contextlib import suppress
from pathlib import Path

TEMPORARY = ".new"


def write_new(path: Path, pieces: Iterable[bytes | memoryview]) -> None:
    """Write a file under a temporary name, sync it, give it its name and sync the folder."""
    beside = path.with_name(path.name + TEMPORARY)
    try:
        with beside.open("wb") as file:
            for piece in pieces:
                file.write(piece)
            file.flush()
            os.fsync(file.fileno())
        beside.replace(path)
    except BaseException:
        beside.unlink(missing_ok=True)
        raise
    sync_folder(path.parent)


def sync_folder(folder: Path) -> None:
    """Make the names in a folder last; Windows does that by itself."""
    if os.name == "nt":
        return
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def delete(path: Path) -> None:
    """Delete a file; one that is still mapped on Windows is left to the next writer."""
    with suppress(FileNotFoundError, PermissionError):
        path.unlink()


def size_of(folder: Path) -> int:
    """Bytes of all files below a folder, which others may be changing."""
    total = 0
    for path in folder.rglob("*"):
        with suppress(FileNotFoundError):
            total += path.stat().st_size if path.is_file() else 0
    return total
