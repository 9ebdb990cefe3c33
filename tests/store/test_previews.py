"""Which items have a preview is recorded with them: none vanishes without a word."""

import json
import sqlite3
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import pytest

from hashing.errors import ArtefactError
from hashing.store import Index, open_index
from hashing.store.embedded.generation import _digest
from tests.store.conftest import create, new_items


def change_previews(index: Index, statement: str) -> None:
    with closing(sqlite3.connect(Path(index.info.location) / "previews.db")) as db, db:
        db.execute(statement)


def test_an_item_may_have_none(index: Index) -> None:
    (kept, bare) = new_items(2, seed=1)
    index.add([kept, replace(bare, preview=None)])
    assert index.preview(60) == kept.preview
    assert index.preview(61) is None
    assert index.verify() == []


@pytest.mark.parametrize(
    ("statement", "message"),
    [
        ("DELETE FROM previews WHERE id = 7", "preview of item 7 is missing"),
        ("DELETE FROM previews", "preview of item 7 is missing"),
        (
            "UPDATE previews SET (jpeg, crc32) = (SELECT jpeg, crc32 FROM previews WHERE id = 8) "
            "WHERE id = 7",
            "preview of item 7 is not the one that was kept",
        ),
        ("UPDATE previews SET id = 99 WHERE id = 7", "preview of item 7 is missing"),
    ],
)
@pytest.mark.robustness("preview gone or of another item")
def test_what_was_kept_is_there_or_missed(index: Index, statement: str, message: str) -> None:
    change_previews(index, statement)
    with pytest.raises(ArtefactError, match=message):
        index.preview(7)
    assert len(index.items(range(60))) == 60
    with pytest.raises(ArtefactError, match="preview"):
        index.verify()


def test_a_preview_that_nobody_kept_is_none(index: Index) -> None:
    index.add([replace(item, preview=None) for item in new_items(1, seed=1)])
    change_previews(index, "INSERT INTO previews SELECT 60, jpeg, crc32 FROM previews WHERE id = 8")
    with pytest.raises(ArtefactError, match="not the one that was kept"):
        index.preview(60)


def test_an_old_index_learns_at_its_next_change(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its items say nothing of their previews, those that come do."""
    folder = tmp_path / "index"
    monkeypatch.setattr("hashing.store.embedded.rows.preview_sum", lambda jpeg: None)
    create(folder, new_items(9)).close()
    monkeypatch.undo()
    with closing(sqlite3.connect(folder / "index.db", isolation_level=None)) as db:
        (state,) = db.execute("SELECT state FROM generation").fetchone()
        values = json.loads(state)
        del values["previews_known"]
        state = json.dumps(values)
        db.execute("UPDATE generation SET state = ?, digest = ?", (state, _digest(state)))
        db.execute("ALTER TABLE items DROP COLUMN preview")
    expected = [item.preview for item in new_items(9)]
    with open_index(folder) as reader, open_index(folder) as index:
        assert [index.preview(item) for item in range(9)] == expected
        assert index.verify() == []
        index.add(new_items(2, seed=1))
        assert [reader.preview(item) for item in range(9)] == expected
        assert [index.preview(item) for item in range(9)] == expected
        assert index.verify() == []
        index.compact()
        assert index.verify() == []
        change_previews(index, "DELETE FROM previews WHERE id IN (3, 10)")
        assert index.preview(3) is None
        with pytest.raises(ArtefactError, match="preview of item 10 is missing"):
            index.preview(10)
