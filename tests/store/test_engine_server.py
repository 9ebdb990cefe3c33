"""What servers of engines have in common: versions, and ranges of ids that differ."""

from contextlib import nullcontext
from types import SimpleNamespace
from typing import Any, cast

import pytest

from hashing.errors import UsageError
from hashing.store.code_search import Mark, Rows
from hashing.store.engine_server import REPAIRED, differing, refuse_older


@pytest.mark.parametrize("version", ["2.2.16", "v1.9", "nightly", "", "2.3.5", "v2.3-dev", "10.0"])
def test_an_earlier_server_alone_is_refused(version: str) -> None:
    refused = pytest.raises(UsageError, match=r"expected Milvus from 2\.3 on at there")
    with nullcontext() if version in ("2.3.5", "v2.3-dev", "10.0") else refused:
        refuse_older("Milvus", (2, 3), version, "there")


@pytest.mark.parametrize("lacking", [(), (0,), (99_999,), (5, 40_000), (33_000, 33_001)])
def test_only_ranges_that_differ_are_written_anew(lacking: tuple[int, ...]) -> None:
    end = 100_000

    def told(first: int, end: int) -> tuple[int, int]:
        return end - first, 0

    def there(first: int, end: int) -> tuple[int, int]:
        return end - first - sum(first <= item < end for item in lacking), 0

    rows: Any = SimpleNamespace(mark=Mark(1, end, 0), counts=told)
    ranges = sorted(differing(cast(Rows, rows), there))
    assert all(end - first <= REPAIRED for first, end in ranges)
    assert all(any(item in range(*each) for item in lacking) for each in ranges)
    assert all(any(item in range(*each) for each in ranges) for item in lacking)
