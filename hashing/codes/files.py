"""Files of packed codes: `.npy`, and the flat binary indexes of faiss."""

import io
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from hashing.errors import ArtHashError, InputError, MissingPackageError
from hashing.files import write_new


def read_packed(path: Path) -> tuple[NDArray[Any], int | None]:
    """What a file holds: packed codes and their bits, or an array of any form and None.

    Raises InputError where it is neither `.npy` nor a flat binary index.
    """
    try:
        if path.suffix == ".npy":
            return np.load(path, allow_pickle=False), None
        return _read_faiss(path)
    except ArtHashError:
        raise
    except Exception as error:
        reason = str(error).splitlines()[0] if str(error) else type(error).__name__
        raise InputError(f"cannot read codes from {path}: {reason}") from error


def write_packed(path: Path, packed: NDArray[np.uint8]) -> None:
    """Write packed codes uint8 `[N, bytes]`, whole or not at all, in the format of the ending."""
    write_new(path, [_npy(packed) if path.suffix == ".npy" else _faiss_index(packed)])


def _npy(packed: NDArray[np.uint8]) -> bytes:
    buffer = io.BytesIO()
    np.save(buffer, packed, allow_pickle=False)
    return buffer.getvalue()


def _faiss() -> Any:
    try:
        import faiss
    except ImportError:
        raise MissingPackageError("a file of faiss", "faiss") from None
    return faiss


def _faiss_index(packed: NDArray[np.uint8]) -> bytes:
    faiss = _faiss()
    index = faiss.IndexBinaryFlat(8 * packed.shape[1])
    index.add(packed)
    content: bytes = faiss.serialize_index_binary(index).tobytes()
    return content


def _read_faiss(path: Path) -> tuple[NDArray[np.uint8], int]:
    faiss = _faiss()
    index = faiss.read_index_binary(str(path))
    if not isinstance(index, faiss.IndexBinaryFlat):
        raise InputError(f"expected a flat binary index in {path}, found {type(index).__name__}")
    packed = faiss.vector_to_array(index.xb).reshape(index.ntotal, index.code_size)
    return packed, int(index.d)
