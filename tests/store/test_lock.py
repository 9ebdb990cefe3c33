import os
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

import numpy as np
import pytest

from hashing.errors import StorageError
from hashing.search import SearchRequest
from hashing.store import Index, delete_index, open_index
from hashing.store.embedded import creation, lock
from hashing.store.embedded.lock import writer_lock
from tests.store.conftest import condition, new_items

HOLD = """
import sys, time
from pathlib import Path
from hashing.store.embedded.lock import writer_lock
with writer_lock(Path(sys.argv[1])):
    print("held", flush=True)
    time.sleep(60)
"""


def test_a_second_writer_is_told_who_writes(index: Index, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(lock, "WAIT_SECONDS", 0.1)
    folder = index.info.location
    owner = subprocess.Popen([sys.executable, "-c", HOLD, folder], stdout=subprocess.PIPE)
    assert owner.stdout is not None
    owner.stdout.readline()
    with pytest.raises(StorageError, match=f"being written by process {owner.pid}"):
        index.add(new_items(1))
    assert index.search(SearchRequest(index.codes([0]), 3)).ids.shape == (
        1,
        3,
    )  # readers do not wait
    owner.kill()
    owner.wait()
    owner.stdout.close()
    assert index.add(new_items(1)).tolist() == [60]  # the lock died with its process


def test_writers_in_threads_take_turns(index: Index) -> None:
    folder = Path(index.info.location)

    def write(seed: int) -> None:
        with open_index(folder) as mine:
            mine.add(new_items(3, seed=seed))

    threads = [threading.Thread(target=write, args=(seed,)) for seed in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    index.refresh()
    assert index.ids().tolist() == list(range(78))
    assert index.verify() == []


@pytest.mark.skipif(os.name == "nt", reason="an open file cannot be deleted")
def test_whoever_waits_for_a_lock_that_is_deleted_waits_for_the_next_one(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    waiting, inside = threading.Event(), threading.Event()
    sleep = time.sleep

    def write() -> None:
        with writer_lock(tmp_path):
            inside.set()

    def pause(seconds: float) -> None:
        waiting.set()
        sleep(seconds)

    monkeypatch.setattr("hashing.store.embedded.lock.time.sleep", pause)
    writer = threading.Thread(target=write)
    with ExitStack() as anew:
        with writer_lock(tmp_path):
            writer.start()
            waiting.wait(60)
            (tmp_path / "lock").unlink()
            anew.enter_context(writer_lock(tmp_path))
        assert not inside.wait(0.3)
    writer.join()
    assert inside.is_set()


@pytest.mark.skipif(os.name == "nt", reason="an open file cannot be deleted")
def test_the_lock_of_whoever_comes_after_a_deletion_stays(
    index: Index, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = Path(index.info.location)
    with ExitStack() as next_writer:

        @contextmanager
        def followed(place: Path) -> Iterator[None]:
            with writer_lock(place):
                yield
            next_writer.enter_context(writer_lock(place))

        monkeypatch.setattr(creation, "writer_lock", followed)
        delete_index(folder)
        assert [path.name for path in folder.iterdir()] == ["lock"]
        monkeypatch.undo()
        monkeypatch.setattr(lock, "WAIT_SECONDS", 0.1)
        with pytest.raises(StorageError, match="is being written"):
            delete_index(folder)
    delete_index(folder)
    assert not folder.exists()


def test_one_index_answers_many_threads(index: Index) -> None:
    expected = index.search(
        SearchRequest(index.codes([5]), 9, where=condition("year > 1890"))
    ).ids.tolist()
    wrong: list[object] = []

    def ask() -> None:
        until = time.monotonic() + 0.5
        while time.monotonic() < until:
            found = index.search(
                SearchRequest(index.codes([5]), 9, where=condition("year > 1890"))
            ).ids.tolist()
            if found != expected or len(index.items(found[0])) != 9:
                wrong.append(found)

    threads = [threading.Thread(target=ask) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not wrong


def test_readers_that_open_while_others_write_see_whole_generations(index: Index) -> None:
    folder = Path(index.info.location)
    done = threading.Event()
    seen: set[int] = set()
    faults: list[object] = []

    def read() -> None:
        while not done.is_set():
            try:
                with open_index(folder) as mine:
                    ids = mine.ids()
                    found = mine.search(SearchRequest(mine.codes(ids[:2]), 500)).ids
                    if mine.info.count != len(ids) or not np.isin(ids, found).all():
                        faults.append((mine.info, ids))
                    if len(mine.ids(condition("year > 0 or year is null"))) != len(ids):
                        faults.append("a filter that disagrees")
                    seen.add(mine.info.generation)
            except StorageError as error:
                if "compacted" not in str(error):
                    faults.append(error)

    readers = [threading.Thread(target=read) for _ in range(2)]
    for reader in readers:
        reader.start()
    for seed in range(1, 9):
        index.add(new_items(5, seed=seed))
        index.remove(index.ids()[:3].tolist())
        if seed % 3 == 0:
            index.compact()
    done.set()
    for reader in readers:
        reader.join()
    assert not faults
    assert len(seen) > 1
