"""The engines compared: each takes a database and returns a function that searches it."""

from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from hashing.codes import Codes
from hashing.search import Engine, ReferenceEngine, ScanEngine, SearchRequest

Answer = tuple[NDArray[np.integer], NDArray[np.integer]]
"""Distances and ids `[Q, k]`."""
Search = Callable[[Codes, int], Answer]
Make = Callable[[Codes], Search]


def ours(database: Codes) -> Search:
    """Our bit-sliced scan."""
    engine = ScanEngine(database, threads=1)
    engine.warm()
    return searching(engine)


def with_numpy(database: Codes) -> Search:
    """Our reference engine."""
    return searching(ReferenceEngine(database))


def searching(engine: Engine) -> Search:
    """One of our engines as a function."""

    def search(queries: Codes, k: int) -> Answer:
        found = engine.search(SearchRequest(queries, k))
        return found.distances, found.ids

    return search


def faiss_flat(database: Codes) -> Search:
    """Exhaustive search by population count."""
    return _faiss(lambda faiss: faiss.IndexBinaryFlat(database.bits), database)


def faiss_ivf(database: Codes) -> Search:
    """Inverted lists around centres; one list in 64 is searched."""

    def make(faiss: Any) -> Any:
        quantizer = faiss.IndexBinaryFlat(database.bits)
        lists = max(16, int(4 * len(database) ** 0.5))
        index = faiss.IndexBinaryIVF(quantizer, database.bits, lists)
        index.cp.niter, index.nprobe = 5, max(1, lists // 64)
        index.train(database.packed[:: max(1, len(database) // 100_000)])
        return index

    return _faiss(make, database)


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
    """Four tables of up to 16 bits each, probed with up to one of them flipped."""

    def make(faiss: Any) -> Any:
        index = faiss.IndexBinaryMultiHash(database.bits, 4, min(16, database.bits // 4))
        index.nflip = 1
        return index

    return _faiss(make, database)


def _faiss(make: Callable[[Any], Any], database: Codes) -> Search:
    import faiss

    faiss.omp_set_num_threads(1)
    index = make(faiss)
    index.add(database.packed)

    def search(queries: Codes, k: int) -> Answer:
        distances, ids = index.search(queries.packed, k)
        return distances, ids

    return search


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


EXACT: dict[str, Make] = {"ours": ours, "faiss flat": faiss_flat, "numpy": with_numpy}
TABLES: dict[str, Make] = {
    "faiss IVF": faiss_ivf,
    "faiss hash": faiss_hash,
    "faiss multi-hash": faiss_multihash,
}
GRAPHS: dict[str, Make] = {"faiss HNSW": faiss_hnsw, "usearch": usearch}
SLOW = {"numpy": 20}
"""Engines that get only so many of the queries."""
