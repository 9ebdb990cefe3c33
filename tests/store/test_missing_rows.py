"""Rows that vanished or are too many, and segments that cannot be read: seen and told."""

import errno
import sqlite3
from collections.abc import Sequence
from contextlib import closing
from pathlib import Path

import numpy as np
import pytest

from hashing.codes import Codes
from hashing.errors import ArtefactError, InputError
from hashing.filters import compare
from hashing.search import SearchRequest
from hashing.store import open_index
from hashing.store.embedded import rows, segments
from hashing.store.embedded.lock import is_writing
from hashing.store.view import MAX_FILTERS
from tests.store.conftest import BITS, create, new_items

QUERIES = Codes(np.random.default_rng(5).integers(0, 256, (3, BITS // 8), np.uint8), BITS)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    with create(tmp_path / "index", new_items(20)) as index:
        index.remove([4])
        index.compact()
    return tmp_path / "index"


def change(
    folder: Path, statement: str, values: Sequence[object] = (), file: str = "index"
) -> None:
    with closing(sqlite3.connect(folder / f"{file}.db", isolation_level=None)) as db:
        db.execute(statement, values)
        db.execute("PRAGMA wal_checkpoint(TRUNCATE)")


@pytest.mark.parametrize(
    ("statement", "told"),
    [
        ("DELETE FROM generation", "0 generations are recorded"),
        (
            "INSERT INTO generation SELECT number + 1, state, digest FROM generation",
            "2 generations",
        ),
    ],
)
def test_there_is_one_generation(folder: Path, statement: str, told: str) -> None:
    change(folder, statement)
    with pytest.raises(ArtefactError, match=rf"index\.db is damaged: {told}"):
        open_index(folder)


def test_a_row_that_vanished_is_missed_by_whoever_asks_for_it(folder: Path) -> None:
    change(folder, "DELETE FROM codes WHERE id = 7")
    change(folder, "DELETE FROM items WHERE id = 8")
    with open_index(folder) as index:
        assert index.codes([6, 8]).bits == BITS
        with pytest.raises(ArtefactError, match="code 7 is missing"):
            index.codes([6, 7])
        with pytest.raises(ArtefactError, match="item 8 is missing"):
            index.items([6, 8])
        with pytest.raises(ArtefactError, match="is damaged"):
            index.verify()


def test_a_preview_too_many_is_seen(folder: Path) -> None:
    row = "SELECT 4, jpeg, crc32 FROM previews WHERE id = 5"
    change(folder, f"INSERT INTO previews {row}", file="previews")
    with open_index(folder) as index, pytest.raises(ArtefactError, match="20 previews are there"):
        index.verify()


@pytest.mark.parametrize("fault", ["reading", "a folder", "no JSON"])
def test_of_a_segment_that_cannot_be_read_the_rows_tell(
    folder: Path, monkeypatch: pytest.MonkeyPatch, fault: str
) -> None:
    with open_index(folder) as index:
        expected = index.search(SearchRequest(QUERIES, 30)).ids.tolist()
    (file,) = (folder / "segments").iterdir()
    if fault == "reading":

        def fail(*_: object) -> None:
            raise OSError(errno.EIO, "Input/output error")

        monkeypatch.setattr(segments, "_fill", fail)
    elif fault == "a folder":
        file.unlink()
        file.mkdir()
    else:
        size = file.stat().st_size
        text = b"no JSON"
        head = segments.MAGIC + len(text).to_bytes(4, "little") + text
        head = head.ljust(4096, b"\0")
        file.unlink()
        file.write_bytes(head + bytes(size - len(head)))
        with pytest.raises(segments.BadSegmentError, match="no JSON"):
            segments.open_segment(file, size, segments._digest(head))
    with open_index(folder) as index:
        assert index.search(SearchRequest(QUERIES, 30)).ids.tolist() == expected


def test_more_filters_than_are_remembered_are_answered_the_same(folder: Path) -> None:
    with open_index(folder) as index:
        filters = [compare("year", ">", 1880 + n) for n in range(MAX_FILTERS + 2)]
        first = [index.ids(where).tolist() for where in filters]
        assert len({*map(len, first)}) > 1
        assert [index.ids(where).tolist() for where in filters] == first


def test_nobody_writes_where_nothing_is(tmp_path: Path) -> None:
    assert not is_writing(tmp_path)
    assert not list(tmp_path.iterdir())


def test_a_name_that_no_table_takes_is_told(tmp_path: Path) -> None:
    with create(tmp_path / "index", new_items(1)) as index:
        for name in ("TITLE", "a\0b", ""):
            with pytest.raises(InputError, match="rename it"):
                index.add(new_items(1, seed=1), {name: str})


def test_codes_are_read_in_batches(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with open_index(folder) as index:
        expected = index.search(SearchRequest(QUERIES, 30)).ids.tolist()
    (file,) = (folder / "segments").iterdir()
    file.unlink()
    monkeypatch.setattr(rows, "BATCH", 7)
    with open_index(folder) as index:
        assert index.search(SearchRequest(QUERIES, 30)).ids.tolist() == expected
        assert len(index.verify()) == 1
