import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
# Small steps: rounding differences of 1e-8 grow without bound in a run that is chaotic.
PLAIN = ["--model.batchnorm", "false", "--optim.name", "sgd", "--optim.lr", "1e-3"]
FROZEN = [*PLAIN, "--model.backbone", "resnet18", "--optim.freeze_batchnorm", "true"]
FROZEN += ["--optim.lr", "1e-4"]
LOSSES = '[{"name": "dsh"}, {"name": "ProxyAnchorLoss", "weight": 0.1}]'


def both(recipe: Path, folder: Path, *arguments: str) -> tuple[dict[str, float], str]:
    """Distances between one process and two over 8 steps, and what the two said."""
    command = [sys.executable, "tests/training/processes.py", folder, "--config", recipe]
    settings = ["--train.epochs", "2", "--losses", LOSSES, *arguments]
    told = subprocess.run(
        [*command, *settings],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
    )
    assert told.returncode == 0, told.stderr
    steps, *lines = told.stdout.splitlines()
    assert steps == "8 steps"
    return {name: float(value) for name, value in map(str.split, lines)}, told.stderr


@pytest.mark.parametrize(
    "network",
    [PLAIN, FROZEN, [*PLAIN, "--train.accumulate", "2"]],
    ids=["without norms", "frozen norms", "in parts"],
)
def test_two_processes_compute_what_one_does(
    recipe: Path, tmp_path: Path, network: list[str]
) -> None:
    distances, warnings = both(recipe, tmp_path, *network)
    assert distances["losses"] < 1e-5
    assert distances["weights"] < 1e-5
    assert warnings == ""


def test_norms_on_a_cpu_warn_once(recipe: Path, tmp_path: Path) -> None:
    distances, warnings = both(recipe, tmp_path)
    assert distances["losses"] > 1e-5
    assert warnings.count("each process normalises by its own share") == 1
