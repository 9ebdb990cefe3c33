"""Databases and queries to search: made up, or those of a trained model."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from hashing.codes import Codes
from hashing.store import open_index


@dataclass(frozen=True, eq=False)
class Trained:
    """Codes of a trained model. lengths: prefixes that are codes in their own right.

    labels, logits: of database and queries, None where only codes are at hand.
    """

    database: Codes
    queries: Codes
    lengths: tuple[int, ...]
    labels: tuple[list[str], list[str]] | None = None
    logits: tuple[NDArray[np.float32], NDArray[np.float32]] | None = None


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


def read_codes(path: Path) -> Trained:
    """Codes of an index, 1,000 of them queries; or what a file of logits and labels holds.

    The file: `database`, `queries` float32 `[N, bits]` and `[Q, bits]`, the model's logits;
    `database_labels`, `query_labels`; `lengths`.
    """
    if path.is_dir():
        with open_index(path) as index:
            codes = index.codes(index.ids())
            chosen = np.random.default_rng(0).permutation(len(codes))[:1000]
            return Trained(codes, codes[chosen], index.info.lengths)
    with np.load(path) as file:
        database, queries = file["database"], file["queries"]
        return Trained(
            Codes.from_logits(database),
            Codes.from_logits(queries),
            tuple(file["lengths"].tolist()),
            (file["database_labels"].tolist(), file["query_labels"].tolist()),
            (database, queries),
        )
