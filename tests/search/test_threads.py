"""Pieces of work shared among threads."""

import threading
from collections.abc import Iterator

import pytest

from hashing.search import threads
from hashing.search.threads import each, share


@pytest.mark.parametrize("count", [1, 2, 5])
def test_results_stand_in_the_order_of_the_values(count: int) -> None:
    assert each(lambda value: value * value, range(100), count) == [n * n for n in range(100)]
    assert each(abs, [], count) == []


def test_every_piece_is_taken_once_and_in_order() -> None:
    taken = share(lambda pieces: list(pieces), range(1000), 3)
    assert sorted(piece for part in taken for piece in part) == list(range(1000))
    assert all(part == sorted(part) for part in taken)


def test_threads_that_are_busy_are_not_waited_for() -> None:
    release = threading.Event()
    for _ in range(threads.cores()):
        threads._pool().submit(release.wait, 60)
    try:
        assert each(abs, range(10), 4) == list(range(10))
    finally:
        release.set()


def test_an_error_is_raised_in_the_caller() -> None:
    def work(pieces: Iterator[int]) -> None:
        for piece in pieces:
            if piece == 7:
                raise ValueError(piece)

    with pytest.raises(ValueError, match="7"):
        share(work, range(100), 3)
