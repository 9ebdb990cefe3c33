"""The items nearest to one code."""

import time

import numpy as np
from numpy.typing import NDArray

from hashing.collection.answer import Answer
from hashing.collection.controls import GROUP_SAMPLE, Candidates, make_answer, pool_of
from hashing.collection.opened import Opened
from hashing.collection.request import Query, Refine
from hashing.search import SearchRequest, SearchResult


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
    ids, distances, view = _nearest_view(found)
    keep = (ids >= 0) & ~np.isin(ids, query.exclude)
    ids, distances = ids[keep], distances[keep]
    relevance = np.sort(1 - 2 * distances.astype(np.float32) / np.float32(bits))[::-1]
    candidates = Candidates(ids, distances, relevance)
    return make_answer(
        opened, query.code.hex()[view], candidates, refine, seconds, asked=query.picture
    )


def _nearest_view(found: SearchResult) -> tuple[NDArray[np.int64], NDArray[np.int32], int]:
    """Ids and their distances to the nearest of several views, and the view with the least."""
    if len(found.ids) == 1:
        return found.ids[0], found.distances[0], 0
    ids, distances = found.ids.reshape(-1), found.distances.reshape(-1)
    order = np.lexsort((ids, distances))
    _, first = np.unique(ids[order], return_index=True)
    rows = order[np.sort(first)]
    view = int(rows[0]) // found.ids.shape[1] if len(rows) else 0
    return ids[rows], distances[rows], view
