import sys
from pathlib import Path

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

import hashing as ah
from hashing.codes import Codes, check_bits
from hashing.errors import InputError, UsageError

PACKED = st.integers(1, 33).flatmap(lambda width: arrays(np.uint8, (5, width)))


def of(packed: np.ndarray) -> Codes:
    return Codes(packed, packed.shape[1] * 8)


def test_bit_one_stands_where_the_logit_is_not_negative_first_bit_highest() -> None:
    logits = np.array([[0.0, -1, -0.5, -2, -1, -1, -1, 3], [-1, 1, 1, 1, 1, 1, 1, -0.0]])
    assert Codes.from_logits(logits).packed.tolist() == [[0b1000_0001], [0b0111_1111]]


def test_broken_logits_are_refused() -> None:
    with pytest.raises(UsageError, match="NaN"):
        Codes.from_logits(np.full((1, 8), np.nan))
    with pytest.raises(UsageError, match="positive code length"):
        Codes.from_logits(np.zeros((1, 0)))


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
    with pytest.raises(UsageError, match="at most 16 bits, found 0"):
        codes.prefix(0)
    assert codes[np.array([2, 0])].packed.tolist() == [[4, 5], [0, 1]]
    assert len(codes[:0]) == 0
    assert codes[1].packed.tolist() == codes[1:2].packed.tolist()
    assert [row.hex() for row in codes] == [[text] for text in codes.hex()]
    assert Codes.from_hex(["0xAF", "0f"], 8).hex() == ["af", "0f"]
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


def test_zeros_and_ones_are_no_logits() -> None:
    bits = np.array([[0, 1, 1, 0, 0, 1, 0, 1]])
    expected = of(np.packbits(bits, axis=1))
    tensor = torch.from_numpy(bits)
    for form in (bits, bits.astype(np.float32), bits.astype(bool), bits.astype(np.uint8), tensor):
        with pytest.raises(UsageError, match=r"only 0 and 1.*call Codes\.from_bits"):
            Codes.from_logits(form)
        assert Codes.from_bits(form).hex() == expected.hex()
    with pytest.raises(UsageError, match=r"call Codes\(packed, bits\)"):
        Codes.from_logits(expected.packed)
    # A dead network gives zeros, and one that never hesitates ones: neither looks like bits.
    assert Codes.from_logits(np.zeros((2, 8))).hex() == ["ff", "ff"]
    assert Codes.from_logits(np.ones((2, 8))).hex() == ["ff", "ff"]
    with pytest.raises(UsageError, match=r"uint8 \[2, 64\]: call Codes\.from_bits"):
        Codes(np.eye(2, 64, dtype=np.uint8), 64)
    with pytest.raises(UsageError, match="found list"):
        Codes([b"12345678"], 64)  # type: ignore[arg-type]


def test_outputs_of_a_sigmoid_are_no_logits() -> None:
    logits = np.random.default_rng(0).normal(size=(5, 16))
    shares = 1 / (1 + np.exp(-logits))
    with pytest.raises(UsageError, match=r"from 0 to 1 .*subtract 0\.5"):
        Codes.from_logits(shares)
    assert Codes.from_logits(shares - 0.5).hex() == Codes.from_logits(logits).hex()
    edges = shares.copy()
    edges[2, 3], edges[4, 5] = 0, 1
    with pytest.raises(UsageError, match=r"subtract 0\.5"):
        Codes.from_logits(edges)
    with pytest.raises(UsageError, match=r"subtract 0\.5"):
        Codes.from_logits(shares[:4])  # as few numbers as tell
    for others in (shares[:4, :15], shares * 1.9, np.vstack([shares[:3], -shares[3:]])):
        assert len(Codes.from_logits(others)) == len(others)


def test_tensors_leave_their_gradient_and_their_type_behind() -> None:
    logits = np.random.default_rng(0).normal(size=(3, 16)).astype(np.float32)
    expected = Codes.from_logits(logits)
    learning = torch.tensor(logits, requires_grad=True)
    assert Codes.from_logits(learning).hex() == expected.hex()
    assert Codes.from_logits(learning.bfloat16()).hex() == expected.hex()
    with pytest.raises(UsageError, match=r"call Codes\(packed, bits\)"):
        Codes.from_logits(torch.tensor(expected.packed))
    with pytest.raises(UsageError, match="found nothing"):
        Codes.from_logits(np.zeros((0, 8), np.uint8))


