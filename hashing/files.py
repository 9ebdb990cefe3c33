"""Files that are complete or absent: written beside, synced, renamed; and read where regular.

And locks of the operating system, which die with the process that holds them.
"""

import errno
import os
import secrets
import stat
import sys
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import BinaryIO

TEMPORARY = ".new"
_KINDS = {
    stat.S_ISREG: "regular file",
    stat.S_ISDIR: "folder",
    stat.S_ISFIFO: "named pipe",
    stat.S_ISSOCK: "socket",
    stat.S_ISCHR: "device",
    stat.S_ISBLK: "device",
}


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


def open_regular(path: Path) -> BinaryIO:
    """A regular file to read, at once: a named pipe would wait for whoever writes into it.

    Raises OSError for anything else.
    """
    _check_regular(path, os.stat(path).st_mode)  # some devices do something when they are opened
    flags = os.O_RDONLY | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_BINARY", 0)
    handle = os.open(path, flags)
    try:
        _check_regular(path, os.fstat(handle).st_mode)  # another may lie there by now
    except OSError:
        os.close(handle)
        raise
    return os.fdopen(handle, "rb")


def read_regular(path: Path) -> bytes:
    """All of a regular file; see `open_regular`."""
    with open_regular(path) as file:
        return file.read()


def kind_of(mode: int) -> str:
    """What a file of this mode is, in a word or two."""
    for is_kind, name in _KINDS.items():
        if is_kind(mode):
            return name
    return "special file"


def _check_regular(path: Path, mode: int) -> None:
    if not stat.S_ISREG(mode):
        raise OSError(errno.EINVAL, f"expected a regular file, found a {kind_of(mode)}", str(path))


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


def write_owner(handle: int) -> None:
    """Write into a locked file whose it is, for whoever waits; only the lock itself counts.

    (filelock opens the file by truncating it, so that whoever waits would wipe the owner's name.)
    """
    with suppress(OSError):  # on a full disk, where a change may be what makes room
        os.ftruncate(handle, 0)
        now = datetime.now(UTC).isoformat(timespec="seconds")
        os.lseek(handle, 0, os.SEEK_SET)
        os.write(handle, f"process {os.getpid()} since {now}".encode())


def owner_of(path: Path) -> str:
    """Whose a locked file is, as `write_owner` wrote it."""
    return path.read_text(encoding="utf-8", errors="replace").strip() or "a process"


if sys.platform == "win32":
    import msvcrt

    def try_lock(handle: int) -> bool:
        """Lock an open file until it is closed; False where another process or thread has."""
        try:
            # one byte far behind the text, which stays readable
            os.lseek(handle, 1 << 20, os.SEEK_SET)
            msvcrt.locking(handle, msvcrt.LK_NBLCK, 1)
        except OSError:
            return False
        return True
else:
    import fcntl

    def try_lock(handle: int) -> bool:
        """Lock an open file until it is closed; False where another process or thread has."""
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return False
        return True
