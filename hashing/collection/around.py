"""What lies around several codes at once, for tastes and mixes: found widely, then ranked."""

import time
from collections.abc import Callable, Collection
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from hashing.codes import Codes
from hashing.collection.answer import Answer
from hashing.collection.colours import coloured
from hashing.collection.controls import Candidates, make_answer, pool_of
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
    started = time.perf_counter()
    found = opened.index.search(
        SearchRequest(
            full_length(centres, opened.info.bits),
            WIDER * pool_of(refine) + len(known),
            where=refine.where,
            allowed=coloured(opened, refine.palette, refine.where),
            bits=bits,
        )
    )
    seconds = time.perf_counter() - started
    ids = np.setdiff1d(found.ids, [-1, *known])
    codes = opened.index.codes(ids).prefix(bits)
    apart = codes.distances(liked)
    nearest = dict(zip(ids.tolist(), apart.argmin(axis=1).tolist(), strict=True))
    order, relevance = rank(codes)
    candidates = Candidates(
        ids[order], apart.min(axis=1)[order], relevance, complete=found.complete
    )
    if refine.max_distance is not None:
        candidates = candidates.take(candidates.distances <= refine.max_distance)
    answer = make_answer(opened, None, candidates, refine, seconds, likes)
    hits = [replace(hit, nearest_like=nearest[hit.id]) for hit in answer.hits]
    return replace(answer, hits=hits)


def full_length(centres: NDArray[np.float32], bits: int) -> Codes:
    """Codes of the centres, padded to the index's length (a prefix search ignores the rest)."""
    signs = np.where(centres >= 0, 1, -1)
    return Codes.from_signs(
        np.pad(signs, ((0, 0), (0, bits - centres.shape[1])), constant_values=1)
    )
