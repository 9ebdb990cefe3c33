import numpy as np
import pytest

from hashing.codes import Codes
from hashing.errors import UsageError
from hashing.metrics import code_statistics


def test_statistics_agree_with_numpy() -> None:
    rng = np.random.default_rng(1)
    codes = Codes.from_logits(rng.normal(size=(40_000, 6)) @ rng.normal(size=(6, 24)))
    found = code_statistics(codes)
    bits = codes.unpacked()
    correlation = np.abs(np.corrcoef(bits.T))[np.triu_indices(24, k=1)].mean()
    assert found.distinct == len(np.unique(codes.packed, axis=0))
    assert found.bit_correlation == pytest.approx(correlation)
    assert found.bit_balance == pytest.approx(1 - np.abs(2 * bits.mean(axis=0) - 1).mean())


def test_constant_bits_are_unbalanced_and_say_nothing() -> None:
    found = code_statistics(Codes(np.full((10, 2), 7, np.uint8), 16))
    assert (found.distinct, found.bit_balance, found.bit_correlation) == (1, 0, 1)


def test_one_bit_correlates_with_none() -> None:
    assert code_statistics(Codes.from_bits([[0], [1], [1]])).bit_correlation == 0


def test_no_codes_are_refused() -> None:
    with pytest.raises(UsageError, match="at least one"):
        code_statistics(Codes(np.empty((0, 1), np.uint8), 8))
