"""Hamming search compared in one run: ours, numpy, faiss (flat, IVF, HNSW, hashes) and usearch.

python benchmarks/search.py [--items 1000000] [--index INDEX] [--quick]

One thread each. Engines alternate, so that a busy moment of the machine hits all of them; shown is
the median over the repetitions of thread CPU time, wall time beside it. Distances and ids are
compared with an exhaustive search in numpy that orders by (distance, id). Results are written to
benchmarks/results/search.md and search.svg.
"""

import argparse
import json
import platform
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from hashing.codes import Codes
from hashing.search import ReferenceEngine, ScanEngine, SlicedCodes, build_sliced

RESULTS = Path(__file__).parent / "results"
CHECKED = 20
"""Queries whose answers are compared with numpy's."""

Answer = tuple[NDArray[np.integer], NDArray[np.integer]]
"""Distances and ids `[Q, k]`."""
Search = Callable[[Codes, int], Answer]


# Data


def uniform(count: int, bits: int, rng: np.random.Generator) -> Codes:
    """Independent random bits: hardly any code occurs twice."""
    return Codes(rng.integers(0, 256, (count, bits // 8), np.uint8), bits)


def clustered(count: int, bits: int, rng: np.random.Generator) -> Codes:
    """1,000 centres, each bit flipped with probability 1 %: like trained codes, many copies."""
    centres = np.random.default_rng(1000).integers(0, 2, (1000, bits), np.uint8)
    parts = []
    for first in range(0, count, 1 << 17):
        chosen = centres[rng.integers(0, 1000, min(1 << 17, count - first))]
        flips = rng.random(chosen.shape, np.float32) < 0.01
        parts.append(np.packbits(chosen ^ flips, axis=1))
    return Codes(np.concatenate(parts), bits)


DATA = {"uniform": uniform, "clustered": clustered}


# Engines: each takes a database and returns a function that searches it


def ours(database: Codes) -> Search:
    """Our bit-sliced scan."""
    engine = ScanEngine(database, threads=1)
    engine.warm()
    return lambda queries, k: _answer(engine.search(queries, k))


def with_numpy(database: Codes) -> Search:
    """Our reference engine."""
    engine = ReferenceEngine(database)
    return lambda queries, k: _answer(engine.search(queries, k))


def faiss_flat(database: Codes) -> Search:
    """Exhaustive search by population count."""
    return _faiss(lambda faiss: faiss.IndexBinaryFlat(database.bits), database)


def faiss_ivf(database: Codes) -> Search:
    """Inverted lists around centres; one list in 64 is searched."""

    def make(faiss: Any) -> Any:
        make.quantizer = faiss.IndexBinaryFlat(database.bits)  # type: ignore[attr-defined]
        lists = max(16, int(4 * len(database) ** 0.5))
        index = faiss.IndexBinaryIVF(make.quantizer, database.bits, lists)  # type: ignore[attr-defined]
        index.cp.niter, index.nprobe = 5, max(1, lists // 64)
        index.train(database.packed[:: max(1, len(database) // 100_000)])
        return index

    search = _faiss(make, database)
    search.quantizer = make.quantizer  # type: ignore[attr-defined]  # the index only borrows it
    return search


def faiss_hnsw(database: Codes) -> Search:
    """A graph of neighbours."""
    return _faiss(lambda faiss: faiss.IndexBinaryHNSW(database.bits, 16), database)


def faiss_hash(database: Codes) -> Search:
    """A table of the first 16 bits, probed with up to two of them flipped."""

    def make(faiss: Any) -> Any:
        index = faiss.IndexBinaryHash(database.bits, 16)
        index.nflip = 2
        return index

    return _faiss(make, database)


def faiss_multihash(database: Codes) -> Search:
    """Four tables of 16 bits each, probed with up to one of them flipped."""

    def make(faiss: Any) -> Any:
        index = faiss.IndexBinaryMultiHash(database.bits, 4, min(16, database.bits // 4))
        index.nflip = 1
        return index

    return _faiss(make, database)


def usearch(database: Codes) -> Search:
    """A graph of neighbours."""
    from usearch.index import Index

    index = Index(ndim=database.bits, metric="hamming", dtype="b1")
    index.add(np.arange(len(database)), database.packed, threads=1)

    def search(queries: Codes, k: int) -> Answer:
        found = index.search(queries.packed, k, threads=1)
        keys, distances = np.atleast_2d(found.keys), np.atleast_2d(found.distances)
        return distances.astype(np.int64), keys.astype(np.int64)

    return search


EXACT = {"ours": ours, "faiss flat": faiss_flat, "numpy": with_numpy}
OTHERS = {
    "faiss IVF": faiss_ivf,
    "faiss HNSW": faiss_hnsw,
    "faiss hash": faiss_hash,
    "faiss multi-hash": faiss_multihash,
    "usearch": usearch,
}
SLOW = {"numpy": 20}
"""Engines that get only so many of the queries."""


def _answer(found: Any) -> Answer:
    return found.distances, found.ids


def _faiss(make: Callable[[Any], Any], database: Codes) -> Search:
    import faiss

    faiss.omp_set_num_threads(1)
    index = make(faiss)
    index.add(database.packed)
    return lambda queries, k: index.search(queries.packed, k)


# Measuring


@dataclass
class Row:
    """One line of a table; times are per code and query in nanoseconds."""

    what: str
    engine: str
    cpu: float
    wall: float
    build: float
    recall: float
    ids: bool


def compare(
    what: str,
    database: Codes,
    queries: Codes,
    k: int,
    engines: dict[str, Callable[[Codes], Search]],
    repetitions: int,
    one_by_one: bool = False,
) -> Iterator[Row]:
    """Build every engine, then let them answer in turn."""
    log(f"{what}: building {', '.join(engines)}")
    searches, build = {}, {}
    for name, make in engines.items():
        started = time.perf_counter()
        searches[name] = make(database)
        build[name] = time.perf_counter() - started
    truth = with_numpy(database)(queries[:CHECKED], k)
    times: dict[str, list[tuple[float, float]]] = {name: [] for name in engines}
    for _ in range(repetitions):
        for name, search in searches.items():
            times[name].append(_timed(search, queries[: SLOW.get(name)], k, one_by_one))
    for name, search in searches.items():
        cpu, wall = (statistics.median(column) for column in zip(*times[name], strict=True))
        distances, ids = search(queries[:CHECKED], k)
        yield Row(
            what,
            name,
            cpu * 1e9 / len(database),
            wall * 1e9 / len(database),
            build[name],
            float((distances <= truth[0][:, -1:]).mean()),
            bool(np.array_equal(ids, truth[1]) and np.array_equal(distances, truth[0])),
        )


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


def filters(database: Codes, queries: Codes, repetitions: int) -> list[list[str]]:
    """The cost of a mask over items, made ready and searched with, beside the search without."""
    engine = ScanEngine(database, threads=1)
    engine.warm()
    rng = np.random.default_rng(5)
    masks = {share: rng.random(len(database)) < share for share in (0.5, 0.1, 0.01)}
    prepared, preparing = {}, {}
    for share, mask in masks.items():
        started = time.thread_time()
        prepared[share] = engine.prepare(mask)
        preparing[share] = time.thread_time() - started
    options: dict[float, Any] = {1.0: None, **prepared}
    times: dict[float, list[float]] = {share: [] for share in options}
    for _ in range(repetitions):
        for share, allowed in options.items():
            started = time.thread_time()
            engine.search(queries, 10, allowed=allowed)
            times[share].append(time.thread_time() - started)
    medians = {share: statistics.median(column) for share, column in times.items()}
    return [
        [
            f"{share:.0%}",
            f"{medians[share] / medians[1.0]:.2f}",
            f"{preparing[share] * 1e3:.1f}" if share in preparing else "",
        ]
        for share in options
    ]


def from_files(database: Codes, queries: Codes, name: str) -> list[str]:
    """Write the sliced codes, map them in a new process, search; sizes as shares of the codes."""
    raw = database.packed.nbytes
    started = time.perf_counter()
    sliced = build_sliced(database)
    build = time.perf_counter() - started
    with tempfile.TemporaryDirectory() as folder:
        for key, array in sliced.arrays.items():
            np.save(f"{folder}/{key}.npy", array)
        np.save(f"{folder}/queries.npy", queries.packed)
        numbers = {key: getattr(sliced, key) for key in SlicedCodes.NUMBERS}
        Path(folder, "numbers.json").write_text(json.dumps(numbers), encoding="utf-8")
        size = sum(path.stat().st_size for path in Path(folder).glob("*.npy"))
        size -= Path(folder, "queries.npy").stat().st_size
        done = subprocess.run(
            [sys.executable, __file__, "--mapped", folder], capture_output=True, check=True
        )
    found = json.loads(done.stdout)
    return [
        name,
        f"{sliced.slots / len(database):.0%}",
        f"{build:.1f}",
        f"{size / raw:.2f}",
        f"{found['resident'] / raw:.2f}",
        f"{found['open'] * 1e3:.1f}",
        f"{found['first'] * 1e3:.1f}",
    ]


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
    engine.search(codes[:1], 10)
    first = time.perf_counter() - started
    engine.search(codes, 10)
    print(json.dumps({"open": opened, "first": first, "resident": _resident() - before}))


def _resident() -> int:
    """Bytes of this process in memory, mapped files included."""
    pages = int(Path("/proc/self/statm").read_text(encoding="ascii").split()[1])
    return pages * 4096


# Report


def table(head: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """Write a Markdown table."""
    lines = ["| " + " | ".join(row) + " |" for row in (head, ["---"] * len(head), *rows)]
    return "\n".join(lines) + "\n"


def speed_table(rows: Sequence[Row]) -> str:
    """Write the rows with their speed against faiss flat."""
    flat = {row.what: row.cpu for row in rows if row.engine == "faiss flat"}
    return table(
        ["what", "engine", "ns CPU", "ns wall", "x faiss flat", "found", "same ids", "build s"],
        [
            [
                row.what,
                row.engine,
                f"{row.cpu:.4f}",
                f"{row.wall:.4f}",
                f"{flat[row.what] / row.cpu:.1f}",
                f"{row.recall:.3f}",
                "yes" if row.ids else "no",
                f"{row.build:.1f}",
            ]
            for row in rows
        ],
    )


def plot(rows: Sequence[Row], path: Path) -> None:
    """Speed against faiss flat, one bar per engine and data set."""
    import matplotlib as mpl

    mpl.use("svg")
    from matplotlib import pyplot as plt

    flat = {row.what: row.cpu for row in rows if row.engine == "faiss flat"}
    names = [f"{row.what}: {row.engine} ({row.recall:.0%} found)" for row in rows]
    figure, axes = plt.subplots(figsize=(9, 0.3 * len(rows) + 1))
    colours = ["#c2410c" if row.engine == "ours" else "#64748b" for row in rows]
    axes.barh(names, [flat[row.what] / row.cpu for row in rows], color=colours)
    axes.invert_yaxis()
    axes.set_xscale("log")
    axes.axvline(1, color="black", linewidth=0.8)
    axes.set_xlabel("times as fast as faiss IndexBinaryFlat, one thread, CPU time")
    figure.savefig(path, bbox_inches="tight")


def log(text: str) -> None:
    """Tell how far the run is."""
    print(text, file=sys.stderr, flush=True)


def processor() -> str:
    """The processor's name, where the system tells it."""
    cpuinfo = Path("/proc/cpuinfo")
    lines = cpuinfo.read_text(encoding="utf-8").splitlines() if cpuinfo.exists() else []
    named = [line.split(":", 1)[1].strip() for line in lines if line.startswith("model name")]
    return named[0] if named else platform.processor()


def stored_codes(index: Path) -> Codes:
    """All codes of an index, for a database of real trained ones."""
    from hashing.store import open_index

    opened = open_index(index)
    return opened.codes(opened.ids())


def main() -> None:
    """Read the arguments."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--items", type=int, default=1_000_000)
    parser.add_argument("--queries", type=int, default=1000)
    parser.add_argument("--repetitions", type=int, default=5)
    parser.add_argument("--index", type=Path, help="also search the codes of this index")
    parser.add_argument("--quick", action="store_true", help="a tenth of everything")
    parser.add_argument("--out", type=Path, default=RESULTS)
    parser.add_argument("--mapped", type=Path, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.mapped:
        mapped(options.mapped)
        return
    scale = 10 if options.quick else 1
    report(
        options.items // scale,
        options.queries // scale,
        1 if options.quick else options.repetitions,
        options.index,
        options.out,
    )


def report(items: int, queries: int, repetitions: int, index: Path | None, out: Path) -> None:
    """Run everything and write the document."""
    rng = np.random.default_rng(0)
    two = {name: EXACT[name] for name in ("ours", "faiss flat")}
    batch: list[Row] = []
    for bits in (64, 128, 256):
        database, asked = uniform(items, bits, rng), uniform(queries, bits, rng)
        for k in (10, 100):
            what = f"uniform, {items:,} x {bits} bits, k={k}"
            batch += compare(what, database, asked, k, two, repetitions)
    for count in (items, 10 * items):
        database, asked = clustered(count, 64, rng), clustered(max(queries // 5, 20), 64, rng)
        what = f"clustered, {count:,} x 64 bits, k=10"
        batch += compare(what, database, asked, 10, two, repetitions)
    single: list[Row] = []
    for bits in (64, 128):
        database, asked = uniform(items, bits, rng), uniform(100, bits, rng)
        what = f"one by one, {items:,} x {bits} bits, k=10"
        single += compare(what, database, asked, 10, two, repetitions, one_by_one=True)
    peers: list[Row] = []
    for name, make in DATA.items():
        database, asked = make(items // 5, 64, rng), make(queries // 5, 64, rng)
        what = f"{name}, {items // 5:,} x 64 bits, k=10"
        peers += compare(what, database, asked, 10, EXACT | OTHERS, min(repetitions, 3))
    if index:
        codes = stored_codes(index)
        asked = codes[rng.permutation(len(codes))[:queries]]
        what = f"trained, {len(codes):,} x {codes.bits} bits, k=10"
        peers += compare(what, codes, asked, 10, EXACT | OTHERS, repetitions)
    masks = filters(uniform(items, 64, rng), uniform(queries, 64, rng), repetitions)
    files = [
        from_files(make(count, 64, rng), make(1000, 64, rng), f"{name}, {count:,} x 64 bits")
        for name, make in DATA.items()
        for count in (items, 10 * items)
    ]
    out.mkdir(parents=True, exist_ok=True)
    plot(batch + single + peers, out / "search.svg")
    text = DOCUMENT.format(
        processor=processor(),
        python=platform.python_version(),
        versions=versions(),
        repetitions=repetitions,
        queries=queries,
        batch=speed_table(batch),
        single=speed_table(single),
        peers=speed_table(peers),
        masks=table(["allowed", "time against all", "making ready, ms"], masks),
        files=table(
            [
                "codes",
                "different",
                "build s",
                "on disk / raw",
                "resident / raw",
                "open ms",
                "first query ms",
            ],
            files,
        ),
    )
    (out / "search.md").write_text(text, encoding="utf-8")
    log(f"written to {out / 'search.md'}")


def versions() -> str:
    """Name the libraries compared."""
    from importlib.metadata import version

    return ", ".join(
        f"{name} {version(name)}" for name in ("numpy", "numba", "faiss-cpu", "usearch")
    )


DOCUMENT = """# Hamming search

Made by `python benchmarks/search.py`. {processor}, one thread, Python {python}, {versions}.
Medians of {repetitions} repetitions in which the engines alternate; thread CPU time and wall time
in nanoseconds per code and query. "Found" is the share of answers not farther than the true k-th
distance; "same ids" means that ids and their order equal those of an exhaustive search ordered by
(distance, id). "x faiss flat" compares CPU times within one run.

## Batches of {queries:,} queries (clustered: a fifth of them)

{batch}
## One query at a time, 100 different ones in a row

{single}
## Other libraries

Approximate indexes at their usual settings (see the script), on a fifth of the items.

{peers}
![Times as fast as faiss flat](search.svg)

## Filters

Ours with a mask over items, batch as above, k=10: time as a share of the search without one.

{masks}
## Sizes and opening

The arrays of a segment written to files and mapped by a new process whose kernel is warm and whose
files lie in the system's cache. Resident memory counts mapped pages, after 1,000 queries.

{files}"""


if __name__ == "__main__":
    main()
