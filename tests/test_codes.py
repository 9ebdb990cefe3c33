import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from hashing.codes import Codes
from hashing.errors import UsageError

PACKED = st.integers(1, 33).flatmap(lambda width: arrays(np.uint8, (5, width)))


def of(packed: np.ndarray) -> Codes:
    return Codes(packed, packed.shape[1] * 8)


def test_bit_one_stands_where_the_logit_is_not_negative_first_bit_highest() -> None:
    logits = np.array([[0.0, -1, -0.5, -2, -1, -1, -1, 3], [-1, 1, 1, 1, 1, 1, 1, -0.0]])
    assert Codes.from_logits(logits).packed.tolist() == [[0b1000_0001], [0b0111_1111]]


def test_broken_logits_are_refused() -> None:
    with pytest.raises(UsageError, match="NaN"):
        Codes.from_logits(np.full((1, 8), np.nan))
    with pytest.raises(UsageError, match="multiple of 8"):
        Codes.from_logits(np.zeros((1, 12)))


@given(PACKED)
def test_every_form_says_the_same(packed: np.ndarray) -> None:
    codes = of(packed)
    assert np.array_equal(Codes.from_hex(codes.hex(), codes.bits).packed, packed)
    assert np.array_equal(Codes.from_logits(codes.signs()).packed, packed)
    assert codes.bitarray(3).tolist() == codes.unpacked()[3].tolist()
    assert codes.words().shape == (5, -(-packed.shape[1] // 8))
    assert np.array_equal(np.bitwise_count(codes.words()).sum(axis=1), codes.unpacked().sum(axis=1))


@given(PACKED, st.data())
def test_a_prefix_is_the_first_bits(packed: np.ndarray, data: st.DataObject) -> None:
    codes = of(packed)
    bits = data.draw(st.integers(1, packed.shape[1])) * 8
    assert np.array_equal(codes.prefix(bits).unpacked(), codes.unpacked()[:, :bits])
    assert codes.prefix(bits).packed.flags.c_contiguous


def test_prefixes_and_selections_are_checked() -> None:
    codes = of(np.arange(6, dtype=np.uint8).reshape(3, 2))
    assert codes.prefix(16) is codes
    with pytest.raises(UsageError, match="at most 16"):
        codes.prefix(24)
    with pytest.raises(UsageError, match="multiple of 8"):
        codes.prefix(12)
    assert codes[np.array([2, 0])].packed.tolist() == [[4, 5], [0, 1]]
    assert len(codes[:0]) == 0
    assert Codes.concatenate([codes, codes[1:]]).packed[3:].tolist() == [[2, 3], [4, 5]]
    with pytest.raises(UsageError, match=r"\[8, 16\]"):
        Codes.concatenate([codes, codes.prefix(8)])


@pytest.mark.parametrize(
    "packed",
    [np.zeros((2, 1), np.int8), np.zeros(2, np.uint8), np.zeros((2, 3), np.uint8)],
)
def test_other_arrays_are_no_codes(packed: np.ndarray) -> None:
    with pytest.raises(UsageError, match=r"uint8 \[N, 2\]"):
        Codes(packed, 16)


@pytest.mark.parametrize("text", ["", "12", "123456", "12 4", "xyzw", "1 23"])
def test_broken_hexadecimal_is_refused(text: str) -> None:
    with pytest.raises(UsageError, match="4 hexadecimal digits"):
        Codes.from_hex([text], 16)
