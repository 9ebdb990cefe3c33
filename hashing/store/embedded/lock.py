"""One writer at a time: an operating-system lock, which dies with its process."""

import os
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from datetime import UTC, datetime
from pathlib import Path

from hashing.errors import BusyError
from hashing.store.embedded.schema import disk_errors

LOCK = "lock"
WAIT_SECONDS = 10.0


@contextmanager
def writer_lock(folder: Path) -> Iterator[None]:
    """Hold the writer's lock of an index. Raises BusyError where another process keeps it.

    The text in the file names the owner for whoever waits; only the lock itself counts. (filelock
    opens the file by truncating it, so that whoever waits would wipe the owner's name.)
    """
    path = folder / LOCK
    with disk_errors(path):
        handle = os.open(path, os.O_RDWR | os.O_CREAT, 0o644)
    try:
        deadline = time.monotonic() + WAIT_SECONDS
        while not _try_lock(handle):
            if time.monotonic() >= deadline:
                owner = path.read_text(encoding="utf-8", errors="replace").strip() or "a process"
                raise BusyError(f"{folder} is being written by {owner}; wait until it is done")
            time.sleep(0.05)
        with suppress(OSError):  # on a full disk, where a change may be what makes room
            os.ftruncate(handle, 0)
            now = datetime.now(UTC).isoformat(timespec="seconds")
            os.lseek(handle, 0, os.SEEK_SET)
            os.write(handle, f"process {os.getpid()} since {now}".encode())
        yield
    finally:
        os.close(handle)


def is_writing(folder: Path) -> bool:
    """Whether a process holds the writer's lock just now."""
    try:
        handle = os.open(folder / LOCK, os.O_RDWR)
    except OSError:
        return False
    try:
        return not _try_lock(handle)
    finally:
        os.close(handle)


if sys.platform == "win32":
    import msvcrt

    def _try_lock(handle: int) -> bool:
        try:
            # one byte far behind the text, which stays readable
            os.lseek(handle, 1 << 20, os.SEEK_SET)
            msvcrt.locking(handle, msvcrt.LK_NBLCK, 1)
        except OSError:
            return False
        return True
else:
    import fcntl

    def _try_lock(handle: int) -> bool:
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return False
        return True
