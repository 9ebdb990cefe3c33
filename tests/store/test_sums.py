"""The record beside the database: a short cut that may be missing, old or wrong."""

import json
import sys
from pathlib import Path

import pytest

from hashing.store import open_index
from hashing.store.embedded.sums import SUM, _digest, matches_sum, recorded_generation
from tests.store.conftest import create, new_items


def signed(generation: object) -> bytes:
    """A record with a digest that fits."""
    recorded = {"generation": generation, "crc32": 7}
    return json.dumps({**recorded, "digest": _digest(recorded)}).encode()


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    with create(tmp_path / "index", new_items(9)) as index:
        index.remove([2])
    return tmp_path / "index"


def test_the_newest_generation_is_recorded(folder: Path) -> None:
    with open_index(folder) as index:
        number = index.info.generation
    assert recorded_generation(folder) == number
    assert matches_sum(folder, number)
    assert not matches_sum(folder, number - 1)


def test_records_of_before_are_checksums_only(folder: Path) -> None:
    """They had no digest: a flipped bit in one must not condemn a sound index."""
    record = json.loads((folder / SUM).read_bytes())
    del record["digest"]
    (folder / SUM).write_text(json.dumps(record))
    assert recorded_generation(folder) is None
    assert matches_sum(folder, record["generation"])
    (folder / SUM).write_text(json.dumps({**record, "generation": 99}))
    with open_index(folder) as index:
        assert index.facets()["style"]
        assert index.verify() == []


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"[]",
        b"7",
        b"{}",
        b'{"generation": 99, "digest": "0"}',
        b'{"generation": 99, "digest": null}',
        b'{"generation": "99", "digest": null}',
        b"[" * 10**5,
        signed("99"),
        signed(1.5),
        signed(True),
        signed([99]),
    ],
    ids=lambda content: str(content[:36]),
)
def test_a_record_that_says_nothing_is_none(folder: Path, content: bytes) -> None:
    (folder / SUM).write_bytes(content)
    assert recorded_generation(folder) is None
    with open_index(folder) as index:
        assert not matches_sum(folder, index.info.generation)
        index.add(new_items(1, seed=1))
        assert matches_sum(folder, index.info.generation)


@pytest.mark.parametrize("python", ["", "/nothing/python"])
def test_where_no_child_can_be_started_the_rows_are_read(
    folder: Path, monkeypatch: pytest.MonkeyPatch, python: str
) -> None:
    monkeypatch.setattr(sys, "executable", python)
    with open_index(folder) as index:
        assert not matches_sum(folder, index.info.generation)
        index.add(new_items(3, seed=1))
        assert sum(index.facets()["style"].values()) == index.info.count == 11
        assert recorded_generation(folder) == index.info.generation
        assert index.verify() == []


def test_the_digest_of_a_record_is_what_earlier_versions_wrote() -> None:
    assert _digest({"generation": 3, "crc32": 5}) == "2c921666d87b483e5c03e0aac2b749d3"
    assert _digest({"generation": 4, "crc32": 5}) != _digest({"generation": 3, "crc32": 5})
