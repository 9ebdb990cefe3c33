import json
from hashlib import blake2b

import numpy as np
import pytest

from hashing.codes import Codes
from hashing.store.embedded.digests import code_check, code_digests, item_digest

MASK = (1 << 64) - 1


def mixed(state: int) -> int:
    """SplitMix64's step in whole numbers."""
    state = (state + 0x9E3779B97F4A7C15) & MASK
    state = ((state ^ (state >> 30)) * 0xBF58476D1CE4E5B9) & MASK
    state = ((state ^ (state >> 27)) * 0x94D049BB133111EB) & MASK
    return state ^ (state >> 31)


@pytest.mark.parametrize("bits", [8, 64, 72, 128])
def test_code_digests_agree_with_plain_python(bits: int) -> None:
    rng = np.random.default_rng(bits)
    codes = Codes(rng.integers(0, 256, (20, bits // 8), np.uint8), bits)
    ids = np.arange(5, 25, dtype=np.int64)
    found = code_digests(ids, codes)
    for row, (item, packed) in enumerate(zip(ids.tolist(), codes.packed, strict=True)):
        state = mixed(item)
        for start in range(0, bits // 8, 8):
            state = mixed(state ^ int.from_bytes(packed[start : start + 8].tobytes(), "little"))
        assert int(found[row]) & MASK == state
    assert code_check(found) == sum(int(digest) & MASK for digest in found) & MASK


def test_a_digest_sees_the_id_and_every_bit() -> None:
    codes = Codes(np.packbits(np.eye(64, dtype=np.uint8), axis=1), 64)
    same = np.full(64, 7, np.int64)
    assert len(set(code_digests(same, codes).tolist())) == 64
    assert (code_digests(same, codes) != code_digests(same + 1, codes)).all()


def test_an_item_digest_covers_all_that_a_row_says() -> None:
    row = (3, "a/b.jpg", b"c" * 32, b"\x12\x34", {"year": 1900, "artist": "Ö", "height": 2.5}, None)
    text = json.dumps(
        [3, "a/b.jpg", "63" * 32, "1234", [["artist", "Ö"], ["height", 2.5], ["year", 1900]]]
    )
    assert item_digest(*row) == blake2b(text.encode(), digest_size=16).digest()
    others = [
        (4, *row[1:]),
        (3, "a/c.jpg", *row[2:]),
        (*row[:2], b"d" * 32, *row[3:]),
        (*row[:3], b"\x12\x35", *row[4:]),
        (*row[:4], {**row[4], "year": 1900.0}, None),
        (*row[:4], {**row[4], "year": "1900"}, None),
        (*row[:5], -1),
        (*row[:5], 0),
    ]
    assert len({item_digest(*row), *(item_digest(*other) for other in others)}) == 9
