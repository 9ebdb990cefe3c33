"""Kill a writer, fill its disk or cut its power at every change it makes to an index's files.

Run under the preloaded `faults.c` as `python -m tests.store.crashes KIND SCENARIO STEP FOLDER`.
Ends with an AssertionError at the first state that is neither the old index nor the new one;
prints how many changes there are.
"""

import ctypes
import os
import random
import shutil
import signal
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import get_args

import numpy as np

from hashing.errors import StorageError
from hashing.search.reference import ReferenceEngine
from hashing.store import Index, open_index
from tests.store.conftest import create, new_items
from tests.store.disk import Disk, Loss, read_log

RECORD = 0
KINDS = {"kill": 1, "torn": 2, "full-once": 3, "full": 4}
DEFECT = 99

State = dict[object, object]
Act = Callable[[Index], object]


def _add(index: Index) -> None:
    index.add(new_items(6, seed=9))


def _remove(index: Index) -> None:
    index.remove([0, 5, 14])


SCENARIOS: dict[str, tuple[int, Sequence[Act]]] = {
    # how many segments there are before, and the publications
    "add": (2, [_add]),
    "merge": (8, [_add]),
    "compact": (3, [lambda index: index.compact()]),
    "several": (2, [_remove, lambda index: index.put_extra("map", b"x" * 9000), _add]),
}


def main(kind: str, scenario: str, step: int, folder: Path) -> None:
    """Try every `step`-th change of a scenario."""
    segments, acts = SCENARIOS[scenario]
    base, trial, log = folder / "base", folder / "trial", folder / "log"
    with create(base, new_items(10)) as index:
        for number in range(1, segments):
            index.add(new_items(5, seed=number))
        index.remove([2, 12])
    faults = ctypes.CDLL(None)
    shutil.copytree(base, trial)
    faults.fault_arm(bytes(trial), -1, RECORD, bytes(log))
    states = run(trial, acts)
    count = faults.fault_count()
    faults.fault_arm(b"", -1, RECORD, b"")
    if kind == "power":
        cut_power(base, trial, log, step, states)
    else:
        for number in range(0, count, step):
            shutil.rmtree(trial)
            shutil.copytree(base, trial)

            def strike(number: int = number) -> None:
                faults.fault_arm(bytes(trial), number, KINDS[kind], b"")

            code = in_child(strike, trial, acts)
            where = f"{kind} at change {number} of {count}, exit code {code}"
            assert code in ({0, StorageError.exit_code} if "full" in kind else {-signal.SIGKILL}), (
                where
            )
            check(trial, states[-1:] if code == 0 else states, where)
    sys.stdout.write(f"{count}\n")


def run(folder: Path, acts: Sequence[Act]) -> list[State]:
    """Publish one after the other; the states before, between and after."""
    with open_index(folder) as index:
        states = [state_of(index)]
        for act in acts:
            act(index)
            states.append(state_of(index))
    return states


def in_child(strike: Callable[[], None], folder: Path, acts: Sequence[Act]) -> int:
    """Do it in a process that may die; its exit code, negative for a signal."""
    child = os.fork()
    if child:
        return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
    code = DEFECT
    try:
        strike()
        with open_index(folder) as index:
            for act in acts:
                act(index)
        code = 0
    except (StorageError, OSError):
        code = StorageError.exit_code
    finally:
        os._exit(code)


def cut_power(base: Path, trial: Path, log: Path, step: int, states: Sequence[State]) -> None:
    """Stop after every change, with all, none or some of the unsynced ones lost."""
    rng = random.Random(0)
    disk = Disk(base, as_if=trial)
    for number, change in enumerate(read_log(log)):
        disk.apply(change)
        for loss in get_args(Loss) if number % step == 0 else ():
            shutil.rmtree(trial)
            disk.crash(trial, loss, rng)
            check(trial, states, f"power cut after change {number}, {loss} of the unsynced lost")
    shutil.rmtree(trial)
    disk.crash(trial, "all", rng)
    check(trial, states[-1:], "power cut after the last publication")


def check(folder: Path, allowed: Sequence[State], where: str) -> None:
    """The index is in one of the allowed states, unharmed, and can be written again."""
    with open_index(folder) as index:
        found = state_of(index)
        assert found in allowed, f"{where}: a state that never was"
        assert index.verify() == [], where
        _add(index)
        assert index.info.count == found["count"] + 6, where
        assert index.verify() == [], where
    left = sorted(path.name for path in folder.rglob("*") if ".new" in path.name)
    assert not left, f"{where}: {left} left behind"


def state_of(index: Index) -> State:
    """Everything a reader can ask."""
    ids = index.ids().tolist()
    codes = index.codes(ids)
    queries = codes[np.arange(0, len(ids), 4)]
    found = index.search(queries, len(ids))
    expected = ReferenceEngine(codes, np.array(ids, np.int64)).search(queries, len(ids))
    assert np.array_equal(found.ids, expected.ids), "a search that disagrees with the codes"
    return {
        "count": len(ids),
        "items": index.items(ids),
        "codes": codes.hex(),
        "previews": [index.preview(item) for item in ids],
        "cubism": index.ids("style = 'Cubism'").tolist(),
        "words": sorted(index.text_search("tree").tolist()),
        "map": index.extra("map"),
    }


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2], int(sys.argv[3]), Path(sys.argv[4]).resolve())
