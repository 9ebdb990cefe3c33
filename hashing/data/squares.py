"""Pictures as the network sees them, uint8 `[N, S, S, 3]`: decoded once, or on the fly.

Both forms are read as `squares[rows]` with rows int64 `[n]`. Decoding runs in threads of the
calling process (the decoder works outside the interpreter's lock); neither form is pickled.
"""

from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from pathlib import Path
from queue import SimpleQueue
from threading import Thread
from typing import Protocol, TypeVar

import numpy as np
from numpy.typing import NDArray

from hashing.errors import ImageError, InputError
from hashing.images import Fit, decode, to_square
from hashing.sources import Catalogue, Item
from hashing.sources.decoding import decode_each

_FALLBACK_MEMORY = 4 * 2**30
_MEMINFO = Path("/proc/meminfo")
_CONTAINER = Path("/sys/fs/cgroup")

PATIENCE = 30.0
"""Seconds without a single picture read after which its source is said not to answer."""

Failure = tuple[Item, ImageError]
Read = TypeVar("Read")


class Squares(Protocol):
    """N square pictures; an array `[N, S, S, 3]` is one."""

    @property
    def shape(self) -> tuple[int, ...]:
        """N, S, S, 3."""
        ...

    def __getitem__(self, rows: NDArray[np.int64], /) -> NDArray[np.uint8]: ...


def decode_squares(
    catalogue: Catalogue,
    size: int,
    fit: Fit,
    *,
    workers: int = 2,
    on_progress: Callable[[int], None] = lambda count: None,
) -> tuple[NDArray[np.uint8], list[Failure]]:
    """Decode every picture once: uint8 `[N, size, size, 3]` and what could not be read.

    A picture that cannot be read is black. `on_progress` hears how many more are done.
    """
    squares = np.zeros((len(catalogue), size, size, 3), np.uint8)
    failures, row = [], 0
    made = decode_each(catalogue, lambda data, image: to_square(image, size, fit), workers=workers)
    for items, found in made:
        for item, square in zip(items, found, strict=True):
            if isinstance(square, ImageError):
                failures.append((item, square))
            else:
                squares[row] = square
            row += 1
        on_progress(len(items))
    return squares, failures


def look_through(
    catalogue: Catalogue,
    size: int,
    fit: Fit,
    look: Callable[[NDArray[np.uint8]], Read],
    *,
    workers: int = 2,
    on_progress: Callable[[int], None] = lambda count: None,
) -> tuple[list[Read], list[Failure]]:
    """What `look` makes of every picture, none of which is kept, and what could not be read.

    `look` is called in the thread that decoded; a picture that cannot be read is black.
    """
    seen: list[Read] = []
    failures: list[Failure] = []
    black = np.zeros((size, size, 3), np.uint8)
    made = decode_each(
        catalogue, lambda data, image: look(to_square(image, size, fit)), workers=workers
    )
    for items, found in made:
        for item, one in zip(items, found, strict=True):
            if isinstance(one, ImageError):
                failures.append((item, one))
                seen.append(look(black))
            else:
                seen.append(one)
        on_progress(len(items))
    return seen, failures


class LazySquares:
    """Pictures decoded each time they are asked for, where they do not fit into memory.

    `look_through` tells beforehand which rows must not be asked for.
    """

    def __init__(self, catalogue: Catalogue, size: int, fit: Fit, workers: int = 2) -> None:
        self.shape = (len(catalogue), size, size, 3)
        self._catalogue, self._size, self._fit = catalogue, size, fit
        self._tasks: SimpleQueue[tuple[Future[NDArray[np.uint8]], int]] = SimpleQueue()
        self._silent = ""
        for _ in range(max(1, workers)):
            Thread(target=self._work, name="squares", daemon=True).start()

    def __getitem__(self, rows: NDArray[np.int64], /) -> NDArray[np.uint8]:
        """uint8 `[n, S, S, 3]`.

        Raises ImageError naming the first picture that is broken, and InputError naming one that
        is still waited for when none was read for `PATIENCE` seconds.
        """
        asked: dict[Future[NDArray[np.uint8]], int] = {Future(): row for row in rows.tolist()}
        for task in asked.items():
            self._tasks.put(task)
        if self._silent:  # what was asked ahead meanwhile need not be waited for as well
            raise InputError(self._silent)
        waiting = set(asked)
        while waiting:
            done, waiting = wait(waiting, PATIENCE, FIRST_COMPLETED)
            if not done:
                row = next(row for future, row in asked.items() if future in waiting)
                self._silent = (
                    f"expected a picture within {PATIENCE:g} s, found "
                    f"{self._catalogue.items[row].path} in {self._catalogue.root} still being "
                    "read: see whether its disk or network share answers, then --resume auto"
                )
                raise InputError(self._silent)
        return np.stack([future.result() for future in asked])

    def _work(self) -> None:
        """Read what is asked for. A thread that hangs in a read does not hold up the process."""
        while True:
            future, row = self._tasks.get()
            try:
                future.set_result(self._square(row))
            except Exception as error:  # noqa: BLE001 (whoever asked hears of it)
                future.set_exception(error)

    def _square(self, row: int) -> NDArray[np.uint8]:
        item = self._catalogue.items[row]
        try:
            return to_square(
                decode(self._catalogue.read(item), self._catalogue.limits), self._size, self._fit
            )
        except ImageError as error:
            raise ImageError(f"{item.path} in {self._catalogue.root}: {error}") from error


def read_ahead(
    read: Callable[[NDArray[np.int64]], Read], batches: Iterable[NDArray[np.int64]], ahead: int = 2
) -> Iterator[Read]:
    """`read(rows)` for each batch of rows, the next ones being read meanwhile in a thread."""
    pending: deque[Future[Read]] = deque()
    with ThreadPoolExecutor(1) as reader:
        for rows in batches:
            pending.append(reader.submit(read, rows))
            if len(pending) > ahead:
                yield pending.popleft().result()
        while pending:
            yield pending.popleft().result()


def fits_in_memory(count: int, size: int, processes: int = 1) -> bool:
    """Whether `count` squares in each process take at most half of the memory that is free now."""
    return processes * count * size * size * 3 <= _free_memory() // 2


def _free_memory() -> int:
    """Bytes, as Linux and its container tell; 4 GiB where nothing does."""
    try:
        lines = _MEMINFO.read_text().splitlines()
        free = int(next(x for x in lines if x.startswith("MemAvailable:")).split()[1]) * 1024
    except (OSError, StopIteration):
        return _FALLBACK_MEMORY
    try:
        most, used = (
            int((_CONTAINER / name).read_text()) for name in ("memory.max", "memory.current")
        )
        return min(free, most - used)
    except (OSError, ValueError):  # no container, or one without a limit: "max"
        return free
