"""What is measured, each as rows of plain values by column."""

import json
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Mapping
from functools import partial
from pathlib import Path

import numpy as np
from codes import Trained, uniform
from peers import SLOW, Make, Search, searching, with_numpy

from hashing.codes import Codes
from hashing.metrics import Labels, evaluate_costs, evaluate_features
from hashing.search import Allowed, ScanEngine, SearchRequest, SlicedCodes, build_sliced
from hashing.search.scores import asymmetric_costs
from hashing.search.threads import cores

Row = dict[str, str | float | bool]
Rows = list[Row]

CHECKED = 20
"""Queries whose answers are compared with numpy's."""


def log(text: str) -> None:
    """Tell how far the run is."""
    print(text, file=sys.stderr, flush=True)


def compare(
    what: str,
    database: Codes,
    queries: Codes,
    k: int,
    engines: Mapping[str, Make],
    repetitions: int,
    one_by_one: bool = False,
) -> Rows:
    """Build every engine, then let them answer in turn; times in ns per code and query."""
    searches: dict[str, Search] = {}
    build: dict[str, float] = {}
    for name, make in engines.items():
        log(f"{what}: building {name}")
        started = time.thread_time()
        searches[name] = make(database)
        build[name] = time.thread_time() - started
    truth = with_numpy(database)(queries[:CHECKED], k)
    times: dict[str, list[tuple[float, float]]] = {name: [] for name in engines}
    for _ in range(repetitions):
        for name, search in searches.items():
            times[name].append(_timed(search, queries[: SLOW.get(name)], k, one_by_one))
    rows: Rows = []
    for name, search in searches.items():
        cpu, wall = (statistics.median(column) for column in zip(*times[name], strict=True))
        distances, ids = search(queries[:CHECKED], k)
        same = np.array_equal(ids, truth[1]) and np.array_equal(distances, truth[0])
        rows.append(
            {
                "what": what,
                "engine": name,
                "cpu": cpu * 1e9 / len(database),
                "wall": wall * 1e9 / len(database),
                "build": build[name],
                "found": float((distances <= truth[0][:, -1:]).mean()),
                "same ids": same,
            }
        )
    return rows


def _timed(search: Search, queries: Codes, k: int, one_by_one: bool) -> tuple[float, float]:
    """Thread CPU seconds and wall seconds per query; the median query when one by one."""
    search(queries[:2], k)
    batches = [queries[i : i + 1] for i in range(len(queries))] if one_by_one else [queries]
    cpu, wall = [], []
    for batch in batches:
        started = time.thread_time(), time.perf_counter()
        search(batch, k)
        cpu.append((time.thread_time() - started[0]) / len(batch))
        wall.append((time.perf_counter() - started[1]) / len(batch))
    return statistics.median(cpu), statistics.median(wall)


def threads(database: Codes, repetitions: int) -> Rows:
    """Wall milliseconds of a single query on one thread and on all cores, in turn."""
    sliced = build_sliced(database)
    engines = {n: ScanEngine.from_segments([sliced], threads=n) for n in (1, cores())}
    queries = uniform(50, database.bits, np.random.default_rng(1))
    times: dict[int, list[float]] = {count: [] for count in engines}
    for engine in engines.values():
        engine.warm()
    for _ in range(repetitions):
        for count, engine in engines.items():
            times[count].append(_timed(searching(engine), queries, 10, one_by_one=True)[1])
    return [
        {"threads": count, "ms wall": statistics.median(walls) * 1e3}
        for count, walls in times.items()
    ]


def filters(database: Codes, queries: Codes, repetitions: int) -> Rows:
    """The cost of a mask over items, made ready and searched with, beside the search without."""
    engine = ScanEngine(database, threads=1)
    engine.warm()
    rng = np.random.default_rng(5)
    options: dict[float, Allowed | None] = {1.0: None}
    preparing = {1.0: 0.0}
    for share in (0.5, 0.1, 0.01):
        mask = rng.random(len(database)) < share
        started = time.thread_time()
        options[share] = engine.prepare(mask)
        preparing[share] = time.thread_time() - started
    times: dict[float, list[float]] = {share: [] for share in options}
    for _ in range(repetitions):
        for share, allowed in options.items():
            started = time.thread_time()
            engine.search(SearchRequest(queries, 10, allowed=allowed))
            times[share].append(time.thread_time() - started)
    medians = {share: statistics.median(column) for share, column in times.items()}
    return [
        {
            "allowed": f"{share:.0%}",
            "time against all": medians[share] / medians[1.0],
            "making the mask ready, ms": preparing[share] * 1e3,
        }
        for share in options
    ]


