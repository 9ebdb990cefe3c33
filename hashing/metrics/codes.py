"""What a set of codes looks like, whatever it is used for."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from hashing.codes import Codes
from hashing.errors import UsageError

_BLOCK = 1 << 14


@dataclass(frozen=True)
class CodeStatistics:
    """How well a set of codes uses its bits.

    distinct: number of different codes.
    bit_balance: mean over bits of 1 − |2p − 1|, p the share of ones; 1 is even, 0 constant.
    bit_correlation: mean |Pearson correlation| over all pairs of bits; a constant bit says no more
    than a copy would, so its pairs count as 1; one bit has none: 0.
    """

    distinct: int
    bit_balance: float
    bit_correlation: float


def code_statistics(codes: Codes) -> CodeStatistics:
    """Statistics of at least one code; raises UsageError on none."""
    if not len(codes):
        raise UsageError("expected at least one code, found none")
    products = _sign_products(codes) / len(codes)
    means, second = products[0, 1:], products[1:, 1:]
    deviation = np.sqrt(np.diag(second) - means**2)
    return CodeStatistics(
        distinct=codes.count_distinct(),
        bit_balance=float(np.mean(1 - np.abs(means))),
        bit_correlation=_mean_correlation(second - np.outer(means, means), deviation),
    )


def _sign_products(codes: Codes) -> NDArray[np.float64]:
    """Sums over all codes of the products of signs, a constant 1 standing before them."""
    total = np.zeros((codes.bits + 1, codes.bits + 1))
    for start in range(0, len(codes), _BLOCK):
        signs = codes[start : start + _BLOCK].signs().astype(np.float32)
        rows = np.hstack([np.ones((len(signs), 1), np.float32), signs])
        total += rows.T @ rows  # exact: at most 2^14 terms of ±1
    return total


def _mean_correlation(covariance: NDArray[np.float64], deviation: NDArray[np.float64]) -> float:
    scale = np.outer(deviation, deviation)
    correlation = np.ones_like(covariance)
    np.divide(np.abs(covariance), scale, out=correlation, where=scale > 0)
    pairs = correlation[np.triu_indices_from(correlation, k=1)]
    return float(np.minimum(pairs, 1).sum() / max(pairs.size, 1))
