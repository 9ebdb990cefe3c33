"""Asymmetric scores: how well the signs of a code agree with a query's logits.

score = Σ u_i · b_i with b = ±1, highest first. The logits u are rounded once to fixed point, so the
score is a sum of integers: the same in every engine, whatever the order of its additions.
"""

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from hashing.codes import Codes
from hashing.errors import UsageError

_TOP_BIT = 30
"""A score stays below 2^30 in size, so sums and differences fit an int32."""


def fixed_point(logits: NDArray[np.floating]) -> NDArray[np.int32]:
    """Logits `[Q, bits]` as integers, each row scaled by a power of two that keeps scores < 2^30.

    Raises UsageError on values that are not finite.
    """
    if not np.isfinite(logits).all():
        raise UsageError("expected finite logits, found NaN or infinity: the model is broken")
    wide = logits.astype(np.float64)
    _, exponents = np.frexp(np.abs(wide).sum(axis=1, keepdims=True))
    # rounding adds at most 1/2 a bit: one power of two less leaves room for it
    scaled: NDArray[np.float64] = np.ldexp(wide, _TOP_BIT - 1 - exponents)
    return np.rint(scaled).astype(np.int32)


def scores(weights: NDArray[np.int32], codes: Codes) -> NDArray[np.int64]:
    """Scores `[N]` of codes for one query's fixed-point logits int32 `[bits]`."""
    chosen: NDArray[np.int64] = codes.unpacked().astype(np.int64) @ weights.astype(np.int64)
    return 2 * chosen - int(weights.sum(dtype=np.int64))


def asymmetric_costs(
    queries: Codes, logits: NDArray[np.floating], database: Codes, rerank: int | None
) -> Iterator[NDArray[np.int64]]:
    """For each query a whole number an item, `[N]`, least first, that orders as the search does.

    Without rerank by (distance, falling score), else all items not farther than the R-th by
    (falling score, distance), then the others by distance. Items that an evaluation leaves out
    for a query, itself above all, count for the R-th as they do in the search.
    """
    last = min(rerank or 1, len(database)) - 1
    for row, weights in enumerate(fixed_point(logits)):
        distances = database.distances(queries[row : row + 1])[:, 0].astype(np.int64)
        falling = (1 << _TOP_BIT) - scores(weights, database)
        if rerank is None:
            yield (distances << 32) + falling
        else:
            near = distances <= np.partition(distances, last)[last]
            yield np.where(near, (falling << 16) + distances, (1 << 60) + distances)
