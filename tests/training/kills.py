"""Kill a training run again and again and see that its end does not change by a bit.

    python tests/training/kills.py RECIPE FOLDER KILLS [--seed N] [train.py's own arguments]

torch is imported once; every run is a fork of this process, which itself computes nothing. Exits
with 0 where all ends are equal, else prints what differs.
"""

import argparse
import json
import os
import random
import shutil
import signal
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import torch

from hashing.cli import train as command
from hashing.cli.console import run
from hashing.files import name_beside
from hashing.training import state
from hashing.training.learner import Learner, Outcome
from hashing.training.runlog import read_records
from hashing.training.state import load_newest_state


def train(arguments: Sequence[str], kill_at: int | None = None, writing: bool = False) -> int:
    """Train in a fork that kills itself; its wait status.

    It dies after the update of step `kill_at`, or else when it has half written the first state
    from there on, while training goes on.
    """
    child = os.fork()
    if child:
        return os.waitpid(child, 0)[1]
    if kill_at is not None and writing:
        _kill_while_writing(kill_at)
    elif kill_at is not None:
        _kill_in_step(kill_at)
    os._exit(run(command.main, [*arguments, "--quiet", "--resume", "auto"]))


def _kill_in_step(step: int) -> None:
    whole = Learner.step

    def partial(learner: Learner, now: int, *batch: Any) -> Outcome:
        outcome = whole(learner, now, *batch)
        if now >= step:
            os.kill(os.getpid(), signal.SIGKILL)
        return outcome

    Learner.step = partial  # type: ignore[method-assign]


def _kill_while_writing(step: int) -> None:
    whole = state.write_new

    def partial(path: Path, pieces: Sequence[Any]) -> None:
        if int(path.stem.partition("-")[2]) < step:
            whole(path, pieces)
            return
        digest, payload = pieces
        with name_beside(path).open("wb") as file:
            file.write(digest + bytes(payload[: len(payload) // 2]))
            file.flush()
            os.kill(os.getpid(), signal.SIGKILL)

    state.write_new = partial  # type: ignore[assignment]


def differences(one: Any, other: Any, where: str = "") -> list[str]:
    """Places where two nested states differ in any bit; the time spent may."""
    if isinstance(one, dict):
        keys = sorted({*one, *other} - {"seconds", "spent"}, key=str)
        return [d for k in keys for d in differences(one.get(k), other.get(k), f"{where}/{k}")]
    if isinstance(one, list | tuple):
        pairs = enumerate(zip(one, other, strict=True))
        return [d for n, (a, b) in pairs for d in differences(a, b, f"{where}/{n}")]
    if isinstance(one, torch.Tensor):
        equal = one.dtype == other.dtype and torch.equal(one, other)
        return [] if equal else [where]
    return [] if one == other else [where]


def end_of(folder: Path) -> dict[str, Any]:
    """Everything a run leaves that must not depend on kills."""
    return {
        "state": load_newest_state(folder),
        "steps": read_records(folder / "metrics.jsonl"),
        "retrieval": json.loads((folder / "model" / "metrics.json").read_text())["retrieval"],
        "weights": (folder / "model" / "model.safetensors").read_bytes(),
    }


def main() -> int:
    """Compare `KILLS` killed and resumed runs with one that was left alone."""
    parser = argparse.ArgumentParser()
    parser.add_argument("recipe")
    parser.add_argument("folder", type=Path)
    parser.add_argument("kills", type=int)
    parser.add_argument("--seed", type=int, default=0)
    known, rest = parser.parse_known_args()
    arguments = ["--config", known.recipe, *rest]
    alone = known.folder / "alone"
    if train([*arguments, "--out", str(alone)]):
        return 1
    expected = end_of(alone)
    steps = expected["state"]["course"]["step"]
    draw, found, kills = random.Random(known.seed), [], 0
    while kills < known.kills:
        out = known.folder / "killed"
        for kill_at in sorted(draw.sample(range(steps), min(2, known.kills - kills))):
            workers = draw.choice(["0", "2"])
            writing = draw.random() < 0.4
            given = [*arguments, "--out", str(out), "--workers", workers]
            status = train(given, kill_at, writing)
            if not os.WIFSIGNALED(status):
                return 1
            kills += 1
        train([*arguments, "--out", str(out)])
        found += differences(expected, end_of(out))
        shutil.rmtree(out)
    sys.stdout.write("".join(f"differs: {place}\n" for place in found))
    sys.stdout.write(f"{kills} kills of {steps} steps, {len(found)} differences\n")
    return 1 if found else 0


if __name__ == "__main__":
    raise SystemExit(main())
