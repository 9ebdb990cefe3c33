"""One writer at a time: an operating-system lock, which dies with its process."""

import os
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from hashing.errors import BusyError
from hashing.files import owner_of, try_lock, write_owner
from hashing.store.embedded.schema import disk_errors

LOCK = "lock"
WAIT_SECONDS = 10.0


@contextmanager
def writer_lock(folder: Path) -> Iterator[None]:
    """Hold the writer's lock of an index. Raises BusyError where another process keeps it."""
    path = folder / LOCK
    deadline = time.monotonic() + WAIT_SECONDS
    while (handle := _locked(path)) is None:
        if time.monotonic() >= deadline:
            raise BusyError(f"{folder} is being written by {owner_of(path)}; wait until it is done")
        time.sleep(0.05)
    try:
        write_owner(handle)
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
        return not try_lock(handle)
    finally:
        os.close(handle)


def _locked(path: Path) -> int | None:
    """A lock's file, open and locked, None where another has it.

    Opened anew at each try: who deletes an index deletes its lock, and that of before, which
    whoever waited may have open, keeps nobody out.
    """
    with disk_errors(path):
        handle = os.open(path, os.O_RDWR | os.O_CREAT, 0o644)
    ours = False
    try:
        with suppress(FileNotFoundError):
            ours = try_lock(handle) and os.path.samestat(os.fstat(handle), path.stat())
    finally:
        if not ours:
            os.close(handle)
    return handle if ours else None
