"""Work shared among threads: whoever is free takes the next piece, so a busy core costs little."""

import os
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import cache
from itertools import chain
from operator import itemgetter
from typing import TypeVar

T = TypeVar("T")
R = TypeVar("R")


def share(work: Callable[[Iterator[T]], R], pieces: Sequence[T], threads: int) -> list[R]:
    """Let up to `threads` threads do `work`, each on the pieces it gets to, in their order.

    The caller is one of them: where no other thread has begun when all is done, none is waited for.
    Returns what each gave.
    """
    waiting = deque(pieces)

    def taken() -> Iterator[T]:
        while True:
            try:
                yield waiting.popleft()
            except IndexError:
                return

    others = min(threads, len(pieces)) - 1
    helpers = [_pool().submit(lambda: work(taken())) for _ in range(others)]
    try:
        done = [work(taken())]
    finally:
        waiting.clear()
    return done + [helper.result() for helper in helpers if not helper.cancel()]


def each(function: Callable[[T], R], values: Sequence[T], threads: int) -> list[R]:
    """Apply a function to all values on several threads; results in their order."""

    def work(pieces: Iterator[tuple[int, T]]) -> list[tuple[int, R]]:
        return [(place, function(value)) for place, value in pieces]

    found = chain(*share(work, list(enumerate(values)), threads))
    return [result for _, result in sorted(found, key=itemgetter(0))]


@cache
def cores() -> int:
    """Cores that this process may use."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


@cache
def _pool() -> ThreadPoolExecutor:
    return ThreadPoolExecutor(cores(), thread_name_prefix="search")
