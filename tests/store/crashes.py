"""Kill a writer, fill its disk or cut its power at every change it makes to an index's files.

Run under the preloaded `faults.c` as `python -m tests.store.crashes KIND NUMBER FOLDER SCENARIO …`;
NUMBER: try every so many-th change, or, for the kind `moment`, kill at so many random moments.
Ends with an AssertionError at the first state that is neither the old index nor the new one;
prints for each scenario how many changes there are, or how many moments came before the end, and
how many states were looked at.
"""

import ctypes
import os
import random
import shutil
import signal
import sys
import time
import traceback
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import get_args

import numpy as np

from hashing.errors import StorageError
from hashing.search import ReferenceEngine, SearchRequest
from hashing.store import Index, is_index, open_index
from tests.store.conftest import condition, create, new_items
from tests.store.disk import Disk, Loss, read_log

RECORD = 0
KINDS = {"kill": 1, "torn": 2, "full-once": 3, "full": 4}
DEFECT = 99
CHECKED: list[str] = []
"""Every state that was looked at."""

State = dict[object, object] | None
"""What can be asked of an index, None where there is none."""
Act = Callable[[Index], object]
Scenario = Callable[[Path], Iterator[Index]]
"""Changes an index by publications and stops after each to let it be looked at."""


def _add(index: Index) -> None:
    index.add(new_items(6, seed=9))


def _remove(index: Index) -> None:
    index.remove([0, 5, 14])


def _build(folder: Path) -> Iterator[Index]:
    with create(folder, unfinished="pictures") as index:
        yield index
        for seed in (1, 2):
            index.add(new_items(8, seed=seed))
            yield index
        index.finish()
        yield index


def _publishing(*acts: Act) -> Scenario:
    def publish(folder: Path) -> Iterator[Index]:
        with open_index(folder) as index:
            yield index
            for act in acts:
                act(index)
                yield index

    return publish


SCENARIOS: dict[str, tuple[int, Scenario]] = {
    # how many segments there are before, 0 where there is no index
    "build": (0, _build),
    "add": (2, _publishing(_add)),
    "remove": (2, _publishing(_remove)),
    "merge": (8, _publishing(_add)),
    "compact": (3, _publishing(lambda index: index.compact())),
    "several": (
        2,
        _publishing(_remove, lambda index: index.put_extra("map", b"x" * 9000), _add),
    ),
}


def try_scenario(kind: str, name: str, number: int, folder: Path) -> int:
    """Do the same again and again, from the same index in `base` each time."""
    segments, scenario = SCENARIOS[name]
    base, trial, log = folder / "base", folder / "trial", folder / "log"
    base.mkdir(parents=True)
    if segments:
        _make(base / "index", segments)
    faults = ctypes.CDLL(None)
    shutil.copytree(base, trial)
    faults.fault_arm(bytes(trial), -1, RECORD, bytes(log))
    states: list[State] = [] if segments else [None]
    states += [state_of(index) for index in scenario(trial / "index")]
    count = faults.fault_count()
    faults.fault_arm(b"", -1, RECORD, b"")
    if kind == "moment":
        return kill_at_moments(base, trial, scenario, number, states)
    if kind == "power":
        cut_power(base, trial, log, scenario, number, states)
        return count
    codes = {0, StorageError.exit_code} if "full" in kind else {-signal.SIGKILL}
    for change in range(0, count, number):
        _renew(base, trial)

        def strike(change: int = change) -> None:
            faults.fault_arm(bytes(trial), change, KINDS[kind], b"")

        code = _awaited(_start(strike, trial, scenario))
        where = f"{kind} at change {change} of {count}, exit code {code}"
        assert code in codes, where
        check(trial, scenario, states[-1:] if code == 0 else states, where)
    return count


def _make(folder: Path, segments: int) -> None:
    with create(folder, new_items(10)) as index:
        for number in range(1, segments):
            index.add(new_items(5, seed=number))
        index.remove([2, 12])


def _renew(base: Path, trial: Path) -> None:
    shutil.rmtree(trial)
    shutil.copytree(base, trial)


