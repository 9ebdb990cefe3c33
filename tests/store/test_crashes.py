"""What `crashes.py` tries, here a part of it and by `make test-long` all of it."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
KINDS = ("kill", "torn", "full-once", "full", "power")
SCENARIOS = ("add", "merge", "compact", "several")


@pytest.fixture(scope="session")
def faults(tmp_path_factory: pytest.TempPathFactory) -> Path:
    if sys.platform != "linux" or shutil.which("cc") is None:
        pytest.skip("faults are preloaded on Linux, with a C compiler")
    library = tmp_path_factory.mktemp("faults") / "faults.so"
    source = Path(__file__).with_name("faults.c")
    subprocess.run(["cc", "-shared", "-fPIC", "-O1", "-o", library, source], check=True)
    return library


def attempt(faults: Path, kind: str, scenario: str, step: int, folder: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "tests.store.crashes", kind, scenario, str(step), str(folder)],
        cwd=ROOT,
        env={**os.environ, "LD_PRELOAD": str(faults)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert int(done.stdout) > 30, "too few changes were seen: the faults are not loaded"


@pytest.mark.parametrize("scenario", SCENARIOS)
@pytest.mark.parametrize("kind", KINDS)
def test_an_index_is_the_old_one_or_the_new_one(
    faults: Path, kind: str, scenario: str, tmp_path: Path
) -> None:
    attempt(faults, kind, scenario, 17, tmp_path)


@pytest.mark.long
@pytest.mark.timeout(1800)
@pytest.mark.parametrize("scenario", SCENARIOS)
@pytest.mark.parametrize("kind", KINDS)
def test_at_every_change(faults: Path, kind: str, scenario: str, tmp_path: Path) -> None:
    attempt(faults, kind, scenario, 1, tmp_path)
