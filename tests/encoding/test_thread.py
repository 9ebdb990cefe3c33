import threading
from concurrent.futures import ThreadPoolExecutor

import pytest
from PIL import Image

from hashing.config import ModelConfig, Preprocessing
from hashing.encoding import Model
from hashing.encoding.thread import on_network_thread
from hashing.models import HashModel


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


def test_one_who_is_there_already_does_not_wait_for_himself() -> None:
    assert on_network_thread(on_network_thread, lambda: 7) == 7


def test_a_model_runs_there_whoever_asks() -> None:
    config = ModelConfig("small_cnn", lengths=(16,))
    model = Model(HashModel(config, Preprocessing(size=32)))
    threads = []
    model.network.register_forward_pre_hook(
        lambda *_: threads.append(threading.current_thread().name)
    )
    model.encode([Image.new("RGB", (32, 32))])
    assert threads == ["network_0"]
