import os
import shutil
import sqlite3
import threading
from collections.abc import Sequence
from contextlib import closing
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from hashing.errors import ArtefactError, InputError, StorageError, UsageError
from hashing.search import SearchRequest
from hashing.store import Index, create_index, is_index, open_index
from hashing.store.embedded import query
from hashing.store.embedded.schema import BadRowError, connect
from tests.store.conftest import condition, create, new_items


def leftover_previews(index: Index) -> int:
    database = sqlite3.connect(Path(index.info.location) / "previews.db")
    (count,) = database.execute("SELECT count(*) FROM previews").fetchone()
    database.close()
    return int(count)


@pytest.mark.skipif(os.name == "nt", reason="an open file cannot be deleted")
def test_a_reader_notices_that_its_folder_was_rebuilt(tmp_path: Path) -> None:
    folder = tmp_path / "index"
    create(folder, new_items(20)).close()
    with open_index(folder) as old:
        shutil.rmtree(folder)
        with pytest.raises(StorageError, match="is gone"):
            old.refresh()
        create(folder, new_items(20)).close()
        with pytest.raises(StorageError, match="was rebuilt"):
            old.refresh()


def test_removed_items_are_gone_after_compaction(index: Index) -> None:
    index.remove(index.ids(condition("style = 'Cubism'")).tolist())
    index.compact()
    assert index.info.removed == 0
    assert index.verify() == []
    with pytest.raises(InputError):
        index.preview(0)
    assert leftover_previews(index) == 40
    database = sqlite3.connect(Path(index.info.location) / "index.db")
    for table in ("items", "codes", "metadata", "words"):
        assert database.execute(f"SELECT count(*) FROM {table}").fetchone() == (40,)
    database.close()


@pytest.mark.parametrize("gone", [[3], [0, 49, 50, 55], range(50)], ids=["one", "edges", "all"])
def test_a_segment_without_removed_items_is_read_from_its_file(
    tmp_path: Path, gone: Sequence[int], monkeypatch: pytest.MonkeyPatch
) -> None:
    """As merges and repairs write it; the rows of removed items stay until they are dropped."""
    folder = tmp_path / "index"
    with create(folder, new_items(50)) as index:
        index.add(new_items(10, seed=1))
        index.remove(gone)
        for seed in range(2, 9):
            index.add(new_items(10, seed=seed))
        index.remove([60])
        assert index.info.segments == 1
        living = index.ids().tolist()
    (file,) = (folder / "segments").iterdir()

    def answers() -> list[object]:
        with monkeypatch.context() as patch:
            patch.setattr("hashing.store.embedded.snapshot.read_segment_codes", None)
            with open_index(folder) as index:
                found = index.search(SearchRequest(index.codes(living[:5]), 200)).ids
                assert sorted(found[0]) == index.ids().tolist() == living
                assert index.items(living[-1:])[0].id == living[-1]
                return found.tolist()

    merged = answers()
    with open_index(folder) as index:
        assert index.verify() == []
        file.write_bytes(b"damaged")
        assert len(index.verify()) == 1
    assert answers() == merged


def test_compaction_gives_the_space_back(tmp_path: Path) -> None:
    with create(tmp_path / "index", new_items(1000)) as index:
        index.remove(range(900))
        before = index.info.bytes
        index.compact()
        assert index.info.bytes < before / 2


