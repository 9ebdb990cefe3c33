"""Which bits of a code no loss changes: those of `model.fitted`, the last of every length.

Codes that are learned from labels alone forget the rest, such as what the works of one hand have in
common whose name was never told. A share of every length's bits may therefore be fitted to what the
head takes, and the losses learn the others around them.
"""

import numpy as np
from numpy.typing import NDArray

from hashing.config import ModelConfig
from hashing.errors import UsageError


def fitted_bits(config: ModelConfig) -> list[NDArray[np.intp]]:
    """Places of the fitted bits that each length adds to the next shorter one: its last.

    Raises UsageError where `config.fitted` of a length's bits is no whole number from 1, or all.
    """
    found, before = [], 0
    for length in config.lengths if config.fitted else ():
        share = min(max(config.fitted, 0), 1)  # no number of bits is beyond
        count = round(length * share)
        if not 0 < count < length or abs(count - length * share) > 1e-6:
            raise UsageError(
                f"expected model.fitted to be a share that gives whole bits of {length}, such as "
                f"0.25, found {config.fitted:g}"
            )
        found.append(np.arange(length - (count - before), length))
        before = count
    return found


def count_fitted(config: ModelConfig) -> int:
    """Fitted bits of the longest code."""
    return sum(map(len, fitted_bits(config)))


def check_fitted_bits(config: ModelConfig, width: int) -> None:
    """Raise UsageError where more bits are fitted than features `[N, width]` have directions.

    So it does where `fitted_whiten` is no share, or whitens for bits that are not fitted.
    """
    if not 0 <= config.fitted_whiten <= (1 if config.fitted else 0):
        raise UsageError(
            "expected model.fitted_whiten from 0 to 1, and 0 without model.fitted, found "
            f"{config.fitted_whiten:g}: half is 0.5"
        )
    count = count_fitted(config)
    if count > width:
        raise UsageError(
            f"expected model.fitted to give at most {width} bits, the numbers that the head takes, "
            f"found {count}: lower it, or raise model.discriminants or model.whiten"
        )


def order_of_bits(config: ModelConfig) -> NDArray[np.intp]:
    """For each bit of a code its place among the learned bits followed by the fitted ones."""
    fitted = np.concatenate([np.empty(0, np.intp), *fitted_bits(config)])
    learned = np.setdiff1d(np.arange(config.lengths[-1]), fitted)
    return np.argsort(np.concatenate([learned, fitted]))
