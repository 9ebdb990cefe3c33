import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]


def kill(recipe: Path, folder: Path, kills: int, *arguments: str) -> str:
    command = [sys.executable, "tests/training/kills.py", recipe, folder, str(kills), *arguments]
    told = subprocess.run(
        command, cwd=ROOT, capture_output=True, text=True, check=False, env=environment()
    )
    assert told.returncode == 0, told.stdout + told.stderr
    return told.stdout


def environment() -> dict[str, str]:
    return {**os.environ, "PYTHONPATH": str(ROOT)}


# One loss with parameters, one with a memory, one that changes with the progress of training.
LOSSES = """[
    {"name": "ProxyAnchorLoss"},
    {"name": "CrossBatchMemory", "args": {"loss": {"name": "ContrastiveLoss"}, "memory_size": 40}},
    {"name": "hashnet"}
]"""


def test_killed_runs_end_as_if_they_had_not_been(recipe: Path, tmp_path: Path) -> None:
    told = kill(recipe, tmp_path, 4, "--losses", LOSSES)
    assert "4 kills of 12 steps, 0 differences" in told


@pytest.mark.long
def test_fifty_kills(recipe: Path, tmp_path: Path) -> None:
    assert "50 kills" in kill(recipe, tmp_path, 50, "--losses", LOSSES)


@pytest.mark.long
def test_three_kills_of_resnet50_in_bf16(recipe: Path, tmp_path: Path) -> None:
    told = kill(recipe, tmp_path, 3, "--model.backbone", "resnet50", "--train.precision", "bf16")
    assert "3 kills" in told