@pytest.mark.parametrize("most", [2, 3])
def test_columns_of_too_many_values_are_no_facets(
    index: Index, most: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("hashing.store.embedded.query.MAX_FACETS", most)
    assert ("style" in index.facets()) == (most == 3)


def test_all_columns_are_counted_in_one_pass(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """And the answer is what a query of each column gives, in this order."""
    kinds = {"artist": str, "title": str, "year": int, "height": float, "nothing": int}
    monkeypatch.setattr("hashing.store.embedded.query._ROWS", 7)
    monkeypatch.setattr("hashing.store.embedded.query._COLUMNS", 2)
    monkeypatch.setattr("hashing.store.embedded.query.MAX_FACETS", 20)
    with create(tmp_path / "index") as index:
        heights = [{} if number % 3 else {"height": number % 5 / 3 - 0.5} for number in range(60)]
        pairs = zip(new_items(60), heights, strict=True)
        index.add([replace(item, fields={**item.fields, **more}) for item, more in pairs], kinds)
        index.remove([2, 3])
        expected, spans = {}, {}
        with closing(sqlite3.connect(tmp_path / "index" / "index.db")) as database:
            for name in index.info.columns:
                there = f'FROM metadata WHERE "m_{name}" IS NOT NULL AND id NOT IN (2, 3)'
                found = database.execute(
                    f'SELECT "m_{name}", count(*) {there} GROUP BY 1 ORDER BY 2 DESC, 1'
                ).fetchall()
                if len(found) <= 20:
                    expected[name] = found
                ends = database.execute(f'SELECT min("m_{name}"), max("m_{name}") {there}')
                spans[name] = ends.fetchone() if kinds.get(name) in (int, float) else None
        spans["nothing"] = None
    asked: list[str] = []

    def traced(path: Path) -> sqlite3.Connection:
        database = connect(path)
        database.set_trace_callback(asked.append)
        return database

    monkeypatch.setattr("hashing.store.embedded.reader.connect", traced)
    with open_index(tmp_path / "index") as index:
        facets = index.facets()
        assert {name: list(values.items()) for name, values in facets.items()} == expected
        assert "title" not in facets
        assert {name: index.span(name) for name in index.info.columns} == spans
    assert len([statement for statement in asked if "FROM metadata" in statement]) == 1 + 2


def test_nobody_waits_for_what_is_counted(index: Index, monkeypatch: pytest.MonkeyPatch) -> None:
    count = query.select_facets
    beside: list[int] = []

    def search() -> None:
        index.refresh()
        beside.extend(index.search(SearchRequest(index.codes([4]), 1)).distances[0])

    def slowly(*arguments: Any) -> Any:
        visitor = threading.Thread(target=search, daemon=True)
        visitor.start()
        visitor.join(10)
        assert beside == [0]
        return count(*arguments)

    monkeypatch.setattr(query, "select_facets", slowly)
    assert sum(index.facets()["style"].values()) == 60
    assert index.facets() == index.facets()  # counted once
    assert len(beside) == 1


def test_a_closed_copy_is_the_index(tmp_path: Path, index: Index) -> None:
    index.close()
    names = sorted(path.name for path in Path(index.info.location).iterdir())
    assert names == ["index.db", "index.sum", "lock", "previews.db", "segments"]
    shutil.copytree(index.info.location, tmp_path / "copy")
    with open_index(tmp_path / "copy") as copy:
        assert copy.verify() == []
        assert copy.info.uuid == index.info.uuid


def test_what_exists_is_not_made_again(tmp_path: Path, index: Index) -> None:
    with pytest.raises(UsageError, match="use add"):
        create_index(
            index.info.location, bits=8, lengths=(8,), fingerprint="", columns={}, model=tmp_path
        )
    with pytest.raises(ArtefactError, match=r"found no index\.db"):
        open_index(tmp_path / "nothing")


def test_files_beside_an_index_are_left_alone(tmp_path: Path) -> None:
    others = [tmp_path / "index.new", tmp_path / ".index.new"]
    for other in others:
        (other / "segments").mkdir(parents=True)
        (other / "index.db").write_bytes(b"mine")
    with create(tmp_path / "index", new_items(9)) as index:
        kept = [
            tmp_path / "index" / name for name in ("index.sum.new", "segments/notes.seg", "me.txt")
        ]
        for path in kept:
            path.write_bytes(b"mine")
        index.add(new_items(3, seed=1))
        index.compact()
        assert index.verify() == []
    for path in (*kept, *(other / "index.db" for other in others)):
        assert path.read_bytes() == b"mine"
    assert sorted(tmp_path.iterdir()) == sorted([*others, tmp_path / "index"])


@pytest.mark.parametrize(
    "name", ["me.txt", "index.sum", "previews.db.bak", "segments/x.seg", "x/y"]
)
def test_an_index_is_only_made_where_nothing_is(tmp_path: Path, name: str) -> None:
    folder = tmp_path / "index"
    (folder / name).parent.mkdir(parents=True, exist_ok=True)
    (folder / name).write_bytes(b"mine")
    before = sorted(folder.rglob("*"))
    with pytest.raises(UsageError, match="use add"):
        create(folder)
    assert sorted(folder.rglob("*")) == before
    assert (folder / name).read_bytes() == b"mine"


def test_an_empty_folder_and_a_begun_index_become_one(tmp_path: Path) -> None:
    folder = tmp_path / "index"
    (folder / "segments").mkdir(parents=True)
    for name in ("lock", "index.begun", "index.begun-wal", "previews.db"):
        (folder / name).write_bytes(b"half")
    assert not is_index(folder)
    with create(folder, new_items(5)) as index:
        assert index.verify() == []
    assert is_index(folder)
    names = sorted(path.name for path in folder.iterdir())
    assert names == ["index.db", "index.sum", "lock", "previews.db", "segments"]


def test_an_index_stays_where_it_was_opened(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "elsewhere").mkdir()
    with create(Path("index"), new_items(3)) as index, open_index("index") as reader:
        monkeypatch.chdir(tmp_path / "elsewhere")
        index.add(new_items(2, seed=1))
        assert reader.refresh()
        assert reader.search(SearchRequest(reader.codes([4]), 1)).distances[0, 0] == 0
        assert reader.facets()["style"]
        assert reader.verify() == []
        with open_index(reader.info.location) as other:
            assert other.info.count == 5
    assert not any((tmp_path / "elsewhere").iterdir())


def test_what_the_system_refuses_is_a_storage_error(
    index: Index, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(descriptor: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("hashing.files.os.fsync", full)
    for act in (
        lambda: index.add(new_items(3, seed=1)),
        index.compact,
        lambda: create(tmp_path / "other"),
    ):
        with pytest.raises(StorageError, match="No space left on device"):
            act()
    monkeypatch.undo()
    assert index.verify() == []
    assert index.info.count == 60
    with create(tmp_path / "other", new_items(2)) as other:
        assert other.info.count == 2


def test_a_reader_that_cannot_write_sees_what_others_publish(
    index: Index, monkeypatch: pytest.MonkeyPatch
) -> None:
    may_write = [False]
    monkeypatch.setattr("os.access", lambda *_: may_write[0])
    with open_index(index.info.location) as reader:
        assert not reader.refresh()
        may_write[0] = True
        index.remove([3])
        index.compact()
        index.add(new_items(40, seed=1))
        may_write[0] = False
        with monkeypatch.context() as patch:
            patch.setattr("hashing.store.embedded.rows._sound", bad)
            with pytest.raises(StorageError, match="was changed since it was opened"):
                reader.items([7])
            patch.setattr("hashing.store.embedded.reader.connect", refuse)
            assert not reader.refresh()
        assert reader.refresh()
        assert reader.items([60])[0].file == "1/0.jpg"
        assert sum(reader.facets()["style"].values()) == reader.info.count == 99
        assert not reader.refresh()


def bad() -> None:
    raise BadRowError("it is another")


def refuse(*_: object) -> None:
    raise StorageError("an unfinished log")
