"""What arrays and texts from outside hold: numbers of codes, or why they are none."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from hashing.errors import UsageError


def matrix(values: Any) -> NDArray[Any]:
    """A matrix of numbers; PyTorch's tensors leave their device and their gradient behind."""
    if hasattr(values, "detach"):
        values = values.detach().cpu()
        values = values.float().numpy() if values.is_floating_point() else values.numpy()
    array = np.asarray(values)
    if array.ndim != 2 or array.dtype.kind not in "biuf":
        raise UsageError(
            f"expected numbers [N, bits], found {array.dtype} {list(array.shape)}: "
            "one code is [1, bits]"
        )
    return array


def only_bits(array: NDArray[Any]) -> bool:
    """Whether there are a 0 and a 1 and nothing else."""
    if array.size and not np.isin(array[0], (0, 1)).all():
        return False  # as nearly always: one row tells
    ones = np.count_nonzero(array == 1)
    return bool(0 < ones < array.size and ones + np.count_nonzero(array == 0) == array.size)


def only_shares(array: NDArray[Any]) -> bool:
    """Whether these are outputs of a sigmoid: several values from 0 to 1, many of them."""
    if array.size < 64 or array[0].min() < 0:
        return False  # as nearly always: one row tells
    low, high = array.min(), array.max()
    return bool(0 <= low < high <= 1)


def contents(array: NDArray[Any]) -> str:
    """What an array holds, in words for a message."""
    if array.dtype == np.bool_ or only_bits(array):
        return "only 0 and 1"
    return f"{array.dtype} from {array.min()} to {array.max()}" if array.size else "nothing"


def bytes_from_hex(text: str, bits: int) -> bytes:
    """The bytes of one code, two digits each; UsageError for anything else."""
    digits = 2 * -(-bits // 8)
    plain = text[2:] if text[:2].lower() == "0x" and len(text) == digits + 2 else text
    try:
        row = bytes.fromhex(plain)
    except ValueError:
        row = b""
    if len(plain) != digits or len(row) != digits // 2:
        raise UsageError(f"expected a code of {digits} hexadecimal digits, found {text[:80]!r}")
    return row
