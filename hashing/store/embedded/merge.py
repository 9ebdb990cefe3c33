"""One answer from several engines, each over other items: the same as from one over all."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from hashing.codes import Codes
from hashing.search import NO_ID, Engine, RadiusResult, SearchResult
from hashing.search.scores import fixed_point, scores

CodesOf = Callable[[NDArray[np.int64]], Codes]
"""The codes of ids int64 `[n]`, in their order."""


@dataclass(frozen=True, slots=True)
class Part:
    """An engine and which of its items are allowed (None: all)."""

    engine: Engine
    allowed: NDArray[np.bool_] | None


def both(parts: Sequence[Part], others: Sequence[Part]) -> list[Part]:
    """The same engines with what both allow."""
    return [
        Part(
            part.engine,
            part.allowed
            if other.allowed is None
            else other.allowed
            if part.allowed is None
            else part.allowed & other.allowed,
        )
        for part, other in zip(parts, others, strict=True)
    ]


def nearest(
    parts: Sequence[Part],
    queries: Codes,
    k: int,
    *,
    max_distance: int | None = None,
    bits: int | None = None,
    logits: NDArray[np.float32] | None = None,
    rerank: int | None = None,
    codes_of: CodesOf,
) -> SearchResult:
    """The k nearest items of all parts; the arguments are those of `Engine.search`."""
    if len(parts) == 1:
        (part,) = parts
        return part.engine.search(
            queries,
            k,
            allowed=part.allowed,
            max_distance=max_distance,
            bits=bits,
            logits=logits,
            rerank=rerank,
        )
    if rerank is not None and logits is not None:
        return _reranked(parts, queries, k, max_distance, bits, logits, rerank, codes_of)
    found = [
        part.engine.search(
            queries, k, allowed=part.allowed, max_distance=max_distance, bits=bits, logits=logits
        )
        for part in parts
    ]
    ids = np.concatenate([part.ids for part in found], axis=1)
    distances = np.concatenate([part.distances for part in found], axis=1)
    # padding has the largest distance and so comes last
    keys: tuple[NDArray[np.integer], ...] = (ids, distances)
    if logits is not None:
        weights = fixed_point(logits[:, : bits or queries.bits])
        keys = (ids, -_scores(ids, weights, codes_of), distances)
    order = np.lexsort(keys, axis=1)[:, :k]
    return SearchResult(
        np.take_along_axis(ids, order, axis=1), np.take_along_axis(distances, order, axis=1)
    )


def within(
    parts: Sequence[Part], queries: Codes, max_distance: int, *, bits: int | None = None
) -> RadiusResult:
    """All items of all parts not farther than `max_distance`, each query's by (distance, id)."""
    found = [
        part.engine.radius(queries, max_distance, allowed=part.allowed, bits=bits) for part in parts
    ]
    if len(found) == 1:
        return found[0]
    counts = np.array([np.diff(part.offsets) for part in found])
    query = np.concatenate([np.repeat(np.arange(len(queries)), count) for count in counts])
    ids = np.concatenate([part.ids for part in found])
    distances = np.concatenate([part.distances for part in found])
    order = np.lexsort((ids, distances, query))
    offsets = np.concatenate([[0], counts.sum(axis=0).cumsum()]).astype(np.int64)
    return RadiusResult(offsets, ids[order], distances[order])


def _reranked(
    parts: Sequence[Part],
    queries: Codes,
    k: int,
    max_distance: int | None,
    bits: int | None,
    logits: NDArray[np.float32],
    rerank: int,
    codes_of: CodesOf,
) -> SearchResult:
    """All items not farther than the R-th of all parts, by (falling score, distance, id)."""
    plain = nearest(parts, queries, rerank, max_distance=max_distance, bits=bits, codes_of=codes_of)
    columns = min(k, plain.ids.shape[1])
    ids = np.full((len(queries), columns), NO_ID, np.int64)
    distances = np.full(ids.shape, (bits or queries.bits) + 1, np.int32)
    weights = fixed_point(logits[:, : bits or queries.bits])
    for row in range(len(queries) if columns else 0):
        reached = plain.distances[row][plain.ids[row] != NO_ID].max(initial=-1)
        if reached < 0:
            continue
        near = within(parts, queries[row : row + 1], int(reached), bits=bits)
        score = _scores(near.ids[None], weights[row : row + 1], codes_of)[0]
        order = np.lexsort((near.ids, near.distances, -score))[:columns]
        ids[row, : len(order)] = near.ids[order]
        distances[row, : len(order)] = near.distances[order]
    return SearchResult(ids, distances)


def _scores(
    ids: NDArray[np.int64], weights: NDArray[np.int32], codes_of: CodesOf
) -> NDArray[np.int64]:
    """Scores `[Q, n]` of ids `[Q, n]` by each query's weights; 0 where padded."""
    unique, place = np.unique(ids[ids != NO_ID], return_inverse=True)
    codes = codes_of(unique).prefix(weights.shape[1])
    result = np.zeros(ids.shape, np.int64)
    rows = np.nonzero(ids != NO_ID)[0]
    for row in range(len(ids)):
        result[row, ids[row] != NO_ID] = scores(weights[row], codes[place[rows == row]])
    return result
