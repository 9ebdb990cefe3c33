"""Whether a change made the product slower: two checkouts of it do the same work by turns.

    python benchmarks/two_trees.py BEFORE NOW --model MODEL --images PICTURES [--rounds 5]

What a user waits for: an index built, works like a work, works like an uploaded picture, a list,
the page, codes searched in memory. Each checkout runs from its own files in the same environment
and answers the same questions over its own doors. By turns, so that what else the machine does
meets both; told are medians of wall time and of processor time (of the command or server and what
it started), and the median of each round's ratio. Results: benchmarks/results/two_trees.md.
"""

import argparse
import json
import os
import platform
import resource
import socket
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from functools import partial
from pathlib import Path

import httpx

RESULTS = Path(__file__).parent / "results" / "two_trees.md"
REQUESTS = 40
SECONDS = 90
"""How long a server may take to come up."""

CODES = """
import json, sys, time
import numpy as np
from hashing.codes import Codes
from hashing.search import ScanEngine
random = np.random.default_rng(0)
make = lambda n: Codes.from_logits(random.standard_normal((n, 64), np.float32))
engine, queries = ScanEngine(make(1_000_000), threads=1), [make(1) for _ in range(100)]
try:
    from hashing.search import SearchRequest
    search = lambda query: engine.search(SearchRequest(query, 100))
except ImportError:
    search = lambda query: engine.search(query, 100)
search(queries[0])
print("ready", flush=True)
for line in sys.stdin:
    wall, spent = time.perf_counter(), time.process_time()
    for query in queries:
        search(query)
    took = time.perf_counter() - wall, time.process_time() - spent
    print(json.dumps([seconds / len(queries) for seconds in took]), flush=True)
"""

Times = tuple[float, float]
"""Wall and processor seconds of one piece of work."""

Pair = tuple[Times, Times]
"""Of the same work, before and now."""

Table = dict[str, list[Pair]]
"""Of each piece of work, one pair a round."""


class Tree:
    """One checkout, and what is measured of it."""

    def __init__(self, top: Path, scratch: Path) -> None:
        self.top, self.scratch = top.resolve(), scratch
        self.environment = {**os.environ, "PYTHONPATH": str(self.top)}
        scratch.mkdir()

    @property
    def commit(self) -> str:
        """The short name of the commit that is checked out."""
        command = ["git", "-C", str(self.top), "rev-parse", "--short", "HEAD"]
        return subprocess.run(command, check=True, capture_output=True, text=True).stdout.strip()

    def start(self, *arguments: str) -> "subprocess.Popen[str]":
        """Python in this checkout."""
        return subprocess.Popen(
            [sys.executable, *arguments],
            cwd=self.top,
            env=self.environment,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            text=True,
        )

    def build(self, model: Path, images: Path, number: int) -> Times:
        """An index of `images`; the last one built is kept for the server."""
        before, started = resource.getrusage(resource.RUSAGE_CHILDREN), time.perf_counter()
        index = str(self.scratch / f"{number}.index")
        options = ["--model", str(model), "--images", str(images), "--out", index, "--quiet"]
        process = self.start("index.py", "build", *options)
        if process.wait():
            raise SystemExit(f"{self.top}: index.py build ended with {process.returncode}")
        after = resource.getrusage(resource.RUSAGE_CHILDREN)
        spent = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
        return time.perf_counter() - started, spent

    @contextmanager
    def serving(self, number: int) -> Iterator["Server"]:
        """The server of the index that was built as `number`."""
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            port = free.getsockname()[1]
        index = str(self.scratch / f"{number}.index")
        process = self.start("serve.py", index, "--port", str(port))
        try:
            with httpx.Client(base_url=f"http://127.0.0.1:{port}", timeout=SECONDS) as client:
                yield Server(process, client)
        finally:
            process.terminate()
            process.wait()


class Server:
    """A running server, asked one request after the other."""

    def __init__(self, process: "subprocess.Popen[str]", client: httpx.Client) -> None:
        self.process, self.client = process, client
        self.root = self._up()

    def _up(self) -> str:
        """Where its API begins: before it had a version, it had no number."""
        for _ in range(10 * SECONDS):
            time.sleep(0.1)
            for root in ("/api/v1", "/api"):
                try:
                    if self.client.get(f"{root}/items", params={"limit": 1}).is_success:
                        return root
                except httpx.TransportError:
                    pass
        raise SystemExit("a server did not come up")

    def ask(self, request: Callable[["Server"], httpx.Response]) -> Times:
        """Mean seconds of REQUESTS requests."""
        spent, started = spent_by(self.process.pid), time.perf_counter()
        for _ in range(REQUESTS):
            request(self).raise_for_status()
        took = time.perf_counter() - started
        return took / REQUESTS, (spent_by(self.process.pid) - spent) / REQUESTS


