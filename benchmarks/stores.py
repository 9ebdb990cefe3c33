"""An index in a folder and the same one elsewhere, measured in one run.

python benchmarks/stores.py --url "postgresql://…#benchmark" [--url "postgresql://…?engine=…#b2"]
    [--items 1000000] [--chdb]

Items have random 64-bit codes, three columns of metadata and no previews. Questions alternate
between the stores and the median is shown, wall time and this process's CPU time; what servers
spend stands in no column. Indexes at the URLs are made, and deleted at the end. With `--chdb` an
engine `clickhouse+http://anything/table` is ClickHouse's own, run in this process, and its work
counts as this process's.
Results go to benchmarks/results/stores.md.
"""

import argparse
import platform
import statistics
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack
from functools import partial
from pathlib import Path

import numpy as np

from hashing.codes import Codes
from hashing.filters import compare, equals
from hashing.search import SearchRequest
from hashing.search.scan import KERNEL
from hashing.store import (
    Index,
    NewItem,
    Place,
    create_index,
    delete_index,
    is_index,
    open_index,
    read_location,
)

RESULTS = Path(__file__).parent / "results" / "stores.md"
BITS = 64
REPETITIONS = 60

Row = tuple[str, list[tuple[float, float]]]
"""What was done, and for each store wall time and CPU time in milliseconds."""


def main() -> None:
    """Make both indexes, ask them in turn, write the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--items", type=int, default=1_000_000)
    parser.add_argument(
        "--url", required=True, action="append", help="an index on a server, not there yet (again)"
    )
    parser.add_argument("--chdb", action="store_true", help="run ClickHouse in this process")
    arguments = parser.parse_args()
    KERNEL.wait()
    with tempfile.TemporaryDirectory(prefix="stores-") as folder:
        if arguments.chdb:
            run_clickhouse_here(Path(folder) / "clickhouse")
        places: list[Place] = [Path(folder) / "index", *arguments.url]
        try:
            write(measure(places, arguments.items), arguments.items, list(map(kind_of, places)))
        finally:
            for url in arguments.url:
                if is_index(url):
                    delete_index(url)


def run_clickhouse_here(folder: Path) -> None:
    """Have every address of a ClickHouse server lead to its engine in this process."""
    from clickhouse_connect import get_client

    from hashing.store import clickhouse

    engine = get_client(interface="chdb", path=str(folder))
    setattr(engine, "close", lambda: None)  # noqa: B010 — one engine for all who ask
    setattr(clickhouse, "get_client", lambda **_: engine)  # noqa: B010


def kind_of(place: Place) -> str:
    """What a column is called."""
    location = read_location(place)
    engine = {"": "", "milvus": "Milvus", "clickhouse": "ClickHouse"}[
        location.engine.partition("+")[0]
    ]
    store = {"folder": "folder", "postgresql": "PostgreSQL"}[location.store]
    return f"{store} + {engine}" if engine else store


def measure(places: Sequence[Place], count: int) -> list[Row]:
    """All rows of the table."""
    rows: list[Row] = [("add all items", [timed(partial(fill, p, count)) for p in places])]
    rng = np.random.default_rng(1)
    queries = Codes(rng.integers(0, 256, (100, BITS // 8), np.uint8), BITS)
    one = SearchRequest(queries[:1], 10)

    def first_answer(place: Place) -> None:
        with open_index(place) as index:
            index.search(one)

    rows.append(("open and first answer", [timed(partial(first_answer, p)) for p in places]))
    few = equals("style", "Style 3") & compare("year", "<", 1600)
    half = compare("year", "<", 1750)
    with ExitStack() as stack:
        indexes = [stack.enter_context(open_index(place)) for place in places]
        for name, where in (("1 %", few), ("50 %", half)):
            asked = SearchRequest(queries[:1], 10, where=where)
            question = f"first query with a filter that keeps {name}"
            rows.append((question, [timed(partial(index.search, asked)) for index in indexes]))
        questions: dict[str, Callable[[Index], object]] = {
            "query": lambda index: index.search(one),
            "query, asking first what is new": lambda index: (index.refresh(), index.search(one)),
            "query with a known filter that keeps 1 %": lambda index: index.search(
                SearchRequest(queries[:1], 10, where=few)
            ),
            "query with a known filter that keeps 50 %": lambda index: index.search(
                SearchRequest(queries[:1], 10, where=half)
            ),
            "100 queries at once": lambda index: index.search(SearchRequest(queries, 10)),
            "20 items": lambda index: index.items(range(0, count, count // 20)),
            "a page of all, shuffled": lambda index: index.page(seed=3, limit=50),
        }
        rows += [(name, alternating(indexes, ask)) for name, ask in questions.items()]
        rows.append(("facets", [timed(index.facets) for index in indexes]))
        sizes = [index.info.bytes / 1e6 for index in indexes]
    return [*rows, ("size, MB", [(size, 0.0) for size in sizes])]


def fill(place: Place, count: int) -> None:
    """Add all items in one publication."""
    rng = np.random.default_rng(0)

    def items() -> Iterator[NewItem]:
        for number in range(count):
            fields: dict[str, str | int | float] = {
                "style": f"Style {number * 7919 % 20}",
                "artist": f"Artist {number * 104729 % 2000}",
                "year": 1500 + number * 31 % 500,
            }
            yield NewItem(f"{number}.jpg", fields, rng.bytes(BITS // 8), bytes(32))

    columns = {"style": str, "artist": str, "year": int}
    with create_index(
        place, bits=BITS, lengths=(BITS,), fingerprint="none", columns=columns, model="none"
    ) as index:
        index.add(items())


def alternating(
    indexes: Sequence[Index], ask: Callable[[Index], object]
) -> list[tuple[float, float]]:
    """The medians of many questions to each index in turn."""
    found: list[list[tuple[float, float]]] = [[] for _ in indexes]
    for _ in range(REPETITIONS):
        for index, times in zip(indexes, found, strict=True):
            times.append(timed(partial(ask, index)))
    return [
        (statistics.median(w for w, _ in times), statistics.median(c for _, c in times))
        for times in found
    ]


def timed(act: Callable[[], object]) -> tuple[float, float]:
    """Run it once: wall time and CPU time in milliseconds."""
    wall, cpu = time.perf_counter(), time.process_time()
    act()
    return (time.perf_counter() - wall) * 1e3, (time.process_time() - cpu) * 1e3


def write(rows: list[Row], count: int, names: Sequence[str]) -> None:
    """The table, as the document and on the terminal."""
    from hashing.training.provenance import processor  # brings in PyTorch

    lines = [
        "# Stores",
        "",
        "Made by `python benchmarks/stores.py` (see there), the servers on the same machine: what",
        "they spend is in no column, but an engine that runs in this process is.",
        f"{processor()}, Python {platform.python_version()}, {count:,} items of {BITS} bits, "
        f"{time.strftime('%Y-%m-%d')}.",
        "",
        f"| what | {' | '.join(f'{name}, ms | CPU' for name in names)} |",
        "|---" * (1 + 2 * len(names)) + "|",
    ]
    for name, times in rows:
        cells = " | ".join(f"{wall:,.2f} | {cpu:,.2f}" for wall, cpu in times)
        lines.append(f"| {name} | {cells} |")
    RESULTS.write_text("\n".join(lines) + "\n", encoding="utf-8")
    print("\n".join(lines))


if __name__ == "__main__":
    main()
