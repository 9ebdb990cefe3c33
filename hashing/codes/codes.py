"""Binary codes: the sign rule, packing, prefixes, distances, hexadecimal text, files.

Symbols used throughout the project: N items in a database, Q queries, B pictures in a batch,
k results, `bits` the code length. Bit 1 stands where the logit is ≥ 0; bit 0 of a code is the
most significant bit of its first byte, so a shorter code is simply the first bytes of a longer one.
"""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
from bitarray import bitarray
from numpy.typing import NDArray

from hashing.codes.files import write_packed
from hashing.codes.packed import Packed
from hashing.errors import UsageError
from hashing.tables import Table

SHOWN = 8
"""Codes that a notebook shows."""


@dataclass(frozen=True, eq=False)
class Codes(Packed):
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

    def save(self, file: str | Path) -> None:
        """Write the codes, packed: as `.npy`, or by any other name as a flat index of faiss.

        The file is complete or absent; it knows whole bytes, not how many bits of them are used:
        `load` with `bits` gives back all codes as they were.

        Args:
            file: where.

        Raises:
            StorageError: it cannot be written.

        Example:
            >>> Codes.from_hex(["af"], 8).save("codes.npy")
            >>> np.load("codes.npy").tolist()
            [[175]]
        """
        write_packed(Path(file), self.packed)

    def __len__(self) -> int:
        return int(self.packed.shape[0])

    def __repr__(self) -> str:
        return f"Codes({len(self):,} of {self.bits} bits)"

    def _repr_html_(self) -> str:
        rows = [(str(row), text) for row, text in enumerate(self[:SHOWN].hex())]
        return Table(repr(self), ("row", "hexadecimal"), rows)._repr_html_()

    def __getitem__(self, rows: int | slice | NDArray[np.integer] | NDArray[np.bool_]) -> "Codes":
        """The selected codes, always as `Codes` (a number, a slice, an index array or a mask)."""
        return Codes(np.atleast_2d(self.packed[rows]), self.bits)

    def distances(self, others: "Codes") -> NDArray[np.int32]:
        """Hamming distances to other codes of the same length.

        Args:
            others: M codes.

        Returns:
            int32 `[N, M]`: in how many bits each pair differs.

        Raises:
            UsageError: the others are of another length.

        Example:
            >>> Codes.from_hex(["f0"], 8).distances(Codes.from_hex(["f0", "0f"], 8)).tolist()
            [[0, 8]]
        """
        if others.bits != self.bits:
            raise UsageError(f"expected codes of {self.bits} bits, found {others.bits}")
        mine = self.words()
        found = np.empty((len(self), len(others)), np.int32)
        for column, other in enumerate(others.words()):
            found[:, column] = np.bitwise_count(mine ^ other).sum(axis=1, dtype=np.int32)
        return found

    def prefix(self, bits: int) -> "Codes":
        """The first bits of every code: the shorter code of a nested (Matryoshka) model.

        Args:
            bits: how many.

        Raises:
            UsageError: there are not so many, or none are wanted.

        Example:
            >>> Codes.from_hex(["abcd"], 16).prefix(8).hex()
            ['ab']
        """
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
        """The same filled up by zeros to whole bytes, as engines and indexes hold them.

        Example:
            >>> Codes.from_bits([[1, 1, 1]]).whole_bytes().bits
            8
        """
        bits = 8 * self.packed.shape[1]
        return self if bits == self.bits else Codes(self.packed, bits)

    def unpacked(self) -> NDArray[np.uint8]:
        """Bits as 0 and 1, uint8 `[N, bits]`.

        Example:
            >>> Codes.from_hex(["f0"], 8).unpacked().tolist()
            [[1, 1, 1, 1, 0, 0, 0, 0]]
        """
        return np.unpackbits(self.packed, axis=1, count=self.bits)

    def words(self) -> NDArray[np.uint64]:
        """Each code in 64-bit words `[N, ceil(bits / 64)]`, filled up with zeros.

        The order of bits within a word is the machine's; meant for xor and population count.
        Codes that fill their words are not copied.

        Example:
            >>> Codes.from_hex(["f0", "ff"], 8).words().shape
            (2, 1)
        """
        if self.bits % 64 == 0:
            return self.packed.view(np.uint64)
        padded = np.zeros((len(self), -(-self.bits // 64) * 8), np.uint8)
        padded[:, : self.packed.shape[1]] = self.packed
        return padded.view(np.uint64)

    def signs(self) -> NDArray[np.int8]:
        """Bits as −1 and +1, int8 `[N, bits]`.

        Example:
            >>> Codes.from_hex(["f0"], 8).signs().tolist()
            [[1, 1, 1, 1, -1, -1, -1, -1]]
        """
        return (self.unpacked().astype(np.int8) << 1) - 1

    def count_distinct(self) -> int:
        """How many different codes there are.

        Example:
            >>> Codes.from_hex(["f0", "0f", "f0"], 8).count_distinct()
            2
        """
        # Each row as one opaque value: rows are then compared as a whole.
        rows = self.packed.view(np.dtype((np.void, self.packed.shape[1])))
        return len(np.unique(rows))

    def hex(self) -> list[str]:
        """Each code as lower-case hexadecimal text.

        Example:
            >>> Codes.from_signs([[1, -1, 1, -1, 1, 1, 1, 1]]).hex()
            ['af']
        """
        return [row.tobytes().hex() for row in self.packed]

    def bitarray(self, row: int) -> bitarray:
        """One code as a `bitarray`, with its set operations and counts.

        It is for showing and exchanging bits; search and measures work on `packed` and `words`.

        Args:
            row: which.

        Returns:
            `bits` bits, big-endian, a copy.

        Example:
            >>> Codes.from_hex(["f0", "3c"], 8).bitarray(1).count()
            4
        """
        view = bitarray(endian="big")
        view.frombytes(self.packed[row].tobytes())
        return view[: self.bits]


def check_bits(bits: int) -> None:
    """Raise UsageError unless `bits` is a positive multiple of 8, as indexes hold them."""
    if bits <= 0 or bits % 8:
        raise UsageError(f"expected a code length that is a positive multiple of 8, found {bits}")
