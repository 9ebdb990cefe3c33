"""Hamming search compared in one run: ours, numpy, faiss (flat, IVF, HNSW, hashes) and usearch.

python benchmarks/search [SECTION …] [--items 1000000] [--codes INDEX|FILE.npz]

Sections: batch, clustered, single, threads, tables, graphs, trained, rerank, filters, files; all by
default, `trained` and `rerank` where there are `--codes`. Engines alternate, so that a busy moment
of the machine hits all of them; shown is the median over the repetitions of thread CPU time, wall
time beside it. Distances and ids are compared with an exhaustive search in numpy that orders by
(distance, id). Each section replaces its part of benchmarks/results/search.json, from which
search.md and search.svg are written.
"""

import argparse
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from codes import Trained, clustered, read_codes, uniform
from measure import Rows, compare, filters, from_files, mapped, reranking, threads
from peers import EXACT, GRAPHS, TABLES, Make
from report import update

TWO = {name: EXACT[name] for name in ("ours", "faiss flat")}


@dataclass(frozen=True)
class Sizes:
    """How much of everything: database, queries, repetitions; trained codes where there are any."""

    items: int
    queries: int
    repetitions: int
    trained: Trained | None


def batch(sizes: Sizes) -> Rows:
    """Many queries at once, codes that hardly repeat."""
    rng = np.random.default_rng(0)
    rows: Rows = []
    for bits in (64, 128, 256):
        database, asked = uniform(sizes.items, bits, rng), uniform(sizes.queries, bits, rng)
        for k in (10, 100):
            what = f"uniform, {sizes.items:,} x {bits} bits, k={k}"
            rows += compare(what, database, asked, k, TWO, sizes.repetitions)
    return rows


def many_copies(sizes: Sizes) -> Rows:
    """Many queries at once, codes with many copies."""
    rng = np.random.default_rng(1)
    rows: Rows = []
    for count in (sizes.items, 10 * sizes.items):
        database, asked = clustered(count, 64, rng), clustered(sizes.queries // 5, 64, rng)
        what = f"clustered, {count:,} x 64 bits, k=10"
        rows += compare(what, database, asked, 10, TWO, sizes.repetitions)
    return rows


def single(sizes: Sizes) -> Rows:
    """One query at a time."""
    rng = np.random.default_rng(2)
    rows: Rows = []
    for bits in (64, 128):
        database, asked = uniform(sizes.items, bits, rng), uniform(100, bits, rng)
        what = f"{sizes.items:,} x {bits} bits, k=10"
        rows += compare(what, database, asked, 10, TWO, sizes.repetitions, one_by_one=True)
    return rows


def on_threads(sizes: Sizes) -> Rows:
    """One query at a time on one thread and on all."""
    return threads(uniform(10 * sizes.items, 64, np.random.default_rng(3)), sizes.repetitions)


def tables(sizes: Sizes) -> Rows:
    """Other libraries: inverted lists and hash tables."""
    return _others(sizes, EXACT | TABLES)


def graphs(sizes: Sizes) -> Rows:
    """Other libraries: graphs of neighbours, which take long to build."""
    return _others(sizes, TWO | GRAPHS)


def _others(sizes: Sizes, engines: Mapping[str, Make]) -> Rows:
    rng = np.random.default_rng(4)
    rows: Rows = []
    for name, make in (("uniform", uniform), ("clustered", clustered)):
        database, asked = make(sizes.items, 64, rng), make(200, 64, rng)
        what = f"{name}, {sizes.items:,} x 64 bits, k=10"
        rows += compare(what, database, asked, 10, engines, min(sizes.repetitions, 3))
    return rows


def trained(sizes: Sizes) -> Rows:
    """Codes of a trained model, at every length."""
    if sizes.trained is None:
        return []
    database, asked = sizes.trained.database, sizes.trained.queries
    rows: Rows = []
    for bits in sizes.trained.lengths:
        cut, cut_asked = database.prefix(bits), asked.prefix(bits)
        different = cut.count_distinct() / len(cut)
        what = f"trained, {len(cut):,} x {bits} bits, {different:.0%} different, k=10"
        engines = EXACT | TABLES | GRAPHS
        rows += compare(what, cut, cut_asked, 10, engines, sizes.repetitions)
    return rows


def reranked(sizes: Sizes) -> Rows:
    """How near re-ranking comes to the floats' order."""
    return reranking(sizes.trained) if sizes.trained and sizes.trained.labels else []


def masks(sizes: Sizes) -> Rows:
    """Searches among some of the items."""
    rng = np.random.default_rng(5)
    return filters(
        uniform(sizes.items, 64, rng), uniform(sizes.queries, 64, rng), sizes.repetitions
    )


def files(sizes: Sizes) -> Rows:
    """Sizes, and opening from files."""
    rng = np.random.default_rng(6)
    return [
        from_files(make(count, 64, rng), make(1000, 64, rng), f"{name}, {count:,} x 64 bits")
        for name, make in (("uniform", uniform), ("clustered", clustered))
        for count in (sizes.items, 10 * sizes.items)
    ]


SECTIONS: dict[str, Callable[[Sizes], Rows]] = {
    "batch": batch,
    "clustered": many_copies,
    "single": single,
    "threads": on_threads,
    "tables": tables,
    "graphs": graphs,
    "trained": trained,
    "rerank": reranked,
    "filters": masks,
    "files": files,
}


def main() -> None:
    """Read the arguments, measure, and write the document after each section."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("sections", nargs="*", metavar="SECTION", help=", ".join(SECTIONS))
    parser.add_argument("--items", type=int, default=1_000_000)
    parser.add_argument("--queries", type=int, default=1000)
    parser.add_argument("--repetitions", type=int, default=5)
    parser.add_argument("--codes", type=Path, help="an index, or an .npz file (see codes.py)")
    parser.add_argument("--mapped", type=Path, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.mapped:
        mapped(options.mapped)
        return
    if unknown := sorted(set(options.sections) - set(SECTIONS)):
        parser.error(f"expected sections of {', '.join(SECTIONS)}, found {', '.join(unknown)}")
    codes = read_codes(options.codes) if options.codes else None
    sizes = Sizes(options.items, options.queries, options.repetitions, codes)
    for name in options.sections or SECTIONS:
        update(name, SECTIONS[name](sizes))


if __name__ == "__main__":
    main()
