"""The one pool that reads and decodes pictures, a little ahead of who works on them."""

import os
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from typing import TypeVar

from PIL import Image

from hashing.errors import ImageError
from hashing.images import decode
from hashing.sources.catalogue import Catalogue, Item

Given = TypeVar("Given")
Made = TypeVar("Made")

BATCH = 32
BATCHES_AHEAD = 2


def decode_each(
    catalogue: Catalogue,
    make: Callable[[bytes, Image.Image], Made],
    *,
    items: Sequence[Item] | None = None,
    workers: int | None = None,
    batch_size: int = BATCH,
) -> Iterator[tuple[Sequence[Item], list[Made | ImageError]]]:
    """Consecutive items (all by default) with what `make` gives of each, `batch_size` at a time.

    make: called with the encoded and the decoded picture, in the thread that decoded it, so that
    no more pictures than threads are in memory. In place of what it gives stands the reason why
    a picture cannot be read. Any other error of it is the caller's.
    """

    def work(item: Item) -> Made | ImageError:
        try:
            data = catalogue.read(item)
            return make(data, decode(data, catalogue.limits))
        except ImageError as error:
            return error

    return prepare_ahead(work, catalogue.items if items is None else items, batch_size, workers)


def prepare_ahead(
    prepare: Callable[[Given], Made],
    items: Sequence[Given],
    batch_size: int = BATCH,
    workers: int | None = None,
) -> Iterator[tuple[Sequence[Given], list[Made]]]:
    """Consecutive items with what `prepare` made of each, `batch_size` at a time.

    `prepare` runs in `workers` threads (by default one per core), two batches ahead of the caller.
    """
    pool = ThreadPoolExecutor(workers or os.cpu_count(), "decode")
    pending: deque[tuple[Sequence[Given], list[Future[Made]]]] = deque()
    try:
        for start in range(0, len(items), batch_size):
            chunk = items[start : start + batch_size]
            pending.append((chunk, [pool.submit(prepare, item) for item in chunk]))
            if len(pending) > BATCHES_AHEAD:
                ready, futures = pending.popleft()
                yield ready, [future.result() for future in futures]
        for ready, futures in pending:
            yield ready, [future.result() for future in futures]
    finally:
        pool.shutdown(cancel_futures=True)
