"""One pool that prepares the next pictures while the network runs on the last ones."""

import os
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from typing import TypeVar

Given = TypeVar("Given")
Prepared = TypeVar("Prepared")

BATCHES_AHEAD = 2


def prepare_ahead(
    prepare: Callable[[Given], Prepared],
    items: Sequence[Given],
    batch_size: int,
    workers: int | None = None,
) -> Iterator[tuple[Sequence[Given], list[Prepared]]]:
    """Consecutive items with what `prepare` made of each, `batch_size` at a time.

    `prepare` runs in `workers` threads (by default one per core), two batches ahead of the caller.
    """
    pool = ThreadPoolExecutor(workers or os.cpu_count(), "decode")
    pending: deque[tuple[Sequence[Given], list[Future[Prepared]]]] = deque()
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
