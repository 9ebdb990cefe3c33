"""More clients than a server has places for: `python -m tests.service.crowd SECONDS [CLIENTS]`.

One server, a process of its own, answers searches by picture with a network that takes 20 ms. First
one client asks alone, then all ask, one answer after the other, and come again when a refusal says;
one more asks how the server is. Every answer has to be the right one or such a refusal.
"""

import http.client
import json
import socket
import subprocess
import sys
import threading
import time
from collections import defaultdict
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

from tests.gallery import STYLES, draw, jpeg

NETWORK_SECONDS = 0.02
BOUNDARY = "part"
PICTURES = [jpeg(draw(colour, seed, (160, 120))) for seed, colour in enumerate(STYLES.values())]


def serve(folder: Path) -> None:
    """The server; prints its port."""
    from hashing.cli.serve import run_server
    from hashing.service.api import create_app
    from hashing.service.current import Current
    from tests.gallery import ColourModel, make_gallery, with_model

    art = with_model(make_gallery(folder))
    fast = ColourModel.logits

    def slow(self, images):  # type: ignore[no-untyped-def]
        time.sleep(NETWORK_SECONDS)
        return fast(self, images)

    ColourModel.logits = slow  # type: ignore[method-assign]
    with socket.create_server(("127.0.0.1", 0)) as listener:
        print(listener.getsockname()[1], flush=True)  # noqa: T201
        run_server(create_app(Current(art), page=False), listener)


@contextmanager
def running() -> Iterator[int]:
    """The port of a server while the block lasts."""
    with TemporaryDirectory() as folder:
        command = [sys.executable, "-m", "tests.service.crowd", "serve", folder]
        with subprocess.Popen(
            command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True
        ) as server:
            assert server.stdout is not None
            try:
                yield int(server.stdout.readline())
            finally:
                server.kill()


class Client:
    """One visitor with a connection of their own. seconds: of each answer, by its status."""

    def __init__(self, port: int) -> None:
        self.port = port
        self.seconds: dict[int, list[float]] = defaultdict(list)
        self.wrong: list[str] = []

    def ask(self, path: str, picture: bytes | None = None) -> tuple[int, bytes]:
        """Status and body of one answer."""
        body, headers = None, {}
        if picture is not None:
            head = 'Content-Disposition: form-data; name="picture"; filename="a.jpg"'
            start, end = f"--{BOUNDARY}\r\n{head}\r\n\r\n", f"\r\n--{BOUNDARY}--\r\n"
            body = start.encode() + picture + end.encode()
            headers = {"Content-Type": f"multipart/form-data; boundary={BOUNDARY}"}
        started = time.perf_counter()
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=60)
        connection.request("GET" if body is None else "POST", path, body, headers)
        answer = connection.getresponse()
        text = answer.read()
        connection.close()
        self.seconds[answer.status].append(time.perf_counter() - started)
        if answer.status == 503:
            time.sleep(int(answer.headers["retry-after"]))
        return answer.status, text

    def search(self, number: int) -> list[int]:
        """Ids found for one of the pictures; none where there was no place."""
        status, text = self.ask("/api/search?k=5", PICTURES[number])
        return [] if status == 503 else [item["id"] for item in json.loads(text)["results"]]


def crowd(seconds: float, clients: int) -> tuple[list[float], Client, Client]:
    """Seconds of answers to one client alone; what the crowd saw, and who asked for its health."""
    with running() as port:
        alone = Client(port)
        right = [alone.search(number) for number in range(len(PICTURES))]
        alone.seconds.clear()
        for turn in range(20):
            alone.search(turn % len(PICTURES))
        together, watcher = Client(port), Client(port)
        end = time.monotonic() + seconds

        def visit(first: int) -> None:
            turn = first
            while time.monotonic() < end:
                turn = (turn + 1) % len(PICTURES)
                found = together.search(turn)
                if found and found != right[turn]:
                    together.wrong.append(f"{found} instead of {right[turn]}")

        def watch() -> None:
            while time.monotonic() < end:
                watcher.ask("/api/health")
                time.sleep(0.1)

        threads = [threading.Thread(target=visit, args=[number]) for number in range(clients)]
        threads.append(threading.Thread(target=watch))
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    return alone.seconds[200], together, watcher


def main(seconds: float, clients: int) -> None:
    """Print what was seen."""

    def at(share: float, times: list[float]) -> str:
        return f"{1000 * sorted(times)[int(share * (len(times) - 1))]:.0f} ms" if times else "none"

    alone, together, watcher = crowd(seconds, clients)
    rows = [("one client", alone), ("health meanwhile", watcher.seconds[200])]
    rows += [(f"{clients} clients, {status}", seen) for status, seen in together.seconds.items()]
    for name, seen in rows:
        sys.stdout.write(f"{name}: {len(seen)}, median {at(0.5, seen)}, p99 {at(0.99, seen)}\n")
    sys.stdout.write(f"wrong: {len(together.wrong)}\n")


if __name__ == "__main__":
    if sys.argv[1] == "serve":
        serve(Path(sys.argv[2]))
    else:
        main(float(sys.argv[1]), int(sys.argv[2]) if len(sys.argv) > 2 else 64)
