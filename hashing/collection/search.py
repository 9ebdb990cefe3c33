"""The items nearest to one query, by its code or by its features."""

import time
from collections.abc import Iterator
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray
from PIL.Image import Image

from hashing.collection.answer import Answer
from hashing.collection.beside import beside_the_code
from hashing.collection.colours import coloured
from hashing.collection.controls import Candidates, make_answer
from hashing.collection.opened import Opened
from hashing.collection.request import Query, Refine
from hashing.errors import UsageError
from hashing.search import SearchRequest, SearchResult
from hashing.search.features import HAMMING, nearest_features, similarity
from hashing.store import Index

TIES = 200
"""Items equally far among which what is asked with is looked for."""
PART = 1 << 22
"""Numbers of features that are compared at a time."""


def search(opened: Opened, query: Query, refine: Refine) -> Answer:
    """Search by the distance asked for, then apply the controls; no network runs here.

    Items equally far are in the order of their ids, after the one that the picture is a copy of.
    """
    nearest = _by_codes if refine.by == HAMMING else _by_features

    def find(size: int) -> Candidates:
        pool = size + len(query.exclude)
        started = time.perf_counter()
        candidates = nearest(opened, query, refine, pool)
        if query.picture is not None and pool <= _tied(candidates) < TIES:
            candidates = nearest(opened, query, refine, TIES)
        seconds = time.perf_counter() - started
        candidates = candidates.take(~np.isin(candidates.ids, query.exclude))
        if query.picture is not None:
            candidates = _itself_first(opened, query.picture, candidates)
        candidates = replace(candidates.first(size), seconds=seconds)
        if refine.tones or refine.features:
            candidates = beside_the_code(opened, query, candidates, refine)
        return candidates

    return make_answer(opened, find, refine, query.code.hex(), asked=query.picture)


def _tied(candidates: Candidates) -> int:
    """How many of the first are equally far, as far as it matters."""
    far = candidates.distances if candidates.measured is None else candidates.measured
    return int(np.count_nonzero(np.cumprod(far[:TIES] == far[:1])))


def _itself_first(opened: Opened, picture: Image, candidates: Candidates) -> Candidates:
    """What is asked with, if it is there, before others that are exactly as far."""
    tied = _tied(candidates)
    if tied < 2:
        return candidates
    rows = opened.pictures.copied(picture, candidates.ids[:tied].tolist())
    return candidates.take(np.append(rows, np.delete(np.arange(len(candidates.ids)), rows)))


def _by_codes(opened: Opened, query: Query, refine: Refine, pool: int) -> Candidates:
    """Candidates by Hamming distance."""
    bits = opened.length(refine.bits)
    if refine.rerank is not None:
        # what is not re-ranked has no place in the order
        pool = max(refine.last, min(pool, refine.rerank))
    limit = refine.max_distance
    found = opened.index.search(
        SearchRequest(
            query.code,
            pool,
            where=refine.where,
            max_distance=None if limit is None else int(limit),
            allowed=coloured(opened, refine.palette, refine.where),
            bits=bits,
            logits=query.logits,
            rerank=refine.rerank,
        )
    )
    ids, distances, views = nearest_views(found)
    view = int(views[0]) if len(views) else 0
    relevance = 1 - 2 * distances.astype(np.float32) / np.float32(bits)
    # re-ranked ones have it dealt out from the greatest, as far as one stage chooses
    relevance = relevance[np.lexsort((-relevance, refine.stage_of(len(ids))))]
    return Candidates(ids, distances, relevance, complete=found.complete, view=view)


def _by_features(opened: Opened, query: Query, refine: Refine, pool: int) -> Candidates:
    """Candidates by a distance of features; the first view stands for all."""
    if not opened.info.features:
        raise UsageError(
            f"expected an index with features to search by {refine.by}, found codes alone: build "
            "it with --features"
        )
    if query.features is None:
        raise UsageError(
            f"expected a picture or a work to search by {refine.by}, found a code, which has no "
            "features"
        )
    ids = coloured(opened, refine.palette, refine.where)
    ids, measured = nearest_features(
        query.features,
        feature_parts(opened.index, opened.index.ids(refine.where) if ids is None else ids),
        refine.by,
        pool,
        refine.max_distance,
    )
    distances = opened.index.codes(ids).distances(query.code).min(axis=1).astype(np.int32)
    bits = opened.info.bits
    relevance = np.array([similarity(far, refine.by, bits) for far in measured], np.float32)
    return Candidates(ids, distances, relevance, measured)


def feature_parts(
    index: Index, ids: NDArray[np.int64]
) -> Iterator[tuple[NDArray[np.int64], NDArray[np.float16]]]:
    """Ids and features of some items, as many at a time as little memory holds."""
    step = max(1, PART // index.info.features)
    for start in range(0, len(ids), step):
        some = ids[start : start + step]
        yield some, index.features(some)


def nearest_views(
    found: SearchResult,
) -> tuple[NDArray[np.int64], NDArray[np.int32], NDArray[np.int64]]:
    """Ids by their distances to the nearest of several views, these, and which view that is.

    A single view's stay in their order.
    """
    if len(found.ids) == 1:
        there = found.ids[0] >= 0
        ids = found.ids[0][there]
        return ids, found.distances[0][there], np.zeros(len(ids), np.int64)
    ids, distances = found.ids.reshape(-1), found.distances.reshape(-1)
    order = np.lexsort((ids, distances))
    _, first = np.unique(ids[order], return_index=True)
    rows = order[np.sort(first)]
    rows = rows[ids[rows] >= 0]
    return ids[rows], distances[rows], rows // found.ids.shape[1]
