"""A real server for tests that need one."""

import asyncio
import contextlib
import socket
import threading
import time
from collections.abc import Iterator
from typing import Any

import uvicorn
from starlette.types import ASGIApp


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@contextlib.contextmanager
def serving(
    app: ASGIApp, port: int, listeners: list[socket.socket] | None = None, **options: Any
) -> Iterator[None]:
    """The application at 127.0.0.1, or where these listen, while the block runs."""
    config = uvicorn.Config(
        app, port=port, log_level="error", timeout_graceful_shutdown=1, **options
    )
    server = uvicorn.Server(config)
    thread = threading.Thread(target=lambda: asyncio.run(server.serve(listeners)))
    thread.start()
    try:
        deadline = time.monotonic() + 20
        while not server.started and time.monotonic() < deadline:
            time.sleep(0.02)
        yield
    finally:
        server.should_exit = True
        thread.join()
