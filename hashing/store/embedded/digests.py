"""Digests of rows, and the sums over them that find a row which vanished.

An item's digest covers its id, file, content, code, metadata and preview (BLAKE2b, 16 bytes). A
code has a second one of 64 bits over id and code, which numpy computes for millions at once.
"""

import json
import zlib
from collections.abc import Iterable, Mapping
from hashlib import blake2b

import numpy as np
from numpy.typing import NDArray

from hashing.codes import Codes
from hashing.sources import Value

ITEM_MODULUS = 1 << 128
CODE_MODULUS = 1 << 64
"""Sums of digests are kept modulo these."""
NO_PREVIEW = -1
"""The checksum of a preview that was not kept."""


def item_digest(
    item: int,
    file: str,
    content: bytes,
    code: bytes,
    fields: Mapping[str, Value],
    preview: int | None,
) -> bytes:
    """16 bytes over everything a row says; preview: its checksum, None in earlier rows."""
    values = [item, file, content.hex(), code.hex(), sorted(fields.items())]
    text = json.dumps(values if preview is None else [*values, preview])
    return blake2b(text.encode(), digest_size=16).digest()


def preview_sum(jpeg: bytes | None) -> int:
    """CRC-32 of a preview, `NO_PREVIEW` where there is none."""
    return zlib.crc32(jpeg) if jpeg else NO_PREVIEW


def extra_digest(value: bytes) -> str:
    """16 bytes over a named blob, in hexadecimal."""
    return blake2b(value, digest_size=16).hexdigest()


def code_digests(ids: NDArray[np.int64], codes: Codes) -> NDArray[np.int64]:
    """A 64-bit digest of each id and code, int64 `[N]`.

    The code's words are chained through the finaliser of SplitMix64 (Steele, Lea & Flood 2014),
    a bijection: a change within one word is always seen.
    """
    padded = np.zeros((len(codes), -(-codes.bits // 64) * 8), np.uint8)
    padded[:, : codes.bits // 8] = codes.packed
    return _chain([ids.view(np.uint64), *padded.view("<u8").T])


def code_check(digests: NDArray[np.int64]) -> int:
    """The sum of code digests, modulo 2^64."""
    return int(digests.view(np.uint64).sum(dtype=np.uint64))


def removals_check(ids: NDArray[np.int64], generations: NDArray[np.int64]) -> int:
    """The sum of the digests of marks of removal, modulo 2^64."""
    return code_check(_chain([ids.astype(np.uint64), generations.astype(np.uint64)]))


def _chain(words: Iterable[NDArray[np.uint64]]) -> NDArray[np.int64]:
    state = np.zeros(1, np.uint64)
    for word in words:
        state = (state ^ word) + np.uint64(0x9E3779B97F4A7C15)
        state = (state ^ (state >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
        state = (state ^ (state >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
        state = state ^ (state >> np.uint64(31))
    return state.view(np.int64)
