"""What a visitor waits for: the page, a query by picture, a click on a work.

PYTHONPATH=. python benchmarks/serving.py INDEX [--requests 40] [--page]

The server runs in this process and answers over HTTP on 127.0.0.1, one request at a time. A query
is compared with the network's own time for the same pictures (resized, through the network, to
logits). Wall times are medians; processor times of the whole process, client included, are means.
Results are written to benchmarks/results/serving.md.
"""

import argparse
import asyncio
import platform
import shutil
import statistics
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import date
from pathlib import Path

import httpx
import torch

from hashing.collection import Collection
from hashing.images import decode
from hashing.service.current import Current, open_current
from hashing.training.provenance import provenance

RESULTS = Path(__file__).parent / "results" / "serving.md"
WALL = 24
"""Works that the page asks for at first."""


def main() -> None:
    """Measure, print and write the report."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("index")
    parser.add_argument("--requests", type=int, default=40)
    parser.add_argument("--page", action="store_true", help="time the page in a browser too")
    options = parser.parse_args()
    started = time.perf_counter()
    current = open_current(options.index)
    up = time.perf_counter() - started
    current.warm(threading.Event())
    with current.reading() as collection:
        report = [*head(collection, options.requests, up), *waits(current, collection, options)]
    text = "\n".join(report) + "\n"
    print(text)
    RESULTS.write_text(text, encoding="utf-8")


def head(collection: Collection, requests: int, up: float) -> Iterator[str]:
    """What was measured, and on what."""
    model, info = collection.model, collection.info
    processor = provenance(torch.device("cpu"))["hardware"]["device"]
    yield from ("# Serving", "")
    yield (
        f"{info.count:,} works, {info.bits} bits, {model.network.config.backbone} at "
        f"{model.preprocessing.size} px, {torch.get_num_threads()} threads, "
        f"{processor}, Python {platform.python_version()}, {requests} requests "
        f"each, {date.today():%d %B %Y}. Index, model and warm-up took {up:.1f} s."
    )
    yield ""


def waits(current: Current, collection: Collection, options: argparse.Namespace) -> Iterator[str]:
    """A table of everything a visitor waits for."""
    count, pictures = options.requests, collection.opened.pictures
    ids = collection.ids()[:: max(1, len(collection) // count)][:count].tolist()
    data = [pictures.jpeg(collection.item(i), 512) for i in ids]
    images = [decode(each) for each in data]
    yield "| Waiting for | wall ms | processor ms | of the network's |"
    yield "|---|---|---|---|"
    with served(current) as address, httpx.Client(base_url=address) as client:

        def query(i: int) -> object:
            path = f"/api/v1/search?k={WALL}"
            return client.post(path, files={"picture": data[i]}).raise_for_status()

        def click(i: int) -> object:
            client.get(f"/api/v1/items/{ids[i]}").raise_for_status()
            return client.get(f"/api/v1/items/{ids[i]}/similar?k=6&diversity=0").raise_for_status()

        def similar(i: int) -> object:
            return client.get(f"/api/v1/items/{ids[i]}/similar?k={WALL}").raise_for_status()

        network = timed(lambda i: collection.encode(images[i]), len(ids))
        for name, (wall, cpu) in {
            "the network, one picture": network,
            f"a query by picture, {WALL} results": timed(query, len(ids)),
            "a click on a work: its detail and six neighbours": timed(click, len(ids)),
            f'"more like this", {WALL} results': timed(similar, len(ids)),
        }.items():
            yield f"| {name} | {wall:.1f} | {cpu:.1f} | {wall / network[0]:.2f}x |"
        if options.page:
            yield f"| the page, until its first picture hangs | {page_time(address):.0f} | | |"


def timed(action: Callable[[int], object], count: int) -> tuple[float, float]:
    """Median wall and mean process milliseconds of `action(0 … count - 1)` after a warm-up."""
    action(0)
    spans, used = [], time.process_time()
    for i in range(count):
        started = time.perf_counter()
        action(i)
        spans.append(time.perf_counter() - started)
    return statistics.median(spans) * 1000, (time.process_time() - used) / count * 1000


@contextmanager
def served(current: Current) -> Iterator[str]:
    """The service with its page in a thread."""
    import uvicorn

    from hashing.service.api import create_app

    app = create_app(current)
    server = uvicorn.Server(uvicorn.Config(app, port=0, log_level="error"))
    thread = threading.Thread(target=lambda: asyncio.run(server.serve()), daemon=True)
    thread.start()
    while not server.started:
        time.sleep(0.01)
    yield f"http://127.0.0.1:{server.servers[0].sockets[0].getsockname()[1]}"
    server.should_exit = True
    thread.join(timeout=10)


def page_time(address: str) -> float:
    """Median milliseconds from opening the address in a fresh browser to the first picture."""
    from playwright.sync_api import sync_playwright

    spans = []
    with sync_playwright() as driver:
        path = shutil.which("chromium") or shutil.which("google-chrome")
        browser = driver.chromium.launch(executable_path=path, args=["--no-sandbox"])
        for _ in range(5):
            tab = browser.new_context().new_page()
            started = time.perf_counter()
            tab.goto(address)
            tab.wait_for_function("document.querySelector('#wall img')?.naturalWidth > 0")
            spans.append(time.perf_counter() - started)
        browser.close()
    return statistics.median(spans) * 1000


if __name__ == "__main__":
    main()
