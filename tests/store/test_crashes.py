"""What `crashes.py` tries, here a part of it and by `make test-long` all of it."""

import os
import shutil
import subprocess
import sys
from collections.abc import Callable, Sequence
from pathlib import Path

import pytest

Record = Callable[[str, object], None]
ROOT = Path(__file__).parents[2]
KINDS = {
    "kill": "writer killed at each change",
    "torn": "writer killed within a change",
    "full-once": "disk full at one change",
    "full": "disk full from a change on",
    "power": "power cut after a change",
}
SCENARIOS = ("build", "add", "merge", "compact", "several")


@pytest.fixture(scope="session")
def faults(tmp_path_factory: pytest.TempPathFactory) -> Path:
    if sys.platform != "linux" or shutil.which("cc") is None:
        pytest.skip("faults are preloaded on Linux, with a C compiler")
    library = tmp_path_factory.mktemp("faults") / "faults.so"
    source = Path(__file__).with_name("faults.c")
    subprocess.run(["cc", "-shared", "-fPIC", "-O1", "-o", library, source], check=True)
    return library


def attempt(
    faults: Path,
    kind: str,
    number: int,
    folder: Path,
    scenarios: Sequence[str],
    record_property: Record,
) -> list[int]:
    """What `crashes.py` printed for each scenario."""
    done = subprocess.run(
        [sys.executable, "-m", "tests.store.crashes", kind, str(number), str(folder), *scenarios],
        cwd=ROOT,
        env={**os.environ, "LD_PRELOAD": str(faults)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    sys.stdout.write(f"{kind}\n{done.stdout}")
    counts = [line.split()[1:] for line in done.stdout.splitlines()]
    record_property("trials", sum(int(checked) for _, checked in counts))
    return [int(count) for count, _ in counts]


@pytest.mark.parametrize(
    "step", [29, pytest.param(1, marks=[pytest.mark.long, pytest.mark.timeout(1800)])]
)
@pytest.mark.parametrize(
    "kind", [pytest.param(kind, marks=pytest.mark.robustness(name)) for kind, name in KINDS.items()]
)
def test_an_index_is_the_old_one_or_the_new_one(
    faults: Path, kind: str, step: int, tmp_path: Path, record_property: Record
) -> None:
    changes = attempt(faults, kind, step, tmp_path, SCENARIOS, record_property)
    assert min(changes) > 30, "too few changes were seen: the faults are not loaded"


@pytest.mark.parametrize(
    "count", [3, pytest.param(334, marks=[pytest.mark.long, pytest.mark.timeout(1800)])]
)
@pytest.mark.robustness("writer killed at a random moment")
def test_killed_at_random_moments(
    faults: Path, count: int, tmp_path: Path, record_property: Record
) -> None:
    caught = attempt(faults, "moment", count, tmp_path, ("build", "add", "remove"), record_property)
    assert min(caught) >= count // 8, "most of the writers were done before they were killed"