@given(PACKED)
def test_bits_and_signs_come_back(packed: np.ndarray) -> None:
    codes = of(packed)
    assert np.array_equal(Codes.from_bits(codes.unpacked()).packed, packed)
    assert np.array_equal(Codes.from_signs(codes.signs()).packed, packed)
    assert np.array_equal(Codes.of(codes.unpacked() == 1).packed, packed)
    if (packed > 1).any():
        assert np.array_equal(Codes.of(packed).packed, packed)
    if len(np.unique(codes.signs())) == 2:
        assert np.array_equal(Codes.of(codes.signs()).packed, packed)
        for call in (Codes.of, Codes.from_signs):
            with pytest.raises(UsageError):
                call(codes.unpacked())


def test_other_values_are_neither_bits_nor_signs() -> None:
    for call in (Codes.from_bits, Codes.from_signs):
        with pytest.raises(UsageError, match="from 0 to 2"):
            call(np.array([[0, 1, 2, 0, 1, 1, 1, 1]]))
        with pytest.raises(UsageError, match="one code is"):
            call(np.array([0, 1, 1, 0, 1, 1, 1, 1]))
    with pytest.raises(UsageError, match="expected numbers"):
        Codes.of(np.array([["a"]]))


@given(PACKED, PACKED)
def test_distances_are_counts_of_differing_bits(one: np.ndarray, other: np.ndarray) -> None:
    left = of(one)
    right = of(np.resize(other, one.shape))[:3]
    found = left.distances(right)
    assert found.dtype == np.int32
    differing = left.unpacked()[:, None] != right.unpacked()[None]
    assert np.array_equal(found, differing.sum(axis=2))
    with pytest.raises(UsageError, match=f"expected codes of {left.bits} bits"):
        left.distances(of(np.zeros((1, one.shape[1] + 1), np.uint8)))


def test_files_of_others(tmp_path: Path) -> None:
    rng = np.random.default_rng(0)
    logits = rng.normal(size=(7, 24)).astype(np.float32)
    codes = Codes.from_logits(logits)
    codes.save(tmp_path / "packed.npy")
    assert np.load(tmp_path / "packed.npy").shape == (7, 3)
    np.save(tmp_path / "logits.npy", logits)
    np.save(tmp_path / "bits.npy", logits >= 0)
    for name in ("packed", "logits", "bits"):
        assert Codes.load(tmp_path / f"{name}.npy").hex() == codes.hex()
    for broken in ("text.npy", "text.faiss", "none.npy"):
        if not broken.startswith("none"):
            (tmp_path / broken).write_text("no codes")
        with pytest.raises(InputError, match=broken) as error:
            Codes.load(tmp_path / broken)
        assert "\n" not in str(error.value)
    assert str(error.value).endswith("No such file or directory: '" + f"{tmp_path}/none.npy'")


@pytest.mark.parametrize("text", ["0010", "0100", "fff0", "0000"])
def test_a_file_gives_back_what_was_saved(tmp_path: Path, text: str) -> None:
    codes = Codes.from_hex([text, "0100"], 12)
    codes.save(tmp_path / "codes.npy")
    again = Codes.load(tmp_path / "codes.npy", 12)
    assert (again.bits, again.hex()) == (12, codes.hex())


def test_files_that_may_be_several_things_are_no_codes(tmp_path: Path) -> None:
    Codes.from_hex(["0001", "0100"], 16).save(tmp_path / "codes.npy")
    with pytest.raises(InputError, match=r"codes\.npy: .*from_bits; .* give their bits"):
        Codes.load(tmp_path / "codes.npy")
    with pytest.raises(InputError, match=r"for 24 bits, found uint8 \[2, 2\]$"):
        Codes.load(tmp_path / "codes.npy", 24)
    np.save(tmp_path / "words.npy", np.array([[1 << 60, 5]], np.uint64))
    with pytest.raises(InputError, match=r"call Codes\(packed\.view\(np\.uint8\), bits\)"):
        Codes.load(tmp_path / "words.npy")


