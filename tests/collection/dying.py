"""Two shards of a build, some of them killed, beside one process.

Run as `python -m tests.collection.dying KILLS FOLDER LOCATION SEED`; pictures are made in FOLDER.
Builds an index by one process, then by two that are killed at random moments and started again
until KILLS have died, and ends with an AssertionError where the two indexes differ. Prints one JSON
object: how many died, how often a build came to its end, and in what they died.
"""

import json
import os
import random
import signal
import sys
import time
import traceback
from collections import Counter
from collections.abc import Callable
from pathlib import Path

import numpy as np
import sklearn.manifold  # noqa: F401  # for the map; every process would import it
from PIL import Image

from hashing.collection import intake
from hashing.collection.build import build, finish
from hashing.collection.map import has_map
from hashing.collection.reading import Reading
from hashing.encoding import Model
from hashing.sources.partition import Shard
from hashing.store import Index, Place, delete_index, open_index

COUNT = 32
SHARDS = 2


def main() -> None:
    """Try it."""
    kills, folder, location = int(sys.argv[1]), Path(sys.argv[2]), sys.argv[3]
    rng = random.Random(int(sys.argv[4]))
    intake.PUBLISH_ITEMS = 4  # many publications to die in
    sources = make_pictures(folder)
    model, alone = folder / "model", folder / "alone"
    wait(fork(lambda: Model.load("colour").save(model)))
    started = time.monotonic()
    wait(fork(lambda: build_part(sources, model, alone, None)))
    seconds = time.monotonic() - started
    with open_index(alone) as index:
        expected = state_of(index)
    died: Counter[str] = Counter()
    rounds = 0
    while died.total() < kills or not rounds:
        delete_index(location)
        run_round(sources, model, location, kills, died, rng, seconds)
        with open_index(location) as index:
            assert state_of(index) == expected
            assert (index.info.unfinished, index.verify(), has_map(index)) == (None, [], True)
        rounds += 1
    print(json.dumps({"died": died.total(), "builds": rounds, **died}))  # noqa: T201


def run_round(
    sources: list[Path],
    model: Path,
    location: Place,
    kills: int,
    died: Counter[str],
    rng: random.Random,
    seconds: float,
) -> None:
    """Build by shards until all have ended and `finish` has, too."""
    todo: dict[str, Callable[[], object]] = {
        f"shard {n}": lambda n=n: build_part(sources, model, location, Shard(n, SHARDS))  # type: ignore[misc]
        for n in range(SHARDS)
    }
    for acts in (todo, {"finish": lambda: finish_parts(location)}):
        running = {name: fork(act) for name, act in acts.items()}
        while running:
            if died.total() < kills and rng.random() < 0.9:
                time.sleep(rng.uniform(0, seconds) * rng.random())  # most have not ended by then
                name = rng.choice(list(running))
                os.kill(running[name], signal.SIGKILL)
                if wait(running[name]):
                    died[name] += 1
                    running[name] = fork(acts[name])
                else:
                    del running[name]  # it had ended
            else:
                assert wait(running.popitem()[1]) == 0


def build_part(sources: list[Path], model: Path, location: Place, shard: Shard | None) -> None:
    """What `index.py build --shard I/N` does."""
    reading = Reading.of(sources, shard=shard)
    index, _, outcome = build(reading, model, location, workers=1)
    assert not outcome.broken
    index.close()


def finish_parts(location: Place) -> None:
    """What `index.py finish` does."""
    with open_index(location) as index:
        finish(index)


def state_of(index: Index) -> list[object]:
    """All that must be the same, ids apart: these follow the order of publication."""
    ids = index.ids()
    rows = zip(index.items(ids), index.codes(ids).hex(), strict=True)
    return sorted(
        (item.file, item.content, code, dict(item.fields), index.preview(item.id))
        for item, code in rows
    )


def make_pictures(folder: Path) -> list[Path]:
    """Two folders of pictures, one with metadata and both with classes."""
    rng = np.random.default_rng(0)
    sources = [folder / "first", folder / "second"]
    for source in sources:
        for number in range(COUNT // 2):
            path = source / ("flat", "deep")[number % 2] / f"{number:02d}.png"
            path.parent.mkdir(parents=True, exist_ok=True)
            noise = rng.integers(0, 256, (4, 4, 3), np.uint8)
            Image.fromarray(noise).resize((48, 48)).save(path)
    lines = [f"flat/{n:02d}.png,Tree {n},{1900 + n}" for n in range(0, COUNT // 2, 2)]
    table = "\n".join(["file,title,year", *lines])
    (sources[0] / "metadata.csv").write_text(table, encoding="utf-8")
    return sources


def fork(act: Callable[[], object]) -> int:
    """Do it in a process that may die."""
    child = os.fork()
    if child:
        return child
    code = 1
    try:
        act()
        code = 0
    except BaseException:
        traceback.print_exc(limit=-6)
        raise
    finally:
        os._exit(code)


def wait(child: int) -> int:
    """Wait until it has ended; its code."""
    return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])


if __name__ == "__main__":
    main()
