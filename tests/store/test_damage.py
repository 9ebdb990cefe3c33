"""Bits that flip, files cut short or exchanged: found or repaired, never a wrong answer."""

import os
import random
import shutil
import signal
import sqlite3
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pytest

from hashing.codes import Codes
from hashing.errors import ArtefactError, StorageError
from hashing.search import SearchRequest
from hashing.store import open_index
from tests.store.conftest import BITS, MEMORY, condition, create, new_items

DAMAGED = "damaged"
COUNT = 24
"""Items of the first segment; few, so that most flips hit something."""
QUERIES = Codes(np.random.default_rng(5).integers(0, 256, (4, BITS // 8), np.uint8), BITS)

Answers = dict[str, object]
Record = Callable[[str, object], None]


@pytest.fixture(scope="module")
def whole() -> Iterator[Path]:
    """A closed index of two segments with removed items and an extra."""
    with tempfile.TemporaryDirectory(dir=MEMORY) as parent:
        folder = Path(parent) / "index"
        with create(folder, new_items(COUNT)) as index:
            index.add(new_items(8, seed=1))
            index.remove([3, COUNT + 1])
            index.put_extra("map", b"m" * 5000)
        yield folder


@pytest.fixture
def folder(whole: Path, tmp_path: Path) -> Path:
    return shutil.copytree(whole, tmp_path / "index")


def answers(folder: Path) -> Answers:
    """What an index says to each question, `DAMAGED` where it refuses with exit code 4."""
    try:
        with open_index(folder) as index:
            questions: dict[str, Callable[[], object]] = {
                "search": lambda: index.search(SearchRequest(QUERIES, 90)).ids.tolist(),
                "filtered": lambda: index.search(
                    SearchRequest(QUERIES, 90, where=condition("year > 1890"))
                ).ids.tolist(),
                "ids": lambda: index.ids().tolist(),
                "item": lambda: index.items([COUNT]),
                "items": lambda: index.items(range(0, COUNT, 4)),
                "codes": lambda: index.codes([0, 20, 31]).hex(),
                "where": lambda: index.ids(
                    condition("style = 'Cubism' and not title like '%3'")
                ).tolist(),
                "words": lambda: sorted(index.text_search("tree painter").tolist()),
                "facets": index.facets,
                "contents": lambda: index.contents(["0/7.jpg", "1/2.jpg"]),
                "preview": lambda: index.preview(COUNT),
                "previews": lambda: [index.preview(item) for item in range(0, COUNT, 4)],
                "extra": lambda: index.extra("map"),
            }
            return {name: _answer(question) for name, question in questions.items()}
    except ArtefactError:
        return {}


def verified(folder: Path) -> list[str] | str:
    def check() -> list[str]:
        with open_index(folder) as index:
            return index.verify()

    return _answer(check)


def _answer(question: Callable[[], object]) -> object:
    try:
        return question()
    except ArtefactError:
        return DAMAGED


def assert_never_wrong(folder: Path, expected: Answers, where: str) -> None:
    found = answers(folder)
    wrong = [name for name in found if found[name] not in (expected[name], DAMAGED)]
    assert not wrong, f"{where}: wrong {wrong}"
    repaired = verified(folder)
    if repaired != DAMAGED:
        assert (answers(folder) if repaired else found) == expected, f"{where}: not seen"


def flips(path: Path, count: int, seed: int) -> Iterator[str]:
    """Flip one random bit at a time; the file is whole again after each."""
    content = path.read_bytes()
    rng = random.Random(seed)
    for _ in range(count):
        place, bit = rng.randrange(len(content)), rng.randrange(8)
        flipped = bytearray(content)
        flipped[place] ^= 1 << bit
        path.write_bytes(flipped)
        yield f"bit {bit} of byte {place} of {path.name}"
    path.write_bytes(content)


def segment_of(folder: Path, which: int = 0) -> Path:
    return sorted((folder / "segments").iterdir())[which]


@pytest.mark.parametrize(
    "count", [40, pytest.param(5000, marks=[pytest.mark.long, pytest.mark.timeout(3600)])]
)
@pytest.mark.parametrize("name", ["index.db", "previews.db", "index.sum"])
@pytest.mark.robustness("bit flipped in a file of an index")
def test_a_flipped_bit_of_a_file_gives_no_wrong_answer(
    folder: Path, name: str, count: int, seed: int, record_property: Record
) -> None:
    record_property("trials", count)
    expected = answers(folder)
    assert DAMAGED not in expected.values()
    whole = (folder / "index.db").read_bytes()
    for where in flips(folder / name, count, seed + len(name)):
        if name != "index.db":  # a reader's own checkpoint may have touched it
            (folder / "index.db").write_bytes(whole)
        assert_never_wrong(folder, expected, where)


@pytest.mark.parametrize(
    "count", [20, pytest.param(5000, marks=[pytest.mark.long, pytest.mark.timeout(3600)])]
)
@pytest.mark.robustness("bit flipped in a file of an index")
def test_a_flipped_bit_of_a_segment_is_repaired(
    folder: Path, count: int, seed: int, record_property: Record
) -> None:
    record_property("trials", count)
    expected, whole = answers(folder), folder.with_name("whole")
    shutil.copytree(folder, whole)
    for where in flips(segment_of(folder), count, seed + 1):
        assert answers(folder) == expected, where
        repaired = verified(folder)
        assert len(repaired) == 1, where
        assert "rebuilt" in repaired[0]
        assert verified(folder) == []
        assert answers(folder) == expected, where
        content = segment_of(whole).read_bytes()
        shutil.rmtree(folder)
        shutil.copytree(whole, folder)
        assert segment_of(folder).read_bytes() == content


@pytest.mark.parametrize(
    "step", [311, pytest.param(1, marks=[pytest.mark.long, pytest.mark.timeout(3600)])]
)
@pytest.mark.robustness("file of an index cut short")
def test_files_cut_short_are_found(
    folder: Path, whole: Path, step: int, record_property: Record
) -> None:
    record_property("trials", 3 * len(range(0, 4096, step)))
    expected = answers(folder)
    for path in (segment_of(folder), folder / "index.db", folder / "previews.db"):
        content = path.read_bytes()
        for length in range(0, 4096, step):
            path.write_bytes(content[:length])
            assert_never_wrong(folder, expected, f"{path.name} cut to {length}")
            shutil.rmtree(folder)
            shutil.copytree(whole, folder)


@pytest.mark.parametrize("when", ["before it was searched", "after"])
@pytest.mark.robustness("file of an index cut short")
def test_a_segment_cut_short_under_a_reader_changes_nothing(folder: Path, when: str) -> None:
    with open_index(folder) as index:
        expected = index.search(SearchRequest(index.codes(range(5, 20)), 40)).ids.tolist()
    with open_index(folder) as index:
        if when == "after":
            index.search(SearchRequest(QUERIES, 3))
        for segment in (folder / "segments").iterdir():
            os.truncate(segment, 100)
        assert index.search(SearchRequest(index.codes(range(5, 20)), 40)).ids.tolist() == expected
        assert len(index.verify()) == 2


@pytest.mark.skipif(sys.platform != "linux", reason="descriptors are counted by /proc")
def test_a_reader_keeps_no_descriptors_of_segments(folder: Path) -> None:
    def held() -> list[str]:
        links = [Path("/proc/self/fd", name) for name in os.listdir("/proc/self/fd")]
        names = [os.readlink(link) for link in links if link.is_symlink()]
        return [name for name in names if str(folder) in name]

    with open_index(folder) as index, open_index(folder) as writer:
        for seed in range(3):
            writer.add(new_items(3, seed=seed))
            index.refresh()
        index.search(SearchRequest(QUERIES, 3))
        writer.search(SearchRequest(QUERIES, 3))
        assert not [name for name in held() if ".seg" in name]
    assert held() == []


@pytest.mark.parametrize("kind", ["missing", "foreign", "old", "longer"])
@pytest.mark.robustness("file of an index gone, foreign or of another type")
def test_another_file_in_the_place_of_a_segment_is_found(
    folder: Path, tmp_path: Path, kind: str
) -> None:
    before = segment_of(folder).read_bytes()
    with open_index(folder) as index:
        index.compact()
    expected, target = answers(folder), segment_of(folder)
    content = target.read_bytes()
    target.unlink()
    if kind == "foreign":
        create(tmp_path / "other", new_items(COUNT, seed=3)).close()
        shutil.copy(segment_of(tmp_path / "other"), target)
    elif kind == "old":
        target.write_bytes(before)
    elif kind == "longer":
        target.write_bytes(content + bytes(4096))
    assert answers(folder) == expected
    assert len(verified(folder)) == 1
    assert verified(folder) == []
    assert answers(folder) == expected


LEAVE_LOG = """
import os, signal, sys
from hashing.store import open_index
from hashing.store.embedded import publication
from tests.store.conftest import new_items

publication.checkpoint = lambda db: False  # as where a reader is in the way
index = open_index(sys.argv[1])
for seed in (7, 8):
    index.add(new_items(2, seed=seed))
os.kill(os.getpid(), signal.SIGKILL)
"""


@pytest.fixture
def with_log(folder: Path) -> Path:
    """An index whose last two publications lie in the log, of a process that was killed."""
    root = Path(__file__).parents[2]
    env = {**os.environ, "PYTHONPATH": str(root)}
    done = subprocess.run(
        [sys.executable, "-c", LEAVE_LOG, str(folder)], cwd=root, env=env, check=False
    )
    assert done.returncode == -signal.SIGKILL
    assert (folder / "index.db-wal").stat().st_size > 10_000
    return folder


@pytest.mark.skipif(os.name == "nt", reason="a process is killed as POSIX does it")
@pytest.mark.parametrize(
    "count", [25, pytest.param(2000, marks=[pytest.mark.long, pytest.mark.timeout(3600)])]
)
@pytest.mark.parametrize("kind", ["flipped", "cut"])
@pytest.mark.robustness("log damaged after a crash")
def test_what_was_published_is_there_or_missed(
    with_log: Path, kind: str, count: int, record_property: Record
) -> None:
    record_property("trials", count)
    crashed = shutil.copytree(with_log, with_log.with_name("crashed"))
    log = with_log / "index.db-wal"
    expected = answers(with_log)
    rng = random.Random(count)
    missed = 0
    for _ in range(count):
        shutil.rmtree(with_log)
        shutil.copytree(crashed, with_log)
        content = bytearray(log.read_bytes())
        place = rng.randrange(len(content))
        if kind == "flipped":
            content[place] ^= 1 << rng.randrange(8)
        else:
            del content[place:]
        log.write_bytes(content)
        found = answers(with_log)
        wrong = [name for name in found if found[name] not in (expected[name], DAMAGED)]
        assert not wrong, f"{kind} at byte {place} of {len(content)}"
        missed += not found
        if not found:
            with pytest.raises(ArtefactError, match="was published"):
                open_index(with_log)
            (with_log / "index.sum").unlink()
            with open_index(with_log) as index:
                assert index.verify() == []
    assert missed > count // 4, "the log was never needed"


def test_damage_that_rows_cannot_mend_stops_every_writer(folder: Path) -> None:
    content = (folder / "index.db").read_bytes()
    place = content.index(b"Painter 4")
    (folder / "index.db").write_bytes(content[:place] + b"p" + content[place + 1 :])
    with open_index(folder) as index:
        assert index.search(SearchRequest(QUERIES, 5)).ids.shape == (4, 5)
        for act in (lambda: index.add(new_items(1)), index.compact, index.verify, index.facets):
            with pytest.raises(ArtefactError, match="damaged"):
                act()


def test_a_damaged_row_is_never_rebuilt_from(folder: Path) -> None:
    database = sqlite3.connect(folder / "index.db", isolation_level=None)
    database.execute("UPDATE codes SET code = ? WHERE id = 10", (b"\x12\x34",))
    database.close()
    with open_index(folder) as index:
        assert index.search(SearchRequest(QUERIES, 5)).ids.shape == (4, 5)
    segment_of(folder).unlink()
    with open_index(folder) as index, pytest.raises(ArtefactError, match="code of item 10"):
        index.search(SearchRequest(QUERIES, 5))
    assert verified(folder) == DAMAGED


def test_a_folder_that_cannot_be_written_is_read(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    expected = answers(folder)
    before = sorted(path.name for path in folder.rglob("*"))
    monkeypatch.setattr("os.access", lambda *_: False)
    assert answers(folder) == expected
    assert sorted(path.name for path in folder.rglob("*")) == before
    with open_index(folder) as index, pytest.raises(StorageError, match="cannot be written"):
        index.add(new_items(1))
    segment_of(folder).unlink()
    assert answers(folder) == expected
    assert verified(folder) == DAMAGED
    (folder / "index.db-wal").write_bytes(b"something")
    with pytest.raises(StorageError, match="unfinished log"):
        open_index(folder)


@pytest.mark.parametrize(
    ("table", "column"),
    [
        ("items", "file"),
        ("items", "digest"),
        ("items", "preview"),
        ("codes", "code"),
        ("codes", "digest"),
        ("metadata", "m_title"),
        ("removals", "generation"),
        ("extras", "value"),
        ("generation", "state"),
        ("generation", "digest"),
    ],
)
@pytest.mark.parametrize("value", [None, 7, "text", b"bytes", 2.5], ids=str)
@pytest.mark.robustness("file of an index gone, foreign or of another type")
def test_a_value_of_another_type_is_damage(
    folder: Path, table: str, column: str, value: object
) -> None:
    expected = answers(folder)
    database = sqlite3.connect(folder / "index.db", isolation_level=None)
    sql = database.execute("SELECT sql FROM sqlite_schema WHERE name = ?", (table,)).fetchone()[0]
    loose = sql.replace(" STRICT", "").replace(" NOT NULL", "")
    database.execute("PRAGMA writable_schema = ON")
    database.execute("UPDATE sqlite_schema SET sql = ? WHERE name = ?", (loose, table))
    database.close()
    database = sqlite3.connect(folder / "index.db", isolation_level=None)
    database.execute(f"UPDATE {table} SET {column} = ?", (value,))
    database.execute("PRAGMA writable_schema = ON")
    database.execute("UPDATE sqlite_schema SET sql = ? WHERE name = ?", (sql, table))
    database.close()
    assert_never_wrong(folder, expected, f"{value!r} in {table}.{column}")
    assert verified(folder) == DAMAGED
