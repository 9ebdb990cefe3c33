"""What servers of engines have in common: versions, and ranges of ids that differ."""

from contextlib import nullcontext
from types import SimpleNamespace
from typing import Any, cast
from urllib.parse import quote

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from hashing.errors import UsageError
from hashing.store.code_search import Mark, Rows
from hashing.store.engine_server import REPAIRED, differing, read_address, refuse_older
from hashing.store.location import read_location

printable = [chr(code) for code in range(32, 127)]


@pytest.mark.parametrize("version", ["2.2.16", "v1.9", "nightly", "", "2.3.5", "v2.3-dev", "10.0"])
def test_an_earlier_server_alone_is_refused(version: str) -> None:
    refused = pytest.raises(UsageError, match=r"expected Milvus from 2\.3 on at there")
    with nullcontext() if version in ("2.3.5", "v2.3-dev", "10.0") else refused:
        refuse_older("Milvus", (2, 3), version, "there")


@given(password=st.text(printable, min_size=1))
@example(password="p/ss?#%2F&:@+")
def test_a_password_comes_as_it_was_encoded(password: str) -> None:
    url = f"milvus+https://ann:{quote(password, safe='')}@host:19530/paintings"
    for written in (url, quote(url), quote(url, safe="")):
        location = read_location(f"postgresql://host/art?engine={written}#x")
        address = read_address(location.engine, "collection", "x")
        assert (address.user, address.password) == ("ann", password)
        assert (address.name, address.parts.hostname) == ("paintings", "host")
        assert address.parts.port == 19530


@pytest.mark.parametrize("written", ["?index=ivf", "%3Findex=ivf", "%3findex%3Divf"])
def test_what_stands_behind_a_name_may_be_encoded(written: str) -> None:
    url = f"postgresql://h/art?engine=milvus+http://a:%3F@h:1/paintings{written}&b=c#x"
    address = read_address(read_location(url).engine, "collection", "x", ["index=ivf"])
    assert (address.name, address.parts.query, address.password) == ("paintings", "index=ivf", "?")


@pytest.mark.parametrize("password", ["p#QX", "p/QX", "p?QX", "p[QX", "QX:p"])
def test_what_is_no_address_is_told_without_its_password(password: str) -> None:
    url = f"clickhouse+http://ann:{password}@host:port/paintings"
    with pytest.raises(UsageError, match=r"ann:\*\*\*@host:port/paintings is no URL") as caught:
        read_address(url, "table", "x")
    assert "QX" not in str(caught.value)


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
