"""What lies around several codes at once, for tastes and mixes: found widely, then ranked."""

import time
from bisect import bisect_left
from collections.abc import Callable, Collection
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from hashing.codes import Codes
from hashing.collection.answer import Answer
from hashing.collection.colours import coloured
from hashing.collection.controls import Candidates, make_answer
from hashing.collection.opened import Opened
from hashing.collection.request import Refine
from hashing.errors import UsageError
from hashing.search import SearchRequest
from hashing.search.features import HAMMING

WIDER = 4
"""How many times as many items each centre is asked for as a single item: those that all likes
agree on need not be the nearest to a centre, nor to any of them."""

Rank = Callable[[Codes], tuple[NDArray[np.int64], NDArray[np.float32]]]
"""From codes of candidates to their order and the relevance of each, in that order."""


def length_by_hamming(opened: Opened, refine: Refine, what: str) -> int:
    """The code length that is asked for. Raises UsageError where it is not by Hamming distance."""
    if refine.by != HAMMING:
        raise UsageError(f"expected {what} by {HAMMING} distance, found {refine.by}")
    return opened.length(refine.bits)


def look_around(
    opened: Opened,
    centres: NDArray[np.float32],
    liked: Codes,
    known: Collection[int],
    rank: Rank,
    refine: Refine,
    likes: int = 1,
) -> Answer:
    """Rank what lies around some centres, then apply the controls.

    centres: values float32 `[C, bits]` whose signs are searched with. liked: codes of as many
    bits, of which the nearest is told of each hit. known: ids that are left out. likes: see
    `make_answer`.
    """
    bits = centres.shape[1]

    def find(size: int) -> Candidates:
        steps = _steps(refine, size)
        started = time.perf_counter()
        found = opened.index.search(
            SearchRequest(
                full_length(centres, opened.info.bits),
                WIDER * steps[-1] + len(known),
                where=refine.where,
                allowed=coloured(opened, refine.palette, refine.where),
                bits=bits,
            )
        )
        seconds = time.perf_counter() - started
        ids = np.setdiff1d(found.ids, [-1, *known])
        codes = opened.index.codes(ids).prefix(bits)
        rows, relevance = np.empty(0, np.int64), np.empty(0, np.float32)
        for step in steps:
            near = np.setdiff1d(found.ids[:, : WIDER * step + len(known)], [-1, *known])
            near = np.searchsorted(ids, near)
            order, told = rank(codes[near])
            new = ~np.isin(near[order], rows)
            rows = np.append(rows, near[order][new])[:step]
            relevance = np.append(relevance, told[new])[:step]
        apart = codes[rows].distances(liked).min(axis=1)
        candidates = Candidates(ids[rows], apart, relevance, None, found.complete)
        return replace(candidates.first(size), seconds=seconds)

    answer = make_answer(opened, find, refine, likes=likes)
    shown = opened.index.codes(hit.id for hit in answer.hits).prefix(bits)
    nearest = shown.distances(liked).argmin(axis=1).tolist()
    hits = [
        replace(hit, nearest_like=place) for hit, place in zip(answer.hits, nearest, strict=True)
    ]
    return replace(answer, hits=hits)


def _steps(refine: Refine, size: int) -> list[int]:
    """How many candidates are ranked before more are, up to a size.

    A rank tells of all that is ranked with it, so what is ranked together hangs on no page.
    """
    steps = refine.pools
    while steps[-1] < size:
        steps.append(2 * steps[-1])
    return steps[: bisect_left(steps, size) + 1]


def full_length(centres: NDArray[np.float32], bits: int) -> Codes:
    """Codes of the centres, padded to the index's length (a prefix search ignores the rest)."""
    signs = np.where(centres >= 0, 1, -1)
    return Codes.from_signs(
        np.pad(signs, ((0, 0), (0, bits - centres.shape[1])), constant_values=1)
    )
