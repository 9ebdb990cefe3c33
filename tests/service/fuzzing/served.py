"""A gallery at an address of its own, as long as a block lasts."""

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import uvicorn

from hashing.collection.map import draw_map
from hashing.service.api import create_app
from hashing.service.current import Current
from hashing.service.door import Door
from tests.gallery import make_gallery, with_model


@contextmanager
def served(folder: Path, door: Door) -> Iterator[str]:
    """The API over 38 works, with a map; palettes are not kept, as of an index of old."""
    index = make_gallery(folder)
    draw_map(index)
    app = create_app(Current(with_model(index)), page=False, door=door)
    config = uvicorn.Config(app, port=0, log_level="warning", access_log=False)
    server = uvicorn.Server(config)
    thread = threading.Thread(target=server.run, daemon=True)
    thread.start()
    while not server.started:
        time.sleep(0.05)
    try:
        yield f"http://127.0.0.1:{server.servers[0].sockets[0].getsockname()[1]}"
    finally:
        server.should_exit = True
        thread.join(30)
