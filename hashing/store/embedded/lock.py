"""One writer at a time: an operating-system lock, which dies with its process."""

import os
import time
from collections.abc import Iterator
from contextlib import contextmanager
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
    with disk_errors(path):
        handle = os.open(path, os.O_RDWR | os.O_CREAT, 0o644)
    try:
        deadline = time.monotonic() + WAIT_SECONDS
        while not try_lock(handle):
            if time.monotonic() >= deadline:
                raise BusyError(
                    f"{folder} is being written by {owner_of(path)}; wait until it is done"
                )
            time.sleep(0.05)
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
