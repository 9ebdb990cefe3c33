"""Codes that each reader of rows keeps in memory, as others add to them."""

from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest

from hashing.codes import Codes
from hashing.search import ReferenceEngine, SearchRequest, build_sliced
from hashing.store import scan
from hashing.store.code_search import NEVER, Mark, Portion

CODES = Codes(np.random.default_rng(0).integers(0, 256, (1100, 2), np.uint8), 16)


class FirstRows:
    """So many of the codes, each of the newest added by a publication of its own."""

    bits = 16

    def __init__(self, count: int) -> None:
        self.count = count
        self.mark = Mark(count, count, 0)

    def removals(self, since: int, below: int) -> Iterator[Portion]:
        return iter(())

    def portions(self, first: int, end: int) -> Iterator[Portion]:
        ids = np.arange(first, end)
        yield Portion(ids, CODES[ids], np.full(len(ids), NEVER))

    def ids(self, where: object = None) -> Any:
        return np.arange(self.count)


def test_what_others_add_is_sliced_with_few_codes_of_before(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    sliced = []

    def counted(codes: Codes, ids: Any = None) -> Any:
        sliced.append(len(codes))
        return build_sliced(codes, ids)

    monkeypatch.setattr(scan, "build_sliced", counted)
    mine = scan.Scan()
    for count in range(1000, 1101):
        rows: Any = FirstRows(count)
        answers = mine.sync(rows)
        assert answers.segments <= 8
    assert sliced[0] == 1000
    assert sum(sliced[1:]) < 1000
    request = SearchRequest(CODES[:3], 1100)
    found, expected = answers.search(request), ReferenceEngine(CODES).search(request)
    np.testing.assert_array_equal(found.ids, expected.ids)
    np.testing.assert_array_equal(found.distances, expected.distances)
