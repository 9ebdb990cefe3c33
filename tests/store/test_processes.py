"""Several processes on one index: nobody goes blind, nothing is lost."""

import json
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from hashing.store import Index, open_index
from tests.store.conftest import new_items

ROOT = Path(__file__).parents[2]
DATABASES = ("index.db", "previews.db")

ADD = """
import sys
from hashing.store import open_index
from tests.store.conftest import new_items
with open_index(sys.argv[1]) as index:
    print(*index.add(new_items(2, seed=int(sys.argv[2]))).tolist())
"""
OPENED = """
import os, sys
from pathlib import Path
from hashing.filters import compare
from hashing.store import open_index
from tests.store.conftest import create, new_items

opened = set()
sys.addaudithook(
    lambda event, values: event == "open" and opened.add(os.path.basename(os.fsdecode(values[0])))
    if not isinstance(values[0] if values else 0, int) else None
)
folder = Path(sys.argv[1])
with create(folder, new_items(20)) as writer, open_index(folder) as reader:
    reader.facets()
    writer.remove([1])
    writer.compact()
    assert reader.refresh() and writer.verify() == []
    reader.text_search("tree"), reader.items([0]), reader.preview(0)
    reader.ids(compare("year", ">", 0))
    next((folder / "segments").iterdir()).unlink()
    assert len(writer.verify()) == 1
    assert reader.info.bytes > 0
print(*opened)
"""


def run(script: str, *arguments: object) -> str:
    done = subprocess.run(
        [sys.executable, "-c", script, *map(str, arguments)],
        cwd=ROOT,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_a_reader_that_asked_sees_what_others_add(index: Index) -> None:
    index.facets()  # asks for the checksum of the database
    for seed in (1, 2):
        added = [int(item) for item in run(ADD, index.info.location, seed).split()]
        assert index.refresh()
        assert set(added) <= set(index.ids().tolist())
        files = [item.file for item in index.items(added)]
        assert files == [item.file for item in new_items(2, seed=seed)]
        assert sum(index.facets()["style"].values()) == index.info.count
    assert index.verify() == []
    with open_index(index.info.location) as other:
        assert other.info.count == 64


def test_only_sqlite_opens_a_database(tmp_path: Path) -> None:
    opened = run(OPENED, tmp_path / "index").split()
    assert "index.sum" in opened, "the hook saw nothing"
    assert not [name for name in opened if name.startswith(DATABASES)]


@pytest.mark.skipif(not hasattr(os, "fork"), reason="its processes are forked")
@pytest.mark.parametrize(
    "kills",
    [
        pytest.param(
            0,
            id="alive",
            marks=pytest.mark.robustness("writers, readers, a server: publications and looks"),
        ),
        pytest.param(
            4, id="killed", marks=pytest.mark.robustness("writers, readers, a server: kills")
        ),
    ],
)
@pytest.mark.parametrize(
    ("runs", "seconds"),
    [(1, 5), pytest.param(20, 40, marks=[pytest.mark.long, pytest.mark.timeout(1800)])],
)
def test_writers_readers_and_a_server(
    runs: int,
    seconds: int,
    kills: int,
    tmp_path: Path,
    record_property: Callable[[str, object], None],
) -> None:
    for seed in range(runs):
        folder = tmp_path / str(seed)
        folder.mkdir()
        done = subprocess.run(
            [sys.executable, "-m", "tests.store.stress", *map(str, (seconds, kills, folder, seed))],
            cwd=ROOT,
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == 0, done.stderr
        outcome = json.loads(done.stdout)
        sys.stdout.write(done.stdout)
        assert outcome["failures"] == []
        tried = ("killed",) if kills else ("publications", "looks")
        record_property("trials", sum(outcome[what] for what in tried))
        for what in ("publications", "looks", "refreshes", *(["killed"] if kills else [])):
            assert outcome[what] >= 3, f"nothing was tried: {outcome}"
