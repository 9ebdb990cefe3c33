"""Binary codes: the sign rule, packing, prefixes, distances, hexadecimal text, files.

Symbols used throughout the project: N items in a database, Q queries, B pictures in a batch,
k results, `bits` the code length. Bit 1 stands where the logit is ≥ 0; bit 0 of a code is the
most significant bit of its first byte, so a shorter code is simply the first bytes of a longer one.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Self

import numpy as np
from bitarray import bitarray
from numpy.typing import ArrayLike, NDArray

from hashing.codes.arrays import bytes_from_hex, contents, matrix, only_bits
from hashing.codes.files import read_packed, write_packed
from hashing.errors import UsageError
from hashing.tables import Table

SHOWN = 8
"""Codes that a notebook shows."""


@dataclass(frozen=True, eq=False)
class Codes:
    """N binary codes of one length, packed.

    They come from a `Model`, or from any other by `from_logits`, `from_signs`, `from_bits`,
    `from_hex`, `from_bitarrays`, `load`, or as `Codes(packed, bits)`; they go out as `packed`,
    `unpacked()`, `signs()`, `words()`, `hex()`, `bitarray()` and `save()`. PyTorch takes these
    arrays without a copy by `torch.from_numpy`, and its tensors are taken wherever an array is.

    Args:
        packed: uint8 `[N, ⌈bits / 8⌉]`, most significant bit first, the last byte filled up by 0.
        bits: code length; indexes hold multiples of 8, any other can be measured.

    Raises:
        UsageError: the array is of another type or shape, or its last byte holds more bits.

    Example:
        >>> codes = Codes.from_hex(["f0", "ff", "0f"], 8)
        >>> codes.distances(codes[:1]).tolist()
        [[0], [4], [8]]
        >>> codes.packed.tolist(), len(codes)
        ([[240], [255], [15]], 3)
    """

    packed: NDArray[np.uint8]
    bits: int

    def __post_init__(self) -> None:
        if self.bits <= 0:
            raise UsageError(f"expected a positive code length, found {self.bits}")
        expected = -(-self.bits // 8)
        if (
            self.packed.dtype != np.uint8
            or self.packed.ndim != 2
            or self.packed.shape[1] != expected
        ):
            raise UsageError(
                f"expected packed codes as uint8 [N, {expected}] for {self.bits} bits, "
                f"found {self.packed.dtype} {list(self.packed.shape)}"
            )
        if self.bits % 8 and (self.packed[:, -1] & (0xFF >> self.bits % 8)).any():
            raise UsageError(f"expected zeros after the {self.bits} bits of every code, found ones")
        if not self.packed.flags.c_contiguous:
            object.__setattr__(self, "packed", np.ascontiguousarray(self.packed))

    @classmethod
    def from_logits(cls, logits: ArrayLike) -> Self:
        """Binarise what a network gives: bit 1 where the logit is ≥ 0.

        Args:
            logits: floats or signed integers `[N, bits]`.

        Raises:
            UsageError: a logit is NaN, or the array holds only 0 and 1 or packed bytes, which
                are not logits: all of them are ≥ 0, so that all codes would be equal.

        Example:
            >>> Codes.from_logits([[0.3, -2.0, 0.0, -0.1, 1.0, 1.0, 1.0, 1.0]]).hex()
            ['af']
        """
        array = matrix(logits)
        if array.dtype.kind in "bu" or only_bits(array):
            right = (
                "Codes(packed, bits)"
                if array.dtype == np.uint8 and not only_bits(array)
                else "Codes.from_bits"
            )
            raise UsageError(
                f"expected logits of either sign, found {contents(array)}, which would all "
                f"become bit 1: call {right}"
            )
        if np.isnan(array).any():
            raise UsageError("expected finite logits, found NaN: the model's weights are broken")
        return cls(np.packbits(array >= 0, axis=1), array.shape[1])

    @classmethod
    def from_signs(cls, signs: ArrayLike) -> Self:
        """Codes from −1 and +1 `[N, bits]`; UsageError where anything else is among them.

        Example:
            >>> Codes.from_signs([[1, -1, 1, -1, 1, 1, 1, 1]]).hex()
            ['af']
        """
        array = matrix(signs)
        if not np.isin(array, (-1, 1)).all():
            raise UsageError(f"expected only -1 and 1, found {contents(array)}")
        return cls(np.packbits(array > 0, axis=1), array.shape[1])

    @classmethod
    def from_bits(cls, bits: ArrayLike) -> Self:
        """Codes from 0 and 1, or False and True, `[N, bits]`; UsageError for anything else.

        Example:
            >>> Codes.from_bits([[1, 0, 1, 0, 1, 1, 1, 1]]).hex()
            ['af']
        """
        array = matrix(bits)
        if not np.isin(array, (0, 1)).all():
            raise UsageError(f"expected only 0 and 1, found {contents(array)}")
        return cls(np.packbits(array != 0, axis=1), array.shape[1])

    @classmethod
    def from_hex(cls, texts: Sequence[str], bits: int) -> Self:
        """Codes from hexadecimal texts, two digits a byte; raises UsageError otherwise."""
        rows = [bytes_from_hex(text, bits) for text in texts]
        return cls(np.frombuffer(b"".join(rows), np.uint8).reshape(len(rows), -(-bits // 8)), bits)

    @classmethod
    def from_bitarrays(cls, rows: Sequence[bitarray]) -> Self:
        """Codes from a `bitarray` each, of one length and at least one; UsageError otherwise.

        Example:
            >>> codes = Codes.from_hex(["f0", "3c"], 8)
            >>> Codes.from_bitarrays([codes.bitarray(0) & codes.bitarray(1)]).hex()
            ['30']
        """
        lengths = sorted({len(row) for row in rows})
        if len(lengths) != 1:
            raise UsageError(f"expected bitarrays of one length, found {lengths or 'none'}")
        return cls.from_bits([row.tolist() for row in rows])

    @classmethod
    def concatenate(cls, parts: Sequence["Codes"]) -> Self:
        """All parts in order; they must be of one length."""
        lengths = sorted({part.bits for part in parts})
        if len(lengths) != 1:
            raise UsageError(f"expected parts of one code length, found {lengths}")
        return cls(np.concatenate([part.packed for part in parts]), lengths[0])

    @classmethod
    def of(cls, codes: "Codes | ArrayLike") -> "Codes":
        """Codes of any form that says by itself what it is.

        Args:
            codes: `Codes`; uint8, packed; bool, bits; −1 and +1, signs; other floats and signed
                integers, logits. Each `[N, …]`, a NumPy array or a PyTorch tensor.

        Raises:
            UsageError: the array is of none of these forms, or only 0 and 1, which may be several.
        """
        if isinstance(codes, Codes):
            return codes
        array = matrix(codes)
        if array.dtype == np.bool_:
            return cls.from_bits(array)
        if array.dtype == np.uint8 and not (only_bits(array) and array.any()):
            return cls(array, 8 * array.shape[1])
        return cls.from_logits(array)

    @classmethod
    def load(cls, file: str | Path) -> "Codes":
        """Read codes from a file.

        Args:
            file: `.npy` with an array of any form that `of` takes, or a binary index of faiss
                (`.faiss`, `.index`, …; needs the extra `faiss`).

        Raises:
            InputError: the file is neither.
        """
        found, bits = read_packed(Path(file))
        return cls.of(found) if bits is None else cls(found, bits)

    def save(self, file: str | Path) -> None:
        """Write the codes, packed: as `.npy`, or by any other name as a flat index of faiss.

        The file is complete or absent; it knows whole bytes, not how many bits of them are used.
        """
        write_packed(Path(file), self.packed)

    def __len__(self) -> int:
        return int(self.packed.shape[0])

    def __repr__(self) -> str:
        return f"Codes({len(self):,} of {self.bits} bits)"

    def _repr_html_(self) -> str:
        rows = [(str(row), text) for row, text in enumerate(self[:SHOWN].hex())]
        return Table(repr(self), ("row", "hexadecimal"), rows)._repr_html_()

    def __getitem__(self, rows: slice | NDArray[np.integer] | NDArray[np.bool_]) -> "Codes":
        """The selected codes, always as `Codes` (a slice, an index array or a mask)."""
        return Codes(self.packed[rows], self.bits)

    def distances(self, others: "Codes") -> NDArray[np.int32]:
        """Hamming distances to other codes of the same length.

        Args:
            others: M codes.

        Returns:
            int32 `[N, M]`: in how many bits each pair differs.

        Raises:
            UsageError: the others are of another length.
        """
        if others.bits != self.bits:
            raise UsageError(f"expected codes of {self.bits} bits, found {others.bits}")
        mine = self.words()
        found = np.empty((len(self), len(others)), np.int32)
        for column, other in enumerate(others.words()):
            found[:, column] = np.bitwise_count(mine ^ other).sum(axis=1, dtype=np.int32)
        return found

    def prefix(self, bits: int) -> "Codes":
        """The first `bits` bits of every code: the shorter code of a nested (Matryoshka) model."""
        if not 0 < bits <= self.bits:
            raise UsageError(f"expected a prefix of at most {self.bits} bits, found {bits}")
        if bits == self.bits:
            return self
        packed = self.packed[:, : -(-bits // 8)]
        if bits % 8:
            packed = packed.copy()
            packed[:, -1] &= 0xFF << 8 - bits % 8 & 0xFF
        return Codes(packed, bits)

    def whole_bytes(self) -> "Codes":
        """The same filled up by zeros to whole bytes, as engines and indexes hold them."""
        bits = 8 * self.packed.shape[1]
        return self if bits == self.bits else Codes(self.packed, bits)

    def unpacked(self) -> NDArray[np.uint8]:
        """Bits as 0 and 1, uint8 `[N, bits]`."""
        return np.unpackbits(self.packed, axis=1, count=self.bits)

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
        """One code as a big-endian `bitarray` (a copy), with its set operations and counts.

        It is for showing and exchanging bits; search and measures work on `packed` and `words`.
        """
        view = bitarray(endian="big")
        view.frombytes(self.packed[row].tobytes())
        return view[: self.bits]


def check_bits(bits: int) -> None:
    """Raise UsageError unless `bits` is a positive multiple of 8, as indexes hold them."""
    if bits <= 0 or bits % 8:
        raise UsageError(f"expected a code length that is a positive multiple of 8, found {bits}")
