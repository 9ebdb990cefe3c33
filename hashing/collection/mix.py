"""Items for several questions at once, each with a weight: near the ones, away from the others."""

import time
from dataclasses import replace

import numpy as np

from hashing.collection.answer import Answer
from hashing.collection.colours import coloured
from hashing.collection.controls import Candidates, make_answer, pool_of
from hashing.collection.opened import Opened
from hashing.collection.recommend import full_length
from hashing.collection.request import Mix, Refine
from hashing.errors import UsageError
from hashing.recommend import rank_by_mix
from hashing.search import SearchRequest
from hashing.search.features import HAMMING

WIDER = 4
"""How many times as many items each part is asked for as alone: what is near all of them need not
be nearest to any."""


def mix(opened: Opened, asked: Mix, refine: Refine) -> Answer:
    """Rank what is near the wanted parts, and near their weighted mean, by all parts together."""
    if refine.by != HAMMING:
        raise UsageError(f"expected a mix by {HAMMING} distance, found {refine.by}")
    bits = opened.length(refine.bits)
    wanted = asked.weights > 0
    mean = asked.weights[wanted] @ asked.codes[np.flatnonzero(wanted)].signs()
    works = asked.codes.prefix(bits)
    liked = works[np.flatnonzero(wanted)]
    rows = np.vstack([liked.signs(), mean[None, :bits]])
    started = time.perf_counter()
    found = opened.index.search(
        SearchRequest(
            full_length(rows.astype(np.float32), opened.info.bits),
            WIDER * pool_of(refine) + len(asked.known),
            where=refine.where,
            allowed=coloured(opened, refine.palette, refine.where),
            bits=bits,
        )
    )
    seconds = time.perf_counter() - started
    ids = np.setdiff1d(found.ids, [-1, *asked.known])
    codes = opened.index.codes(ids).prefix(bits)
    apart = codes.distances(liked)
    nearest = dict(zip(ids.tolist(), apart.argmin(axis=1).tolist(), strict=True))
    order, relevance = rank_by_mix(codes, works, asked.weights)
    candidates = Candidates(ids[order], apart.min(axis=1)[order], relevance)
    if refine.max_distance is not None:
        candidates = candidates.take(candidates.distances <= refine.max_distance)
    answer = make_answer(opened, None, candidates, refine, seconds)
    hits = [replace(hit, nearest_like=nearest[hit.id]) for hit in answer.hits]
    return replace(answer, hits=hits)
