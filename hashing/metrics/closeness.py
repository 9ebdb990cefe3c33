"""Words for distances that keep their promise: calibrated on pairs of which it is known.

A word stands for a share of pairs: of those at a distance that is called `close`, three in four
belong together. The share falls with the distance (isotonic regression by pooling adjacent
violators, Ayer et al. 1955), so that a word's distances reach up to one bound.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

from hashing.codes import Codes
from hashing.errors import ArtefactError
from hashing.metrics.evaluation import Relevance, tied_groups

LEVELS = {"very close": 0.9, "close": 0.75, "related": 0.5}
"""Words by the share of pairs that they promise to belong together, the nearest first."""
FAR = "distant"
"""What lies beyond the last bound."""
FEWEST = 100
"""Pairs up to a bound without which it is none."""


@dataclass(frozen=True)
class Closeness:
    """Words for distances.

    bounds: by code length in bits, the largest distance of each word that can be promised; no
    word is better than a false one.
    """

    bounds: Mapping[int, Mapping[str, int]]

    def word(self, distance: int, bits: int) -> str | None:
        """What a distance is called; None where nothing can be promised of this length."""
        bounds = self.bounds.get(bits)
        if not bounds:
            return None
        return next((word for word, most in bounds.items() if distance <= most), FAR)

    def within(self, other: Self) -> Self:
        """The words that both promise, each up to the nearer of its two bounds."""
        return type(self)(
            {
                bits: {
                    word: min(most, also[word]) for word, most in by_word.items() if word in also
                }
                for bits, by_word in self.bounds.items()
                for also in (other.bounds.get(bits, {}),)
            }
        )

    @classmethod
    def of(cls, pairs: Mapping[int, NDArray[np.int64]]) -> Self:
        """From how many pairs at each distance there are and belong together, by code length."""
        return cls({bits: _bounds(counts) for bits, counts in pairs.items()})

    @classmethod
    def read(cls, record: object) -> Self:
        """From JSON: words and distances by code length. Raises ArtefactError for anything else."""
        try:
            bounds = {
                int(bits): {word: by_word[word] for word in LEVELS if word in by_word}
                for bits, by_word in record["bounds"].items()  # type: ignore[index]
            }
        except (KeyError, TypeError, ValueError, AttributeError):
            raise ArtefactError("the model's closeness is damaged: calibrate it anew") from None
        for bits, by_word in bounds.items():
            distances = list(by_word.values())
            whole = all(type(distance) is int and 0 <= distance <= bits for distance in distances)
            if not whole or distances != sorted(distances):
                raise ArtefactError("the model's closeness is damaged: calibrate it anew")
        return cls(bounds)

    def as_dict(self) -> dict[str, Any]:
        """Plain values for JSON."""
        return {"bounds": {str(bits): dict(by_word) for bits, by_word in self.bounds.items()}}

    def kept(self, pairs: Mapping[int, NDArray[np.int64]]) -> dict[str, dict[str, Any]]:
        """How each word does on other pairs: their number, and the share that belongs together."""
        found: dict[str, dict[str, Any]] = {}
        for bits, by_word in self.bounds.items():
            first, found[str(bits)] = 0, {}
            for word, last in by_word.items():
                count, together = pairs[bits][first : last + 1].sum(axis=0).tolist()
                found[str(bits)][word] = {"pairs": count, "share": together / max(count, 1)}
                first = last + 1
        return found


def count_pairs(
    queries: Codes,
    database: Codes,
    lengths: Sequence[int],
    relevance: Sequence[Relevance],
    exclude: Sequence[Relevance] = (),
) -> dict[int, NDArray[np.int64]]:
    """How many pairs lie at each distance, and how many of them belong together.

    Returns int64 `[bits + 1, 2]` by code length. What counts is told as for `evaluate`; any grade
    above 0 belongs together.
    """
    counts = {}
    for bits in lengths:
        total = np.zeros((bits + 1, 2), np.int64)
        codes = queries.prefix(bits), database.prefix(bits)
        for groups in tied_groups(*codes, relevance, exclude):
            by_grade = groups.counts.sum(axis=0)
            total += np.stack([by_grade.sum(axis=1), by_grade[:, 1:].sum(axis=1)], axis=1)
        counts[bits] = total
    return counts


def _bounds(counts: NDArray[np.int64]) -> dict[str, int]:
    """The largest distance of each word that has enough pairs and distances of its own."""
    shares, enough = falling_shares(counts), np.cumsum(counts[:, 0]) >= FEWEST
    bounds, before = {}, -1
    for word, share in LEVELS.items():
        within = np.flatnonzero((shares >= share) & enough)
        if len(within) and within[-1] > before:
            bounds[word] = before = int(within[-1])
    return bounds


def falling_shares(counts: NDArray[np.int64]) -> NDArray[np.float64]:
    """The share of pairs that belong together by distance, float64 `[bits + 1]`, never rising.

    counts: int64 `[bits + 1, 2]`. Distances without pairs go with what lies before them.
    """
    blocks: list[list[float]] = []  # pairs, of them together, distances
    for pairs, together in counts.tolist():
        blocks.append([pairs, together, 1])
        while len(blocks) > 1 and _share(blocks[-1]) >= _share(blocks[-2]):
            last = blocks.pop()
            blocks[-1] = [a + b for a, b in zip(blocks[-1], last, strict=True)]
    return np.repeat([_share(block) for block in blocks], [int(block[2]) for block in blocks])


def _share(block: Sequence[float]) -> float:
    """Of a block without pairs 1: it takes the share of its neighbour when they are pooled."""
    return block[1] / block[0] if block[0] else 1.0
