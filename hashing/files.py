"""Files that are complete or absent: written beside, synced, renamed."""

import os
import secrets
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import BinaryIO

TEMPORARY = ".new"


def name_beside(path: Path) -> Path:
    """A hidden name in the same folder, for what will take the place of `path`; nobody has it."""
    return path.with_name(f".{path.name}.{secrets.token_hex(4)}{TEMPORARY}")


def leftovers(folder: Path, pattern: str) -> list[Path]:
    """What processes that died had begun to write in place of files whose names match."""
    return list(folder.glob(f".{pattern}.{'[0-9a-f]' * 8}{TEMPORARY}"))


@contextmanager
def new_file(path: Path) -> Iterator[BinaryIO]:
    """A file to write that takes its name once the block is done, synced with its folder."""
    beside = name_beside(path)
    beside.touch(exist_ok=False)
    try:
        with beside.open("r+b") as file:
            yield file
            file.flush()
            os.fsync(file.fileno())
        beside.replace(path)
    except BaseException:
        beside.unlink(missing_ok=True)
        raise
    sync_folder(path.parent)


def write_new(path: Path, pieces: Iterable[bytes | memoryview]) -> None:
    """Write a file that is complete or absent; one that was there stays until then."""
    with new_file(path) as file:
        for piece in pieces:
            file.write(piece)


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
