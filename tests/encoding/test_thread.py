import threading
from concurrent.futures import ThreadPoolExecutor

import pytest

from hashing.encoding.thread import on_network_thread


def test_all_callers_share_one_thread() -> None:
    def here(place: int, *, name: str) -> tuple[int, str, str]:
        return place, name, threading.current_thread().name

    with ThreadPoolExecutor(4) as callers:
        found = list(callers.map(lambda i: on_network_thread(here, i, name="a"), range(8)))
    assert [place for place, _, _ in found] == list(range(8))
    assert {thread for _, _, thread in found} == {"network_0"}


def test_errors_reach_the_caller() -> None:
    with pytest.raises(ZeroDivisionError):
        on_network_thread(lambda: 1 // 0)
