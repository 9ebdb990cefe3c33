"""What an index remembers beside its works, read as what a stranger may have written.

All of it can be found out anew: what makes no sense counts as if it was not there.
"""

import io
import json
import zipfile
import zlib
from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from hashing.store import Index

SPARE = 1_000_000
"""Works that an array may hold beyond those that are there: of some that were removed since."""

Column = tuple[Any, tuple[int, ...]]
"""Type and shape of what an array holds of each work."""


def recall(index: Index, name: str, *, most_bytes: int = 0) -> Any:
    """A value kept as JSON, None where there is none. most_bytes: of one that is compressed."""
    data = index.extra(name)
    if data is None:
        return None
    try:
        if most_bytes:
            unpacking = zlib.decompressobj()
            data = unpacking.decompress(data, most_bytes)
            if not unpacking.eof:
                return None
        return json.loads(data)
    except (ValueError, zlib.error, RecursionError):
        return None


def recall_array(index: Index, name: str, dtype: Any) -> NDArray[Any] | None:
    """One kept by `numpy.save`, a record with an `id` for each work; ids ascend."""
    data = index.extra(name)
    if data is None:
        return None
    try:
        array = np.load(io.BytesIO(data), allow_pickle=False)
        sound = _is_column(array, (dtype, ())) and _ascend(array["id"])
    except Exception:  # noqa: BLE001 (hostile bytes)
        return None
    return array if sound else None


def recall_arrays(
    index: Index, name: str, columns: Mapping[str, Column]
) -> dict[str, NDArray[Any]] | None:
    """Those kept by `numpy.savez`, by name; among them `ids`, which ascend."""
    data = index.extra(name)
    if not data:
        return None
    each = sum(np.dtype(kind).itemsize * int(np.prod(shape)) for kind, shape in columns.values())
    most = each * (index.info.count + SPARE)
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as packed:
            if sum(member.file_size for member in packed.infolist()) > most:
                return None
        with np.load(io.BytesIO(data), allow_pickle=False) as loaded:
            arrays = {key: loaded[key] for key in columns}
        sound = all(_is_column(arrays[key], column) for key, column in columns.items())
        sound = sound and len({*map(len, arrays.values())}) == 1 and _ascend(arrays["ids"])
    except Exception:  # noqa: BLE001 (hostile bytes: numpy and zipfile raise a dozen kinds)
        return None
    return arrays if sound else None


def _is_column(array: NDArray[Any], column: Column) -> bool:
    """Whether an array has its type and shape, and finite numbers only."""
    dtype, shape = column
    if array.dtype != dtype or array.ndim != 1 + len(shape) or array.shape[1:] != shape:
        return False
    fields = [array[name] for name in array.dtype.names or ()] or [array]
    return all(bool(np.isfinite(field).all()) for field in fields)


def _ascend(ids: NDArray[np.int64]) -> bool:
    return bool((ids[1:] > ids[:-1]).all())
