"""What an index costs: filling it, rebuilding its segments, opening it, its first answers.

python benchmarks/store.py [--items 1000000] [--plain] [--folder FOLDER]

Items have random 64-bit codes and three columns of metadata (`--plain`: none, for very many).
Reading and rebuilding run in processes of their own, the former started warm: the files are in the
system's cache, the compiled search is loaded. CPU time is the process's, over all its threads.
An index is left in a given folder, and the next run there measures it without filling it again.
Results take their place in benchmarks/results/store.md.
"""

import argparse
import json
import platform
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path

import numpy as np

from hashing.codes import Codes
from hashing.filters import compare, equals
from hashing.search import SearchRequest
from hashing.store import NewItem, create_index, open_index

RESULTS = Path(__file__).parent / "results" / "store.md"
BITS = 64
HEAD = """# The index on disk

Made by `python benchmarks/store.py` (see there). CPU time is the process's, over all its threads;
where other work shared the machine, wall times are that much longer.

"""

Row = tuple[str, float, float]
"""What was done, wall time and CPU time in milliseconds."""


def main() -> None:
    """Fill an index, measure it in fresh processes and write the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--items", type=int, default=1_000_000)
    parser.add_argument("--plain", action="store_true", help="no metadata")
    parser.add_argument("--folder", type=Path, help="where to make the index (default: temporary)")
    parser.add_argument("--measure", choices=MEASURES, help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.measure:
        print(json.dumps(MEASURES[arguments.measure](arguments.folder)))
        return
    if arguments.folder:
        measure_all(arguments.folder / "index", arguments.items, arguments.plain)
        return
    with tempfile.TemporaryDirectory(prefix="store-") as folder:
        measure_all(Path(folder) / "index", arguments.items, arguments.plain)


def measure_all(index: Path, count: int, plain: bool) -> None:
    """Fill an index that is not there yet, then measure it in fresh processes."""
    rows = [] if index.exists() else fill(index, count, plain)
    for measure in MEASURES:
        command = [sys.executable, __file__, "--measure", measure, "--folder", str(index)]
        done = subprocess.run(command, stdout=subprocess.PIPE, text=True, check=True)
        rows += json.loads(done.stdout)
    write(rows, count, index)


def fill(folder: Path, count: int, plain: bool) -> list[Row]:
    """Add all items in one publication."""
    rng = np.random.default_rng(0)

    def items() -> Iterator[NewItem]:
        for number in range(count):
            fields = {} if plain else metadata(number)
            yield NewItem(f"{number}.jpg", fields, rng.bytes(BITS // 8), bytes(32))

    columns = {name: type(value) for name, value in ({} if plain else metadata(0)).items()}
    with create_index(
        folder, bits=BITS, lengths=(BITS,), fingerprint="none", columns=columns, model="none"
    ) as index:
        return [timed("add all items", lambda: index.add(items()))]


def metadata(number: int) -> dict[str, str | int]:
    """20 styles, 2,000 artists, 500 years, none in the order of the items."""
    return {
        "style": f"Style {number * 7919 % 20}",
        "artist": f"Artist {number * 104729 % 2000}",
        "year": 1500 + number * 31 % 500,
    }


def reading(folder: Path) -> list[Row]:
    """A reader from opening to filters, in a process that has opened an index before."""
    from hashing.search.scan import KERNEL

    KERNEL.wait()
    open_index(folder).close()
    query = Codes(np.random.default_rng(1).integers(0, 256, (1, BITS // 8), np.uint8), BITS)
    rows = []
    opened = []
    rows.append(timed("open", lambda: opened.append(open_index(folder))))
    index = opened[0]
    rows.append(
        timed("first query, all chunks checked", lambda: index.search(SearchRequest(query, 10)))
    )
    rows.append(timed("second query", lambda: index.search(SearchRequest(query, 10))))
    if index.info.columns:
        index.ids(compare("year", "<", 0))  # the file's checksum is checked once
        for name, where in (
            ("1 %", equals("style", "Style 3") & compare("year", "<", 1600)),
            ("50 %", compare("year", "<", 1750)),
        ):
            question = f"first query with a filter that keeps {name}"
            rows.append(
                timed(question, partial(index.search, SearchRequest(query, 10, where=where)))
            )
        rows.append(timed("facets", index.facets))
    index.close()
    return [*rows, ("peak memory of the reader, MB", peak(), 0)]


def rebuilding(folder: Path) -> list[Row]:
    """One new segment from all rows."""
    before = peak()
    with open_index(folder) as index:
        row = timed("compact: a new segment from all rows", index.compact)
        raw = index.info.count * BITS / 8 / 1e6
    more = (peak() - before) / raw
    return [row, ("peak memory of compact above the interpreter's, times the raw codes", more, 0)]


MEASURES: dict[str, Callable[[Path], list[Row]]] = {"reading": reading, "rebuilding": rebuilding}


def timed(name: str, act: Callable[[], object]) -> Row:
    """Run it once."""
    wall, cpu = time.perf_counter(), time.process_time()
    act()
    return name, (time.perf_counter() - wall) * 1e3, (time.process_time() - cpu) * 1e3


def peak() -> float:
    """The largest resident memory of this program so far, in millions of bytes (Linux)."""
    status = Path("/proc/self/status").read_text(encoding="utf-8")
    return int(status.split("VmHWM:")[1].split()[0]) * 1024 / 1e6


def write(rows: list[Row], count: int, folder: Path) -> None:
    """Put a table into the results, in the place of an earlier one about as many items."""
    from hashing.training.provenance import processor  # brings in PyTorch

    size = sum(path.stat().st_size for path in folder.rglob("*") if path.is_file())
    segments = sum(path.stat().st_size for path in (folder / "segments").iterdir())
    title = f"## {count:,} items of {BITS} bits\n"
    lines = [
        title,
        f"{processor()}, Python {platform.python_version()}. {size / 1e6:.0f} MB on disk, of which "
        f"{segments / 1e6:.0f} MB segments; the raw codes are {count * BITS / 8e6:.0f} MB.",
        "",
        "| what | ms wall | ms CPU |",
        "|---|---|---|",
        *(f"| {name} | {wall:,.1f} | {cpu:,.1f} |" for name, wall, cpu in rows),
        "",
    ]
    before = RESULTS.read_text(encoding="utf-8") if RESULTS.exists() else HEAD
    head, *sections = before.split("## ")
    others = [f"## {section}" for section in sections if not f"## {section}".startswith(title)]
    RESULTS.parent.mkdir(exist_ok=True)
    RESULTS.write_text(head + "".join(sorted([*others, "\n".join(lines) + "\n"])), "utf-8")
    print("\n".join(lines))


if __name__ == "__main__":
    main()