def _start(strike: Callable[[], None], trial: Path, scenario: Scenario) -> int:
    """Do it in a process that may die."""
    child = os.fork()
    if child:
        return child
    code = DEFECT
    try:
        strike()
        for _ in scenario(trial / "index"):
            pass
        code = 0
    except StorageError:
        code = StorageError.exit_code
    except BaseException:
        traceback.print_exc(limit=-6)
        raise
    finally:
        os._exit(code)


def _awaited(child: int) -> int:
    """Wait for a process; its exit code, negative for a signal."""
    return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])


def kill_at_moments(
    base: Path, trial: Path, scenario: Scenario, count: int, states: Sequence[State]
) -> int:
    """Kill so many times, each after a random time; how often the end was not reached."""
    rng = random.Random(0)
    durations = []
    for _ in range(5):
        _renew(base, trial)
        started = time.monotonic()
        assert _awaited(_start(lambda: None, trial, scenario)) == 0
        durations.append(time.monotonic() - started)
    caught = 0
    for _ in range(count):
        _renew(base, trial)
        child = _start(lambda: None, trial, scenario)
        moment = rng.random() * sorted(durations)[2]
        time.sleep(moment)
        os.kill(child, signal.SIGKILL)
        code = _awaited(child)
        where = f"killed after {moment * 1e3:.1f} ms, exit code {code}"
        assert code in (0, -signal.SIGKILL), where
        check(trial, scenario, states[-1:] if code == 0 else states, where)
        caught += code != 0
    return caught


def cut_power(
    base: Path,
    trial: Path,
    log: Path,
    scenario: Scenario,
    step: int,
    states: Sequence[State],
) -> None:
    """Stop after every change, with all, none or some of the unsynced ones lost."""
    rng = random.Random(0)
    disk = Disk(base, as_if=trial)
    for number, change in enumerate(read_log(log)):
        disk.apply(change)
        for loss in get_args(Loss) if number % step == 0 else ():
            shutil.rmtree(trial)
            disk.crash(trial, loss, rng)
            where = f"power cut after change {number}, {loss} of the unsynced lost"
            check(trial, scenario, states, where)
    shutil.rmtree(trial)
    disk.crash(trial, "all", rng)
    check(trial, scenario, states[-1:], "power cut after the last publication")


def check(trial: Path, scenario: Scenario, allowed: Sequence[State], where: str) -> None:
    """The index is in one of the allowed states, unharmed, and can be written again."""
    folder = trial / "index"
    if not is_index(folder):
        assert None in allowed, f"{where}: no index"
        for _ in scenario(folder):  # the same command again
            pass
    else:
        with open_index(folder) as index:
            found = state_of(index)
            assert found in allowed, f"{where}: a state that never was"
            assert index.verify() == [], where
            _add(index)
            assert index.info.count == found["count"] + 6, where
    with open_index(folder) as index:
        assert index.verify() == [], where
    left = sorted(path.name for path in trial.rglob("*") if ".new" in path.name)
    assert not left, f"{where}: {left} left behind"
    CHECKED.append(where)


def state_of(index: Index) -> dict[object, object]:
    """Everything a reader can ask."""
    ids = index.ids().tolist()
    codes = index.codes(ids)
    queries = codes[np.arange(0, len(ids), 4)]
    found = index.search(SearchRequest(queries, len(ids) + 1))
    expected = ReferenceEngine(codes, np.array(ids, np.int64)).search(
        SearchRequest(queries, len(ids) + 1)
    )
    assert np.array_equal(found.ids, expected.ids), "a search that disagrees with the codes"
    return {
        "count": len(ids),
        "items": index.items(ids),
        "codes": codes.hex(),
        "previews": [index.preview(item) for item in ids],
        "cubism": index.ids(condition("style = 'Cubism'")).tolist(),
        "words": sorted(index.text_search("tree").tolist()),
        "map": index.extra("map"),
        "unfinished": index.info.unfinished,
    }


if __name__ == "__main__":
    kind, number, folder, *names = sys.argv[1:]
    for name in names:
        done = try_scenario(kind, name, int(number), Path(folder).resolve() / name)
        sys.stdout.write(f"{name} {done} {len(CHECKED)}\n")
        CHECKED.clear()
