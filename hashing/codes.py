"""Binary codes: the sign rule, packing, prefixes, hexadecimal text and `bitarray` views.

Symbols used throughout the project: N items in a database, Q queries, B pictures in a batch,
k results, `bits` the code length. Bit 1 stands where the logit is ≥ 0; bit 0 of a code is the
most significant bit of its first byte, so a shorter code is simply the first bytes of a longer one.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Self

import numpy as np
from bitarray import bitarray
from numpy.typing import NDArray

from hashing.errors import UsageError


@dataclass(frozen=True, eq=False)
class Codes:
    """N binary codes of one length.

    packed: uint8 `[N, bits / 8]`, C-contiguous, most significant bit first.
    bits: code length, a positive multiple of 8.
    """

    packed: NDArray[np.uint8]
    bits: int

    def __post_init__(self) -> None:
        check_bits(self.bits)
        expected = self.bits // 8
        if (
            self.packed.dtype != np.uint8
            or self.packed.ndim != 2
            or self.packed.shape[1] != expected
        ):
            raise UsageError(
                f"expected packed codes as uint8 [N, {expected}] for {self.bits} bits, "
                f"found {self.packed.dtype} {list(self.packed.shape)}"
            )
        if not self.packed.flags.c_contiguous:
            object.__setattr__(self, "packed", np.ascontiguousarray(self.packed))

    @classmethod
    def from_logits(cls, logits: NDArray[np.floating]) -> Self:
        """Binarise logits `[N, bits]`: bit 1 where the logit is ≥ 0. Raises UsageError on NaN."""
        if np.isnan(logits).any():
            raise UsageError("expected finite logits, found NaN: the model's weights are broken")
        return cls(np.packbits(logits >= 0, axis=1), logits.shape[1])

    @classmethod
    def from_hex(cls, texts: Sequence[str], bits: int) -> Self:
        """Codes from hexadecimal texts of `bits / 4` digits each; raises UsageError otherwise."""
        check_bits(bits)
        rows = [_bytes_from_hex(text, bits) for text in texts]
        return cls(np.frombuffer(b"".join(rows), np.uint8).reshape(len(rows), bits // 8), bits)

    @classmethod
    def concatenate(cls, parts: Sequence["Codes"]) -> Self:
        """All parts in order; they must be of one length."""
        lengths = sorted({part.bits for part in parts})
        if len(lengths) != 1:
            raise UsageError(f"expected parts of one code length, found {lengths}")
        return cls(np.concatenate([part.packed for part in parts]), lengths[0])

    def __len__(self) -> int:
        return int(self.packed.shape[0])

    def __getitem__(self, rows: slice | NDArray[np.integer] | NDArray[np.bool_]) -> "Codes":
        """The selected codes, always as `Codes` (a slice, an index array or a mask)."""
        return Codes(self.packed[rows], self.bits)

    def prefix(self, bits: int) -> "Codes":
        """The first `bits` bits of every code (a nested model's shorter code)."""
        check_bits(bits)
        if bits > self.bits:
            raise UsageError(f"expected a prefix of at most {self.bits} bits, found {bits}")
        return self if bits == self.bits else Codes(self.packed[:, : bits // 8], bits)

    def unpacked(self) -> NDArray[np.uint8]:
        """Bits as 0 and 1, uint8 `[N, bits]`."""
        return np.unpackbits(self.packed, axis=1)

    def words(self) -> NDArray[np.uint64]:
        """Each code in 64-bit words `[N, ceil(bits / 64)]`, filled up with zeros.

        The order of bits within a word is the machine's; meant for xor and population count.
        Codes that fill their words are not copied.
        """
        if self.bits % 64 == 0:
            return self.packed.view(np.uint64)
        padded = np.zeros((len(self), -(-self.bits // 64) * 8), np.uint8)
        padded[:, : self.packed.shape[1]] = self.packed
        return padded.view(np.uint64)

    def signs(self) -> NDArray[np.int8]:
        """Bits as −1 and +1, int8 `[N, bits]`."""
        return (self.unpacked().astype(np.int8) << 1) - 1

    def count_distinct(self) -> int:
        """How many different codes there are."""
        # Each row as one opaque value: rows are then compared as a whole.
        rows = self.packed.view(np.dtype((np.void, self.packed.shape[1])))
        return len(np.unique(rows))

    def hex(self) -> list[str]:
        """Each code as lower-case hexadecimal text."""
        return [row.tobytes().hex() for row in self.packed]

    def bitarray(self, row: int) -> bitarray:
        """One code as a big-endian `bitarray` (a copy)."""
        view = bitarray(endian="big")
        view.frombytes(self.packed[row].tobytes())
        return view


def check_bits(bits: int) -> None:
    """Raise UsageError unless `bits` is a positive multiple of 8."""
    if bits <= 0 or bits % 8:
        raise UsageError(f"expected a code length that is a positive multiple of 8, found {bits}")


def _bytes_from_hex(text: str, bits: int) -> bytes:
    try:
        row = bytes.fromhex(text)
    except ValueError:
        row = b""
    if len(row) != bits // 8 or len(text) != bits // 4:
        raise UsageError(f"expected a code of {bits // 4} hexadecimal digits, found {text[:80]!r}")
    return row
