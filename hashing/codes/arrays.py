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


def contents(array: NDArray[Any]) -> str:
    """What an array holds, in words for a message."""
    if array.dtype == np.bool_ or only_bits(array):
        return "only 0 and 1"
    return f"{array.dtype} from {array.min()} to {array.max()}" if array.size else "nothing"


def bytes_from_hex(text: str, bits: int) -> bytes:
    """The bytes of one code, two digits each; UsageError for anything else."""
    try:
        row = bytes.fromhex(text)
    except ValueError:
        row = b""
    digits = 2 * -(-bits // 8)
    if len(text) != digits or len(row) != digits // 2:
        raise UsageError(f"expected a code of {digits} hexadecimal digits, found {text[:80]!r}")
    return row
