"""Writers, readers and a server on one index for a while, some of them killed.

Run as `python -m tests.store.stress SECONDS KILLS FOLDER SEED [URL]`; KILLS: how many processes are
killed a second on average. URL: of an index on a server; by default it lies in the folder.

A long writer stays open and publishes, short writers open, publish and leave, short readers open,
ask and leave, one server stays open and refreshes. Whoever adds items writes them into
`acknowledged` once `add` has returned: from then on everybody has to find them.
Prints one JSON object of counts; `failures` holds what anybody found wrong.
"""

import hashlib
import json
import os
import random
import signal
import sys
import time
import traceback
from collections import Counter
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from hashing.errors import ArtHashError
from hashing.filters import between, equals
from hashing.search import SearchRequest
from hashing.store import Index, NewItem, Place, open_index
from tests.store.conftest import create

ROLES = ("long writer", "short writer", "short writer", "short reader", "short reader", "server")
PASSING = ("is being written by", "was compacted since", "cannot be reached")
"""Refusals that are no fault: the same can be tried again."""


class WrongError(Exception):
    """An answer that cannot be."""


class Log:
    """Files that all processes append to, a line at a time."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def write(self, name: str, *values: object) -> None:
        """One line, whole or absent."""
        handle = os.open(self.folder / name, os.O_WRONLY | os.O_CREAT | os.O_APPEND)
        os.write(handle, (json.dumps(values) + "\n").encode())
        os.close(handle)

    def lines(self, name: str) -> list[list[str | int]]:
        """All lines so far."""
        path = self.folder / name
        return [json.loads(line) for line in path.read_text().splitlines()] if path.exists() else []

    def living(self, known: Mapping[str | int, str | int]) -> dict[str | int, str | int]:
        """Of the items in `known`, file by id, those that nobody meant to remove until now."""
        leaving = {item for (item,) in self.lines("leaving")}
        return {item: file for item, file in known.items() if item not in leaving}

    def acknowledged(self) -> dict[str | int, str | int]:
        """File by id of all items whose `add` has returned."""
        return {line[0]: line[1] for line in self.lines("acknowledged")}


def new_items(count: int, rng: random.Random) -> list[NewItem]:
    """Items whose every field follows from the file's name."""
    items = []
    for _ in range(count):
        file = f"{os.getpid()}/{rng.getrandbits(48):x}.jpg"
        content = hashlib.sha256(file.encode()).digest()
        fields = {"title": f"Tree {file}", "style": "Cubism", "year": 1900 + content[0] % 9}
        items.append(NewItem(file, fields, content[:2], content, content * 3))
    return items


def change(index: Index, log: Log, rng: random.Random) -> None:
    """Publish new items, now and then without some of them, now and then compacted."""
    items = new_items(rng.randint(1, 6), rng)
    ids = index.add(items).tolist()
    for item, added in zip(items, ids, strict=True):
        log.write("acknowledged", added, item.file)
    if rng.random() < 0.2:
        for added in ids[:2]:
            log.write("leaving", added)
        index.remove(ids[:2])
    if rng.random() < 0.05:
        index.compact()
    log.write("publications")


def look(index: Index, log: Log, known: Mapping[str | int, str | int], rng: random.Random) -> None:
    """All acknowledged items are found, by each way of asking, and are what was added."""
    index.facets()
    filtered = set(index.ids(equals("style", "Cubism") & between("year", 1900)).tolist())
    there = set(index.ids().tolist())
    if filtered != there:
        raise WrongError(f"a filter that all pass gives {len(filtered)} of {len(there)}")
    expected = log.living(known)
    lost = expected.keys() - there
    if lost:
        raise WrongError(f"generation {index.info.generation} lacks {sorted(map(int, lost))[:9]}")
    chosen = [int(item) for item in rng.sample(sorted(expected), min(20, len(expected)))]
    for item in index.items(chosen):
        content = hashlib.sha256(item.file.encode()).digest()
        if item.file != expected[item.id] or item.content != content:
            raise WrongError(f"item {item.id} is {item.file}, {expected[item.id]} was added")
        if index.preview(item.id) != content * 3:
            raise WrongError(f"item {item.id} has another preview")
    if chosen and not (index.search(SearchRequest(index.codes(chosen), 1)).distances == 0).all():
        raise WrongError("a work is not its own nearest")
    log.write("looks")


def play(role: str, place: Place, log: Log, rng: random.Random, until: float) -> None:
    """What one process does with the index, until it is done or the time is over."""
    known = log.acknowledged()
    with open_index(place) as index:
        while time.monotonic() < until:
            if "writer" in role:
                change(index, log, rng)
            else:
                look(index, log, known, rng)
            if "short" in role:
                return
            known = log.acknowledged()
            if index.refresh():
                log.write("refreshes")
            time.sleep(rng.random() * 0.05)


def start(role: str, place: Place, log: Log, seed: int, until: float) -> int:
    """Play a role in a process of its own."""
    child = os.fork()
    if child:
        return child
    try:
        with noting_failures(log, role):
            play(role, place, log, random.Random(seed), until)
    finally:
        os._exit(0)


@contextmanager
def noting_failures(log: Log, role: str) -> Iterator[None]:
    """Whatever goes wrong in the block is written down."""
    try:
        yield
    except ArtHashError as error:
        passing = any(text in str(error) for text in PASSING)
        log.write("refusals" if passing else "failures", role, repr(error))
    except Exception:  # noqa: BLE001 (any defect is a failure of the trial)
        log.write("failures", role, traceback.format_exc(limit=-3))


def stress(
    seconds: float, kills: float, folder: Path, seed: int, place: Place | None = None
) -> dict[str, object]:
    """Let all roles play; returns how often what happened."""
    rng = random.Random(seed)
    index, log = place or folder / "index", Log(folder)
    create(index).close()
    begun = time.monotonic()
    until = begun + seconds
    next_kill = begun + rng.expovariate(kills) if kills else until
    count: Counter[str] = Counter()
    running: dict[int, str] = {}
    waiting = list(ROLES)
    while waiting or running:
        while waiting and time.monotonic() < until:
            role = waiting.pop()
            running[start(role, index, log, rng.getrandbits(32), until)] = role
            count["processes"] += 1
        if time.monotonic() >= min(next_kill, until) and time.monotonic() < until and running:
            os.kill(rng.choice(list(running)), signal.SIGKILL)
            next_kill = time.monotonic() + rng.expovariate(kills)
        child, status = os.waitpid(-1, os.WNOHANG) if running else (0, 0)
        if child:
            waiting.append(running.pop(child))
            count["killed"] += os.waitstatus_to_exitcode(status) == -signal.SIGKILL
        elif time.monotonic() >= until:
            waiting.clear()
        time.sleep(0 if child else 0.002)
    with noting_failures(log, "last look"):
        _look_at_last(index, log, rng)
    for name in ("publications", "looks", "refreshes", "acknowledged", "refusals"):
        count[name] = len(log.lines(name))
    return {**count, "failures": log.lines("failures")}


def _look_at_last(place: Place, log: Log, rng: random.Random) -> None:
    with open_index(place) as index:
        look(index, log, log.acknowledged(), rng)
        repaired = index.verify()
        if repaired:
            raise WrongError(f"there was something to repair: {repaired}")


if __name__ == "__main__":
    seconds, kills, where, seed, *url = sys.argv[1:]
    outcome = stress(float(seconds), float(kills), Path(where), int(seed), *url)
    sys.stdout.write(json.dumps(outcome) + "\n")
