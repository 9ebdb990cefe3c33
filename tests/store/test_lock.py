import subprocess
import sys
import threading
import time
from pathlib import Path

import numpy as np
import pytest

from hashing.errors import StorageError
from hashing.search import SearchRequest
from hashing.store import Index, open_index
from hashing.store.embedded import lock
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