def test_files_of_faiss(tmp_path: Path) -> None:
    faiss = pytest.importorskip("faiss")
    codes = Codes.from_logits(np.random.default_rng(0).normal(size=(7, 24)))
    codes.save(tmp_path / "ours.faiss")
    index = faiss.read_index_binary(str(tmp_path / "ours.faiss"))
    distances, ids = index.search(codes.packed, 1)
    assert distances.max() == 0
    assert ids[:, 0].tolist() == list(range(7))
    assert Codes.load(tmp_path / "ours.faiss").hex() == codes.hex()
    inverted = faiss.IndexBinaryHash(24, 8)
    faiss.write_index_binary(inverted, str(tmp_path / "hash.faiss"))
    with pytest.raises(InputError, match=r"flat binary index .*IndexBinaryHash"):
        Codes.load(tmp_path / "hash.faiss")


def test_any_number_of_bits_is_packed_with_zeros_after_it() -> None:
    rng = np.random.default_rng(0)
    bits = rng.integers(0, 2, (7, 12))
    codes = Codes.from_bits(bits)
    assert (codes.bits, codes.packed.shape) == (12, (7, 2))
    assert codes.unpacked().tolist() == bits.tolist()
    assert codes.prefix(9).unpacked().tolist() == bits[:, :9].tolist()
    assert codes.prefix(12) is codes
    long = Codes.from_bits(rng.integers(0, 2, (3, 65)))
    for length in range(1, 66):
        assert long.prefix(length).unpacked().tolist() == long.unpacked()[:, :length].tolist()
    assert np.bitwise_count(long.words()).sum(axis=1).tolist() == long.unpacked().sum(1).tolist()
    expected = (bits[:, None] != bits).sum(axis=2)
    assert codes.distances(codes).tolist() == expected.tolist()
    assert Codes.from_hex(codes.hex(), 12).packed.tolist() == codes.packed.tolist()
    assert codes.bitarray(3).tolist() == bits[3].tolist()
    with pytest.raises(UsageError, match="expected zeros after the 12 bits"):
        Codes(np.full((1, 2), 255, np.uint8), 12)


@pytest.mark.parametrize("bits", [9, 12, 36])
def test_engines_search_any_number_of_bits(bits: int) -> None:
    rng = np.random.default_rng(bits)
    queries, database = (Codes.from_bits(rng.integers(0, 2, (n, bits))) for n in (3, 500))
    found = ah.search(queries, database, 5, engine="scan")
    order = np.lexsort((np.arange(500) + np.zeros((3, 1), int), queries.distances(database)))
    assert found.ids.tolist() == order[:, :5].tolist()


def test_bitarrays_come_back_after_set_operations() -> None:
    codes = Codes.from_bits(np.random.default_rng(0).integers(0, 2, (2, 12)))
    one, other = codes.bitarray(0), codes.bitarray(1)
    back = Codes.from_bitarrays([one & other, one | other, one ^ other])
    bits = codes.unpacked()
    assert back.unpacked().tolist() == [
        (bits[0] & bits[1]).tolist(),
        (bits[0] | bits[1]).tolist(),
        (bits[0] ^ bits[1]).tolist(),
    ]
    assert (one ^ other).count() == codes.distances(codes)[0, 1]
    with pytest.raises(UsageError, match=r"one length, found \[12, 13\]"):
        Codes.from_bitarrays([one, one + one[:1]])


@pytest.mark.parametrize("bits", [0, -8, 12])
def test_an_index_holds_whole_bytes(bits: int) -> None:
    with pytest.raises(UsageError, match=f"multiple of 8, found {bits}"):
        check_bits(bits)
    check_bits(16)


def test_without_faiss_its_files_are_refused_with_a_way_on(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "faiss", None)
    with pytest.raises(UsageError, match="pip install faiss-cpu, or this distribution"):
        Codes.from_hex(["af"], 8).save(tmp_path / "codes.faiss")
    assert not list(tmp_path.iterdir())


def test_distinct_codes_are_counted_and_the_first_are_shown() -> None:
    codes = Codes.from_hex(["f0", "0f", "f0"] * 4, 8)
    assert codes.count_distinct() == 2
    assert repr(codes) == "Codes(12 of 8 bits)"
    shown = codes._repr_html_()
    assert shown.count("<td>f0</td>") == 5
    assert all(text in shown for text in (repr(codes), "<th>row</th>", "<th>hexadecimal</th>"))