def from_files(database: Codes, queries: Codes, name: str) -> Row:
    """Write the sliced codes, map them in a new process, search; sizes as shares of the codes."""
    log(f"{name}: from files")
    raw = database.packed.nbytes
    started = time.thread_time()
    sliced = build_sliced(database)
    build = time.thread_time() - started
    with tempfile.TemporaryDirectory() as folder:
        for key, array in sliced.arrays.items():
            np.save(f"{folder}/{key}.npy", array)
        size = sum(path.stat().st_size for path in Path(folder).glob("*.npy"))
        np.save(f"{folder}/queries.npy", queries.packed)
        numbers = {key: getattr(sliced, key) for key in SlicedCodes.NUMBERS}
        Path(folder, "numbers.json").write_text(json.dumps(numbers), encoding="utf-8")
        command = [sys.executable, str(Path(__file__).parent), "--mapped", folder]
        done = subprocess.run(command, capture_output=True, check=True)
    found: dict[str, float] = json.loads(done.stdout)
    return {
        "codes": name,
        "different": f"{sliced.slots / len(database):.0%}",
        "slicing, s CPU": build,
        "on disk / raw": size / raw,
        "resident / raw": found["resident"] / raw,
        "open, ms": found["open"] * 1e3,
        "first query, ms": found["first"] * 1e3,
    }


def mapped(folder: Path) -> None:
    """Open mapped arrays and search them; prints what that took (runs in a process of its own)."""
    small = ScanEngine(uniform(1000, 64, np.random.default_rng(0)))
    small.warm()
    queries = np.load(folder / "queries.npy")
    numbers = json.loads((folder / "numbers.json").read_text(encoding="utf-8"))
    codes = Codes(queries, numbers["bits"])
    before = _resident()
    started = time.perf_counter()
    arrays = {key: np.load(folder / f"{key}.npy", mmap_mode="r") for key in SlicedCodes.ARRAYS}
    engine = ScanEngine.from_segments([SlicedCodes(**numbers, **arrays)], threads=1)
    opened = time.perf_counter() - started
    started = time.perf_counter()
    engine.search(SearchRequest(codes[:1], 10))
    first = time.perf_counter() - started
    engine.search(SearchRequest(codes, 10))
    print(json.dumps({"open": opened, "first": first, "resident": _resident() - before}))


def _resident() -> int:
    """Bytes of this process in memory, mapped files included (Linux)."""
    pages = int(Path("/proc/self/statm").read_text(encoding="ascii").split()[1])
    return pages * 4096


def reranking(trained: Trained) -> Rows:
    """nDCG@10 by the queries' logits: distance with ties by score, reach R, and all floats."""
    if trained.labels is None or trained.logits is None:
        raise ValueError("expected labels and logits of the trained codes, found none")
    relevance = [Labels.of(trained.labels[1], trained.labels[0])]
    queries, logits = trained.queries, trained.logits[1]

    def reached(rerank: int | None) -> float:
        costs = asymmetric_costs(queries, logits, trained.database, rerank)
        return evaluate_costs(costs, relevance, ks=(10,)).ndcg_at[10]

    def plain() -> float:
        distances = trained.database.distances
        rows = range(len(queries))
        costs = (distances(queries[r : r + 1])[:, 0].astype(np.int64) for r in rows)
        return evaluate_costs(costs, relevance, ks=(10,)).ndcg_at[10]

    rankings: dict[str, Callable[[], float]] = {
        "Hamming": plain,
        "ties by score": lambda: reached(None),
        **{f"rerank={reach}": partial(reached, reach) for reach in (50, 200, 1000, 5000)},
    }
    floats = evaluate_features(logits, trained.logits[0], relevance, ks=(10,)).ndcg_at[10]
    rows: Rows = [
        {"ranking": name, "nDCG@10": ndcg, "share of the floats'": ndcg / floats}
        for name, ndcg in ((name, measure()) for name, measure in rankings.items())
    ]
    return [*rows, {"ranking": "floats (cosine)", "nDCG@10": floats, "share of the floats'": 1.0}]
