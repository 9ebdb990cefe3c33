"""Items for a taste: near what somebody likes and away from what they dislike."""

import time
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from hashing.codes import Codes
from hashing.collection.answer import Answer
from hashing.collection.colours import coloured
from hashing.collection.controls import Candidates, make_answer, pool_of
from hashing.collection.opened import Opened
from hashing.collection.request import Refine, Taste
from hashing.errors import UsageError
from hashing.recommend import rank_by_taste, taste_centres
from hashing.search import SearchRequest
from hashing.search.features import HAMMING

WIDER = 4
"""How many times as many items a taste's centres are asked for as a single item: those that all
likes agree on need not be the nearest to the centre."""


def recommend(opened: Opened, taste: Taste, refine: Refine) -> Answer:
    """Rank what lies around the centres of a taste, then apply the controls."""
    if refine.by != HAMMING:
        raise UsageError(f"expected a taste by {HAMMING} distance, found {refine.by}")
    bits = opened.length(refine.bits)
    likes, dislikes = taste.liked.prefix(bits), taste.disliked.prefix(bits)
    centres, sizes = taste_centres(likes)
    started = time.perf_counter()
    found = opened.index.search(
        SearchRequest(
            full_length(centres, opened.info.bits),
            WIDER * pool_of(refine) + len(taste.known),
            where=refine.where,
            allowed=coloured(opened, refine.palette, refine.where),
            bits=bits,
        )
    )
    seconds = time.perf_counter() - started
    ids = np.setdiff1d(found.ids, [-1, *taste.known])
    codes = opened.index.codes(ids).prefix(bits)
    apart = codes.distances(likes)
    distances = apart.min(axis=1)
    nearest_likes = dict(zip(ids.tolist(), apart.argmin(axis=1).tolist(), strict=True))
    order, relevance = rank_by_taste(codes, likes, centres, sizes, dislikes)
    candidates = Candidates(ids[order], distances[order], relevance)
    if refine.max_distance is not None:
        candidates = candidates.take(candidates.distances <= refine.max_distance)
    answer = make_answer(opened, None, candidates, refine, seconds, len(likes))
    hits = [replace(hit, nearest_like=nearest_likes[hit.id]) for hit in answer.hits]
    return replace(answer, hits=hits)


def full_length(centres: NDArray[np.float32], bits: int) -> Codes:
    """Codes of the centres, padded to the index's length (a prefix search ignores the rest)."""
    signs = np.where(centres >= 0, 1, -1)
    return Codes.from_signs(
        np.pad(signs, ((0, 0), (0, bits - centres.shape[1])), constant_values=1)
    )
