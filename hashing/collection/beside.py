"""What counts beside the code: how works look from afar, and what the network saw of them.

A code that learned styles and hands calls much alike. Of what it calls so, those come first that
share colours, composition and subject with the query, too (see benchmarks/results/by_eye.md).
"""

import numpy as np
from numpy.typing import NDArray

from hashing.collection.controls import Candidates
from hashing.collection.opened import Opened
from hashing.collection.request import Query, Refine
from hashing.collection.tones import tones_apart

TONES = 2.0
"""Relevance, which goes from 1 to −1, that a distance of 1 in Oklab costs at weight 1."""


def beside_the_code(
    opened: Opened, query: Query, candidates: Candidates, refine: Refine
) -> Candidates:
    """Candidates in the order of relevance, tones and features together, by their weights.

    What is not known of a query, its looks or its features, does not count.
    """
    relevance = candidates.relevance
    if refine.tones and (far := tones_apart(opened, query, candidates.ids)) is not None:
        relevance = relevance - np.float32(TONES * refine.tones) * far
    if refine.features and (near := _cosines(opened, query, candidates.ids)) is not None:
        relevance = relevance + np.float32(refine.features) * near
    order = np.argsort(-relevance, kind="stable")
    ordered = candidates.take(order)
    return Candidates(ordered.ids, ordered.distances, relevance[order], ordered.measured)


def _cosines(opened: Opened, query: Query, ids: NDArray[np.int64]) -> NDArray[np.float32] | None:
    """Cosine of the features of M works and of the query's nearest view, float32 `[M]`."""
    if query.features is None or not opened.info.features:
        return None
    asked, there = _unit(query.features), _unit(opened.index.features(ids))
    nearest: NDArray[np.float32] = (there @ asked.T).max(axis=1)
    return nearest


def _unit(features: NDArray[np.float16]) -> NDArray[np.float32]:
    rows = features.astype(np.float32)
    unit: NDArray[np.float32] = rows / np.maximum(np.linalg.norm(rows, axis=1, keepdims=True), 1e-9)
    return unit
