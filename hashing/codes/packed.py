"""Packed bits, and what they can be made of."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Self

import numpy as np
from bitarray import bitarray
from numpy.typing import ArrayLike, NDArray

from hashing.codes.arrays import bytes_from_hex, contents, matrix, only_bits, only_shares
from hashing.codes.files import read_packed
from hashing.errors import InputError, UsageError


@dataclass(frozen=True, eq=False)
class Packed:
    """What `Codes` hold, checked, and made of other forms."""

    packed: NDArray[np.uint8]
    bits: int

    def __post_init__(self) -> None:
        if self.bits <= 0:
            raise UsageError(f"expected a positive code length, found {self.bits}")
        expected = -(-self.bits // 8)
        if not isinstance(self.packed, np.ndarray):
            raise UsageError(
                f"expected packed codes as an array of uint8 [N, {expected}] for {self.bits} "
                f"bits, found {type(self.packed).__name__}"
            )
        if (
            self.packed.dtype != np.uint8
            or self.packed.ndim != 2
            or self.packed.shape[1] != expected
        ):
            bits = self.packed.ndim == 2 and self.packed.shape[1] == self.bits
            raise UsageError(
                f"expected packed codes as uint8 [N, {expected}] for {self.bits} bits, "
                f"found {self.packed.dtype} {list(self.packed.shape)}"
                + (": call Codes.from_bits" if bits else "")
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
                are not logits: all of them are ≥ 0, so that all codes would be equal. Likewise
                outputs of a sigmoid.

        Example:
            >>> Codes.from_logits([[0.3, -2.0, 0.0, -0.1, 1.0, 1.0, 1.0, 1.0]]).hex()
            ['af']
        """
        array = matrix(logits)
        if array.dtype.kind in "bu" or only_bits(array):
            right = "Codes.from_bits"
            if array.dtype.kind == "u" and not only_bits(array):
                wide = array.dtype != np.uint8
                right = f"Codes(packed{'.view(np.uint8)' if wide else ''}, bits)"
            raise UsageError(
                f"expected logits of either sign, found {contents(array)}, which would all "
                f"become bit 1: call {right}"
            )
        if only_shares(array):
            raise UsageError(
                "expected logits of either sign, found only values from 0 to 1 (a sigmoid's?), "
                "which would all become bit 1: subtract 0.5"
            )
        if np.isnan(array).any():
            raise UsageError("expected finite logits, found NaN: the model's weights are broken")
        return cls(np.packbits(array >= 0, axis=1), array.shape[1])

    @classmethod
    def from_signs(cls, signs: ArrayLike) -> Self:
        """Codes from −1 and +1.

        Args:
            signs: numbers `[N, bits]`.

        Raises:
            UsageError: anything else is among them.

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
        """Codes from 0 and 1, or False and True.

        Args:
            bits: numbers or booleans `[N, bits]`.

        Raises:
            UsageError: anything else is among them.

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
        """Codes from hexadecimal texts.

        Args:
            texts: two digits a byte, of either case, maybe after `0x`.
            bits: code length.

        Raises:
            UsageError: a text is of another length, or no such text.

        Example:
            >>> Codes.from_hex(["AF", "0f"], 8).packed.tolist()
            [[175], [15]]
        """
        rows = [bytes_from_hex(text, bits) for text in texts]
        return cls(np.frombuffer(b"".join(rows), np.uint8).reshape(len(rows), -(-bits // 8)), bits)

    @classmethod
    def from_bitarrays(cls, rows: Sequence[bitarray]) -> Self:
        """Codes from a `bitarray` each.

        Args:
            rows: at least one, all of one length.

        Raises:
            UsageError: none, or of several lengths.

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
    def concatenate(cls, parts: "Sequence[Self]") -> Self:
        """All codes of some parts, in order.

        Args:
            parts: at least one, all of one length.

        Raises:
            UsageError: none, or of several lengths.

        Example:
            >>> Codes.concatenate([Codes.from_hex(["f0"], 8), Codes.from_hex(["0f"], 8)]).hex()
            ['f0', '0f']
        """
        lengths = sorted({part.bits for part in parts})
        if len(lengths) != 1:
            raise UsageError(f"expected parts of one code length, found {lengths}")
        return cls(np.concatenate([part.packed for part in parts]), lengths[0])

    @classmethod
    def of(cls, codes: "Self | ArrayLike") -> Self:
        """Codes of any form that says by itself what it is.

        Args:
            codes: `Codes`; uint8, packed; bool, bits; −1 and +1, signs; other floats and signed
                integers, logits. Each `[N, …]`, a NumPy array or a PyTorch tensor.

        Raises:
            UsageError: the array is of none of these forms, or only 0 and 1, which may be several.

        Example:
            >>> Codes.of(np.array([[0.3, -2.0, 0.0, -0.1, 1.0, 1.0, 1.0, 1.0]])).hex()
            ['af']
        """
        if isinstance(codes, cls):
            return codes
        array = matrix(codes)
        if array.dtype == np.bool_:
            return cls.from_bits(array)
        if array.dtype == np.uint8 and not (only_bits(array) and array.any()):
            return cls(array, 8 * array.shape[1])
        return cls.from_logits(array)

    @classmethod
    def load(cls, file: str | Path, bits: int | None = None) -> Self:
        """Read codes from a file.

        Args:
            file: `.npy` with an array of any form that `of` takes, or a binary index of faiss
                (`.faiss`, `.index`, …; needs the extra `faiss`).
            bits: code length of packed codes, which files do not tell: by default whole bytes.
                With it an array of 0 and 1 is packed, too.

        Raises:
            InputError: the file is neither, or its codes are not of so many bits.

        Example:
            >>> Codes.from_hex(["af"], 8).save("codes.npy")
            >>> Codes.load("codes.npy").hex()
            ['af']
        """
        found, whole = read_packed(Path(file))
        bits = whole if bits is None else bits
        try:
            return cls.of(found) if bits is None else cls(found, bits)
        except UsageError as error:
            packed = bits is None and found.dtype == np.uint8
            hint = "; where these are packed codes, give their bits" if packed else ""
            raise InputError(f"cannot read codes from {file}: {error}{hint}") from error