def spent_by(process: int) -> float:
    """Processor seconds that a process has taken (Linux)."""
    fields = Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def questions(picture: bytes) -> dict[str, Callable[[Server], httpx.Response]]:
    """What is asked of a server, by the name of its row."""
    return {
        "works like a work": lambda s: s.client.get(f"{s.root}/items/7/similar"),
        "works like an uploaded picture": lambda s: s.client.post(
            f"{s.root}/search", files={"picture": picture}
        ),
        "a list of 24, by chance": works,
        "the page and its first 24 works": page,
    }


def works(server: Server) -> httpx.Response:
    """A list of works, as the first wall hangs."""
    return server.client.get(
        f"{server.root}/items", params={"limit": 24, "sample": "true", "seed": 1}
    )


def page(server: Server) -> httpx.Response:
    """The page's document, and what it has to ask for where it does not bring its works along."""
    document = server.client.get("/")
    return document if '"page":' in document.text else works(server)


def in_memory(process: "subprocess.Popen[str]") -> Times:
    """Seconds of one query among a million codes."""
    if process.stdin is None or process.stdout is None:
        raise SystemExit("expected a process with pipes")
    process.stdin.write("again\n")
    process.stdin.flush()
    wall, spent = json.loads(process.stdout.readline())
    return wall, spent


def by_turns(turn: int, one: Callable[[], Times], other: Callable[[], Times]) -> Pair:
    """What both took, the other one first in every second turn."""
    if turn % 2:
        last = other()
        return one(), last
    first = one()
    return first, other()


def measure(before: Tree, now: Tree, model: Path, images: Path, rounds: int) -> Table:
    """For each piece of work what both trees took in every round."""
    found: Table = {"an index built": []}
    for n in range(rounds):
        build = [partial(tree.build, model, images, n) for tree in (before, now)]
        found["an index built"].append(by_turns(n, *build))
    picture = next(iter(sorted(images.rglob("*.jpg")))).read_bytes()
    with ExitStack() as stack:
        servers = [stack.enter_context(tree.serving(rounds - 1)) for tree in (before, now)]
        for name, request in questions(picture).items():
            ask = [partial(server.ask, request) for server in servers]
            by_turns(0, *ask)  # warm
            found[name] = [by_turns(n, *ask) for n in range(rounds)]
    scans = [tree.start("-c", CODES) for tree in (before, now)]
    for scan in scans:
        if scan.stdout is None or scan.stdout.readline() != "ready\n":
            raise SystemExit("a search in memory did not start")
    search = [partial(in_memory, scan) for scan in scans]
    name = "1 of 1,000,000 codes of 64 bits, the nearest 100, one thread"
    found[name] = [by_turns(n, *search) for n in range(2 * rounds)]
    for scan in scans:
        scan.communicate()
    return found


def report(before: Tree, now: Tree, found: Table, pictures: int) -> Iterator[str]:
    """The table."""
    yield from ("# Two trees", "")
    yield (
        f"Commit {before.commit} and commit {now.commit} by turns in one run: {pictures:,} "
        f"pictures, {REQUESTS} requests a round, {time.strftime('%Y-%m-%d')}, {os.cpu_count()} "
        f"cores, {platform.machine()}, Python {platform.python_version()}, a load of "
        f"{os.getloadavg()[2]:.1f} (15 minutes). Milliseconds, medians over the rounds; the ratio "
        "is the median of the rounds' ratios of processor time, with the least and the most: below "
        "1 the second commit is faster."
    )
    yield ""
    yield "| work | rounds | wall, before | now | processor, before | now | now / before |"
    yield "|---|---:|---:|---:|---:|---:|---:|"
    for name, pairs in found.items():
        cells = [
            f"{1e3 * statistics.median(pair[tree][kind] for pair in pairs):,.3g}"
            for kind in (0, 1)
            for tree in (0, 1)
        ]
        ratios = [now[1] / max(then[1], 1e-9) for then, now in pairs]
        spread = f"{statistics.median(ratios):.2f} ({min(ratios):.2f}–{max(ratios):.2f})"
        yield f"| {name} | {len(pairs)} | {' | '.join(cells)} | {spread} |"


def main() -> None:
    """Measure and write the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("before", type=Path)
    parser.add_argument("now", type=Path)
    parser.add_argument("--model", type=Path, required=True)
    parser.add_argument("--images", type=Path, required=True)
    parser.add_argument("--rounds", type=int, default=5)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        before = Tree(options.before, Path(folder) / "before")
        now = Tree(options.now, Path(folder) / "now")
        model, images = options.model.resolve(), options.images.resolve()
        found = measure(before, now, model, images, options.rounds)
        pictures = len(list(images.rglob("*.jpg")))
        text = "\n".join(report(before, now, found, pictures)) + "\n"
    print(text)
    RESULTS.write_text(text, encoding="utf-8")


if __name__ == "__main__":
    main()
