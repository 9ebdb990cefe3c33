"""The one thread that runs the network.

PyTorch's CPU loops (OpenMP) keep a team of threads for every thread that calls them, and with two
teams on the same cores each waits asleep instead of awake, which makes one picture take almost
twice as long. So a model is loaded, warmed up and run by one thread, whoever asks.
"""

import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import ParamSpec, TypeVar

P = ParamSpec("P")
R = TypeVar("R")

NAME = "network"

_thread = ThreadPoolExecutor(1, thread_name_prefix=NAME)


def on_network_thread(function: Callable[P, R], *args: P.args, **kwargs: P.kwargs) -> R:
    """Call `function` there, after what was asked for before; returns or raises what it does."""
    if threading.current_thread().name.startswith(NAME):
        return function(*args, **kwargs)
    return _thread.submit(function, *args, **kwargs).result()
