"""What counts beside the code: how works look from afar, and what the network saw of them.

A code that learned styles and hands calls much alike. Of what it calls so, those come first that
share colours, composition and subject with the query, too (see benchmarks/results/by_eye.md).
"""

from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from hashing.collection.colours import Floats
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

    What is not known of a query, its looks or its features, does not count. Each stage of an answer
    has its own order (see `Refine.pools`), and what comes after them all stays as it is near.
    """
    relevance = candidates.relevance
    if len(query.code) > 1 and candidates.measured is None:
        bits = opened.length(refine.bits)
        relevance = likeness(
            opened, query, candidates.ids, tones=refine.tones, features=refine.features, bits=bits
        ).max(axis=1)
    else:
        relevance = relevance + _beside(
            opened, query, candidates.ids, refine.tones, refine.features
        ).max(axis=1)
    stage = refine.stage_of(len(relevance))
    order = np.lexsort((np.where(stage < len(refine.stages), -relevance, 0), stage))
    return replace(candidates.take(order), relevance=relevance[order])


def likeness(
    opened: Opened,
    query: Query,
    ids: NDArray[np.int64],
    *,
    tones: float,
    features: float,
    bits: int,
) -> Floats:
    """How alike M works and each of V views are by code, tones and features, float32 `[M, V]`."""
    distances = opened.index.codes(ids).prefix(bits).distances(query.code.prefix(bits))
    near: Floats = (1 - 2 * distances / bits).astype(np.float32)
    return near + _beside(opened, query, ids, tones, features)


def _beside(
    opened: Opened, query: Query, ids: NDArray[np.int64], tones: float, features: float
) -> Floats:
    """What tones and features add to relevance, float32 `[M, V]`, or `[M, 1]` of nothing."""
    found = np.zeros((len(ids), 1), np.float32)
    if tones and (far := tones_apart(opened, query, ids)) is not None:
        found = found - np.float32(TONES * tones) * far
    if features and query.features is not None and opened.info.features:
        there, asked = _unit(opened.index.features(ids)), _unit(query.features)
        found = found + np.float32(features) * (there @ asked.T)
    return found


def _unit(features: NDArray[np.float16]) -> Floats:
    rows = features.astype(np.float32)
    unit: Floats = rows / np.maximum(np.linalg.norm(rows, axis=1, keepdims=True), 1e-9)
    return unit
