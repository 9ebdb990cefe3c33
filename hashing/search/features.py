"""Exact search over float features, by a distance that is chosen: a float for every item.

    cosine      1 − ⟨a, b⟩ / |a||b|, from 0 to 2; a vector of zeros is 1 from every other
    euclidean   |a − b|₂
    manhattan   |a − b|₁

Each pair is computed by itself in float64, so that equal vectors are equally far, whatever stands
beside them, and ties by id mean what they say.
"""

from collections.abc import Callable, Iterable, Mapping

import numpy as np
from numpy.typing import NDArray

from hashing.errors import UsageError, choose

HAMMING = "hamming"
"""The distance of codes: bits that differ."""

Floats = NDArray[np.float64]


def _each_pair(queries: Floats, rows: Floats, metric: str) -> Floats:
    from scipy.spatial.distance import cdist  # whoever goes by codes need not wait for it

    found: Floats = cdist(queries, rows, metric)
    return found


def _cosine(queries: Floats, rows: Floats) -> Floats:
    a, b = _unit(queries), _unit(rows)
    # half the squared distance of unit vectors: exactly 0 for equal ones, without cancellation
    found: Floats = _each_pair(a, b, "sqeuclidean") / 2
    drawn_a, drawn_b = (np.abs(each).max(axis=1, initial=0) > 0 for each in (a, b))
    only_one = drawn_a[:, None] != drawn_b
    found[only_one] = 1
    return found


def _euclidean(queries: Floats, rows: Floats) -> Floats:
    return _each_pair(queries, rows, "euclidean")


def _manhattan(queries: Floats, rows: Floats) -> Floats:
    return _each_pair(queries, rows, "cityblock")


DISTANCES: Mapping[str, Callable[[Floats, Floats], Floats]] = {
    "cosine": _cosine,
    "euclidean": _euclidean,
    "manhattan": _manhattan,
}
"""By name: queries `[Q, D]` and rows `[n, D]` to distances `[Q, n]`, all float64."""

MEASURES = (HAMMING, *DISTANCES)
"""All that a search may go by."""


def check_measure(by: str) -> str:
    """The same name. Raises UsageError for one that is no distance."""
    return choose("distance", by, dict(zip(MEASURES, MEASURES, strict=True)))


def half(features: NDArray[np.floating]) -> NDArray[np.float16]:
    """Features in half precision, as they are kept. Raises UsageError where they do not fit."""
    with np.errstate(over="ignore"):
        found = features.astype("<f2")
    if not np.isfinite(found).all():
        raise UsageError(
            "expected features of finite numbers up to 65,504, as half precision keeps them, found "
            "others: build without --features"
        )
    return found


def feature_distances(queries: NDArray[np.floating], rows: NDArray[np.floating], by: str) -> Floats:
    """Distances float64 `[Q, n]` of features `[Q, D]` and `[n, D]`. Raises UsageError."""
    distance = choose("distance of features", by, DISTANCES)
    return distance(queries.astype(np.float64), rows.astype(np.float64))


def nearest_features(
    queries: NDArray[np.floating],
    parts: Iterable[tuple[NDArray[np.int64], NDArray[np.floating]]],
    by: str,
    k: int,
    max_distance: float | None = None,
) -> tuple[NDArray[np.int64], Floats]:
    """Ids and distances of the k items nearest to any of the queries, ordered by (distance, id).

    queries: `[V, D]`, the views of one picture. parts: ids int64 `[n]` and features `[n, D]` of
    some items at a time, of which only the k nearest are kept.
    """
    ids, distances = np.empty(0, np.int64), np.empty(0, np.float64)
    for some, rows in parts:
        found = feature_distances(queries, rows, by).min(axis=0)
        keep = found <= (np.inf if max_distance is None else max_distance)
        ids = np.concatenate([ids, some[keep]])
        distances = np.concatenate([distances, found[keep]])
        best = np.lexsort((ids, distances))[:k]
        ids, distances = ids[best], distances[best]
    return ids, distances


def similarity(distance: float, by: str, bits: int) -> float:
    """How alike two items are, 1 where nothing tells them apart.

    hamming: the share of the bits that agree. cosine: the cosine. euclidean, manhattan:
    1 / (1 + distance).
    """
    if by == HAMMING:
        return 1 - distance / bits
    return 1 - distance if by == "cosine" else 1 / (1 + distance)


def _unit(rows: Floats) -> Floats:
    lengths = np.linalg.norm(rows, axis=1, keepdims=True)
    unit: Floats = rows / np.where(lengths > 0, lengths, 1)
    return unit
