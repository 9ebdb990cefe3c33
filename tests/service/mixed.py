"""A server in use while its index changes: `python -m tests.service.mixed SECONDS`.

`serve.py` with the released model is a process of its own. Visitors browse, search by words, by
picture and by work, ask why, recommend and look at pictures; once a minute a command adds, removes
or compacts, and every ten minutes the index is deleted and built anew under the open page. Every
five seconds the server's memory and open handles are written down.
"""

import json
import random
import shutil
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory

import httpx

from generated_artworks import generate
from tests.service.serving import free_port

ROOT = Path(__file__).parents[2]
MODEL = ROOT / "checkpoints" / "artworks-lite"
PICTURES = 200
CHANGE_EVERY, REBUILD_EVERY, LOOK_EVERY, PAUSE = 60, 600, 5, 0.5
GONE = {404, 422}
"""Of works that a command has removed in between; 503: of an index that is being built anew."""


@dataclass
class Seen:
    """What was seen. samples: (seconds, MiB, open handles) of the server."""

    answers: Counter[int] = field(default_factory=Counter)
    changes: Counter[str] = field(default_factory=Counter)
    wrong: list[str] = field(default_factory=list)
    samples: list[tuple[float, float, int]] = field(default_factory=list)

    def grown(self) -> tuple[float, float]:
        """Median memory (as a share) and handles (a number) of the last quarter over the second."""
        quarter = len(self.samples) // 4
        second, last = self.samples[quarter : 2 * quarter], self.samples[-quarter:]
        memory = [median(sample[1] for sample in part) for part in (second, last)]
        handles = [median(sample[2] for sample in part) for part in (second, last)]
        return memory[1] / memory[0] - 1, handles[1] - handles[0]


def command(*arguments: object) -> None:
    """`index.py` with these arguments."""
    line = [sys.executable, str(ROOT / "index.py"), *map(str, arguments), "--quiet"]
    done = subprocess.run(line, capture_output=True, text=True)
    if done.returncode:
        raise RuntimeError(f"{arguments[0]} ended with {done.returncode}: {done.stderr}")


def use(seconds: float, folder: Path) -> Seen:
    """Visitors and commands for so long; a folder for pictures and index."""
    pictures, index = folder / "pictures", folder / "index"
    generate(pictures, PICTURES + 40, size=256)
    more = [folder / f"more-{number}" for number in range(4)]
    files = sorted((pictures / "images").glob("*.jpg")) or sorted(pictures.rglob("*.jpg"))
    for number, file in enumerate(files[PICTURES:]):
        more[number % 4].mkdir(exist_ok=True)
        file.rename(more[number % 4] / file.name)

    def build() -> None:
        command("build", "--model", MODEL, "--images", pictures, "--out", index)

    build()
    port, seen = free_port(), Seen()
    line = [sys.executable, str(ROOT / "serve.py"), str(index), "--port", str(port), "--quiet"]
    with (
        subprocess.Popen(line, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as server,
        httpx.Client(base_url=f"http://127.0.0.1:{port}", timeout=60) as client,
    ):
        try:
            _wait(client, server)
            _visit(seconds, client, server.pid, seen, index, build, more, files[:PICTURES])
        finally:
            server.terminate()
    return seen


def _wait(client: httpx.Client, server: "subprocess.Popen[bytes]") -> None:
    while server.poll() is None:
        try:
            if client.get("/api/health").status_code == 200:
                return
        except httpx.TransportError:
            time.sleep(0.2)
    raise RuntimeError(f"the server ended with {server.returncode}")


def _visit(
    seconds: float,
    client: httpx.Client,
    pid: int,
    seen: Seen,
    index: Path,
    build: Callable[[], None],
    more: list[Path],
    files: list[Path],
) -> None:
    rng, begun = random.Random(0), time.monotonic()
    next_change, next_rebuild, next_look = CHANGE_EVERY, REBUILD_EVERY, 0.0
    change: subprocess.Popen[bytes] | None = None
    while (now := time.monotonic() - begun) < seconds:
        if now >= next_look:
            seen.samples.append((now, *_size(pid)))
            next_look += LOOK_EVERY
        if change is not None and change.poll() not in (None, 0):
            seen.wrong.append(f"a command ended with {change.returncode}")
        if now >= next_rebuild:
            if change is not None:
                change.wait()
            shutil.rmtree(index)
            build()
            seen.changes["rebuild"] += 1
            next_rebuild += REBUILD_EVERY
        elif now >= next_change and (change is None or change.poll() is not None):
            kind = rng.choice(["add", "remove", "compact"])
            options = {
                "add": ["--images", str(rng.choice(more))],
                "remove": ["--ids", *(str(rng.randrange(PICTURES)) for _ in range(5))],
                "compact": [],
            }[kind]
            line = [sys.executable, str(ROOT / "index.py"), kind, str(index), *options, "--quiet"]
            change = subprocess.Popen(line, stdout=subprocess.DEVNULL)
            seen.changes[kind] += 1
            next_change += CHANGE_EVERY
        _ask(rng, client, seen, files)
        time.sleep(PAUSE)
    if change is not None:
        change.wait()


def _ask(rng: random.Random, client: httpx.Client, seen: Seen, files: list[Path]) -> None:
    work, other = rng.randrange(PICTURES), rng.randrange(PICTURES)
    ask = rng.choice(
        [
            lambda: client.get("/"),
            lambda: client.get("/api/items", params={"sample": True, "seed": work, "limit": 60}),
            lambda: client.get("/api/items", params={"q": "the", "limit": 40}),
            lambda: client.get("/api/facets"),
            lambda: client.get("/api/map"),
            lambda: client.get(f"/api/items/{work}"),
            lambda: client.get(f"/api/items/{work}/similar"),
            lambda: client.get("/api/explain", params={"id": work, "work": other}),
            lambda: client.get(f"/pictures/{work}"),
            lambda: client.get(f"/pictures/{work}", params={"size": 1200}),
            lambda: client.post("/api/recommend", json={"liked": [work, other]}),
            lambda: client.post("/api/search", files={"picture": files[work].read_bytes()}),
            lambda: client.post("/api/search", files={"picture": b"no picture"}),
        ]
    )
    answer = ask()
    seen.answers[answer.status_code] += 1
    if answer.status_code >= 500 and answer.status_code != 503:
        seen.wrong.append(f"{answer.status_code} for {answer.request.url}: {answer.text[:200]}")


def _size(pid: int) -> tuple[float, int]:
    """MiB of memory and open handles of a process."""
    status = Path(f"/proc/{pid}/status").read_text()
    kib = next(int(line.split()[1]) for line in status.splitlines() if line.startswith("VmRSS"))
    return kib / 1024, len(list(Path(f"/proc/{pid}/fd").iterdir()))


def main(seconds: float) -> None:
    """Print what was seen."""
    with TemporaryDirectory() as folder:
        seen = use(seconds, Path(folder))
    memory, handles = seen.grown()
    facts = {
        "answers": dict(seen.answers),
        "changes": dict(seen.changes),
        "wrong": seen.wrong[:5],
        "MiB": [round(sample[1]) for sample in seen.samples[:: max(1, len(seen.samples) // 12)]],
        "handles": [sample[2] for sample in seen.samples[:: max(1, len(seen.samples) // 12)]],
        "memory grown": f"{memory:+.1%}",
        "handles grown": handles,
    }
    for name, fact in facts.items():
        sys.stdout.write(f"{name}: {json.dumps(fact)}\n")


if __name__ == "__main__":
    main(float(sys.argv[1]))
