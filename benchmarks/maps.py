"""How far a map can be trusted: how often works lie together whose codes are not alike.

    python benchmarks/maps.py INDEX [--k 12] [--landmarks 1000]

Trustworthiness and continuity (Venna & Kaski 2001), 1 for a map that invents and tears apart
nothing. Trustworthiness asks of the k works that lie nearest to each on the map how many others
have codes nearer to its own; continuity swaps the two. Works of equal distance are in no order: a
rank counts only what is strictly nearer. Both are checked here against loops over a few works.
UMAP is measured where `umap-learn` is installed. Prints Markdown.
"""

import argparse
import importlib
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from hashing.codes import Codes
from hashing.collection import Collection
from hashing.collection.layout import lay_out

CHECKED = 60
"""Works that the loops go over."""

Distances = Callable[[int], NDArray[np.floating | np.integer]]
"""From a work to its distances to all N."""


def on_map(places: NDArray[np.floating]) -> Distances:
    """Straight lines between places `[N, 2]`."""
    return lambda i: np.linalg.norm(places - places[i], axis=1)


def of_codes(codes: Codes) -> Distances:
    """Hamming distances between N codes."""
    return lambda i: codes[i : i + 1].distances(codes)[0]


def trusted(near: Distances, true: Distances, count: int, k: int) -> float:
    """1 less the mean excess of `true` ranks among the k nearest by `near`; trustworthiness."""
    excess = 0.0
    for i in range(count):
        others = np.arange(count) != i
        mine, real = near(i)[others], np.sort(true(i)[others])
        chosen = np.argpartition(mine, k)[:k]
        rank = np.searchsorted(real, true(i)[others][chosen], side="left") + 1
        excess += float(np.maximum(0, rank - k).sum())
    return 1 - 2 * excess / (count * k * (2 * count - 3 * k - 1))


def trusted_by_loops(near: Distances, true: Distances, count: int, k: int) -> float:
    """The same, one pair after another."""
    excess = 0
    for i in range(count):
        mine, real = near(i), true(i)
        others = sorted((j for j in range(count) if j != i), key=lambda j: mine[j])
        for j in others[:k]:
            rank = 1 + sum(real[other] < real[j] for other in others)
            excess += max(0, rank - k)
    return 1 - 2 * excess / (count * k * (2 * count - 3 * k - 1))


def agreement(places: NDArray[np.floating], groups: NDArray[np.int64], k: int) -> float:
    """The share of the k works that lie nearest to each which are of its group."""
    near, found = on_map(places), []
    for i in np.flatnonzero(groups >= 0):
        gaps = near(int(i))
        gaps[i] = np.inf
        found.append((groups[np.argpartition(gaps, k)[:k]] == groups[i]).mean())
    return float(np.mean(found)) if found else 0.0


def layouts(codes: Codes, landmarks: int) -> dict[str, Callable[[], NDArray[np.floating]]]:
    """Ways to lay codes out, by name."""
    signs = codes.signs().astype(np.float32)

    def pca() -> NDArray[np.floating]:
        centred = signs - signs.mean(axis=0)
        return np.asarray(centred @ np.linalg.svd(centred, full_matrices=False)[2][:2].T)

    found: dict[str, Callable[[], NDArray[np.floating]]] = {
        "ours (t-SNE)": lambda: lay_out(codes),
        f"ours, {landmarks:,} landmarks": lambda: lay_out(codes, landmarks),
        "two principal components": pca,
        "by chance": lambda: np.random.default_rng(0).random((len(codes), 2)),
    }
    try:
        umap = importlib.import_module("umap")
    except ImportError:
        return found
    reducer = umap.UMAP(metric="hamming", random_state=0)
    return {"UMAP": lambda: np.asarray(reducer.fit_transform(signs > 0)), **found}


def main() -> None:
    """Measure one index."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("index", type=Path)
    parser.add_argument("--k", type=int, default=12)
    parser.add_argument("--landmarks", type=int, default=1000)
    options = parser.parse_args()
    with Collection.open(options.index) as art:
        ids = art.ids()
        codes = art.index.codes(ids)
        shown = [art.opened.shown(item, "group") for item in art.items(ids.tolist())]
    names = sorted(set(shown) - {""})
    groups = np.array([names.index(name) if name else -1 for name in shown], np.int64)
    print(f"{len(ids):,} works, {codes.count_distinct():,} distinct codes of {codes.bits} bits, ")
    print(f"k = {options.k}; seconds of one machine in one run.\n")
    print("| layout | trustworthiness | continuity | same group | s |\n|---|---|---|---|---|")
    for name, lay in layouts(codes, options.landmarks).items():
        start = time.perf_counter()
        places = lay()
        seconds = time.perf_counter() - start
        _check(places, codes)
        true, near = of_codes(codes), on_map(places)
        numbers = (
            trusted(near, true, len(ids), options.k),
            trusted(true, near, len(ids), options.k),
            agreement(places, groups, options.k),
        )
        print(f"| {name} | " + " | ".join(f"{n:.3f}" for n in numbers) + f" | {seconds:.0f} |")


def _check(places: NDArray[np.floating], codes: Codes) -> None:
    """Raise ArithmeticError where both calculations disagree on the first works."""
    some = places[:CHECKED].astype(np.float64), codes[:CHECKED]
    near, true = on_map(some[0]), of_codes(some[1])
    count = len(some[0])
    first, second = (way(near, true, count, 5) for way in (trusted, trusted_by_loops))
    if abs(first - second) > 1e-12:
        raise ArithmeticError(f"expected two equal calculations, found {first} and {second}")


if __name__ == "__main__":
    main()
