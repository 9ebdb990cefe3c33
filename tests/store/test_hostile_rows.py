"""Rows and tables of a stranger's index: each answer is of its type, or refused in one line."""

import shutil
import sqlite3
import tempfile
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path

import pytest

from hashing.errors import ArtefactError, ArtHashError
from hashing.store import open_index
from tests.store.conftest import MEMORY, condition, create, new_items
from tests.store.strangers import fit, put

LONG = "x" * 10**6
VALUES = {
    ("items", "file"): [None, 7, b"bytes", "", "../../etc/passwd", "a\0b", "\x1b[31m", LONG],
    ("items", "content"): [None, 7, "text", b"", b"x" * 10**5],
    ("codes", "code"): [None, 7, "text", b"", b"x" * 99],
    ("metadata", "m_title"): [7, 2.5, b"bytes", "", "a\0b", LONG],
    ("metadata", "m_year"): ["text", b"bytes", 2.5, float("inf"), -(2**63)],
    ("extras", "value"): [None, 7, "text", b""],
}


@pytest.fixture(scope="module")
def sound() -> Iterator[Path]:
    with tempfile.TemporaryDirectory(dir=MEMORY) as parent:
        folder = Path(parent) / "index"
        with create(folder, new_items(12)) as index:
            index.put_extra("map", b"m" * 50)
        yield folder


def ask(folder: Path) -> dict[str, object]:
    """Every answer, or the error in its place."""
    answers: dict[str, object] = {}
    with open_index(folder) as index:
        questions: dict[str, Callable[[], object]] = {
            "facets": index.facets,
            "span": lambda: index.span("year"),
            "items": lambda: index.items(range(12)),
            "codes": lambda: index.codes(range(12)),
            "where": lambda: index.ids(condition("year > 1890 or title like 'x%'")),
            "words": lambda: index.text_search("tree"),
            "contents": lambda: index.contents(["0/3.jpg"]),
            "preview": lambda: index.preview(3),
            "extra": lambda: index.extra("map"),
            "verify": index.verify,
        }
        for name, question in questions.items():
            try:
                answers[name] = question()
            except ArtHashError as error:
                answers[name] = error
    return answers


@pytest.mark.parametrize(("table", "column"), VALUES)
@pytest.mark.robustness("rows of a stranger's index")
def test_a_value_is_of_its_column_s_type_or_refused(
    sound: Path,
    tmp_path: Path,
    table: str,
    column: str,
    record_property: Callable[[str, object], None],
) -> None:
    key = "name = 'map'" if table == "extras" else "id = 3"
    refused = 0
    for number, value in enumerate(VALUES[table, column]):
        folder = shutil.copytree(sound, tmp_path / str(number))
        put(folder, "index.db", f"UPDATE {table} SET {column} = ? WHERE {key}", value)
        answers = ask(folder)
        errors = [str(a) for a in answers.values() if isinstance(a, Exception)]
        assert all(len(text) < 2000 and "\n" not in text for text in errors)
        refused += bool(errors)
        if isinstance(facets := answers["facets"], dict):
            assert {type(v) for v in facets["title"]} <= {str}, value
            assert {type(v) for v in facets["year"]} <= {int}, value
        if isinstance(span := answers["span"], tuple):
            assert {*map(type, span)} == {int}, value
        if isinstance(items := answers["items"], list):
            assert {type(item.file) for item in items} == {str}, value
            assert {len(item.content) for item in items} == {32}, value
    record_property("trials", len(VALUES[table, column]))
    assert refused


@pytest.mark.parametrize("column", ["items SET file", "metadata SET m_title"])
@pytest.mark.robustness("rows of a stranger's index")
def test_text_that_is_none_is_damage(sound: Path, tmp_path: Path, column: str) -> None:
    folder = shutil.copytree(sound, tmp_path / "index")
    with closing(sqlite3.connect(folder / "index.db", isolation_level=None)) as db:
        db.execute(f"UPDATE {column} = CAST(x'ff41' AS TEXT) WHERE id = 3")
    answers = ask(folder)
    assert "is damaged" in str(answers["items"])
    assert "is damaged" in str(answers["verify"])


FOR_EVER = "WITH RECURSIVE r(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM r) SELECT n"
OBJECTS = {
    "view": (
        "ALTER TABLE items RENAME TO rows; CREATE VIEW items AS "
        f"{FOR_EVER} AS id, 'a' AS file, x'00' AS content, x'00' AS digest, 0 AS preview FROM r"
    ),
    "trigger": "CREATE TRIGGER t AFTER INSERT ON items BEGIN DELETE FROM items; END",
    "index": "CREATE INDEX i ON metadata (m_year) WHERE m_year > 1890",
    "table": "CREATE TABLE other (id INTEGER PRIMARY KEY) STRICT",
    "loose": "DROP TABLE removals; CREATE TABLE removals (id INTEGER PRIMARY KEY, generation)",
    "computed": "ALTER TABLE items ADD COLUMN c TEXT AS (printf('%.900000000c', 'x'))",
    "words": (
        "DROP TABLE words; CREATE VIRTUAL TABLE words USING "
        "fts5(naming, others, content='items', tokenize = \"ascii\")"
    ),
}


@pytest.mark.parametrize("what", OBJECTS)
@pytest.mark.robustness("rows of a stranger's index")
def test_nothing_in_a_database_runs(sound: Path, tmp_path: Path, what: str) -> None:
    folder = shutil.copytree(sound, tmp_path / "index")
    with closing(sqlite3.connect(folder / "index.db")) as db:
        db.executescript(OBJECTS[what])
    with pytest.raises(ArtefactError, match=r"no table of an index|to no index|computed"):
        open_index(folder)


def test_what_a_version_made_is_no_stranger_s(sound: Path, tmp_path: Path) -> None:
    folder = shutil.copytree(sound, tmp_path / "index")
    with closing(sqlite3.connect(folder / "index.db")) as db:
        db.executescript("CREATE INDEX items_by_content ON items (content)")
    fit(folder)
    assert not [a for a in ask(folder).values() if isinstance(a, Exception)]
