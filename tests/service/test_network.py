import threading
from concurrent.futures import ThreadPoolExecutor

import pytest
from PIL import Image

from hashing.service.network import on_network_thread
from hashing.service.searcher import Searcher


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


def test_pictures_are_encoded_there(searcher: Searcher, monkeypatch: pytest.MonkeyPatch) -> None:
    threads = []
    encode = searcher.encoder.encode
    monkeypatch.setattr(
        searcher.encoder,
        "encode",
        lambda images: threads.append(threading.current_thread().name) or encode(images),
    )
    searcher.encode(Image.new("RGB", (32, 32)))
    assert threads == ["network_0"]
