"""The items nearest to one code."""

import time

import numpy as np

from hashing.collection.answer import Answer
from hashing.collection.controls import GROUP_SAMPLE, Candidates, make_answer, pool_of
from hashing.collection.opened import Opened
from hashing.collection.request import Query, Refine
from hashing.search import SearchRequest


def search(opened: Opened, query: Query, refine: Refine) -> Answer:
    """Search by Hamming distance, then apply the controls; no network runs here."""
    bits = opened.length(refine.bits)
    wanted = max(refine.last, GROUP_SAMPLE) if refine.is_plain else pool_of(refine)
    pool = wanted + len(query.exclude)
    if refine.rerank is not None:
        # what is not re-ranked has no place in the order
        pool = max(refine.last, min(pool, refine.rerank))
    started = time.perf_counter()
    found = opened.index.search(
        SearchRequest(
            query.code,
            pool,
            where=refine.where,
            max_distance=refine.max_distance,
            bits=bits,
            logits=query.logits,
            rerank=refine.rerank,
        )
    )
    seconds = time.perf_counter() - started
    keep = (found.ids[0] >= 0) & ~np.isin(found.ids[0], query.exclude)
    distances = found.distances[0][keep]
    relevance = np.sort(1 - 2 * distances.astype(np.float32) / bits)[::-1]
    candidates = Candidates(found.ids[0][keep], distances, relevance)
    return make_answer(
        opened, query.code.hex()[0], candidates, refine, seconds, asked=query.picture
    )
