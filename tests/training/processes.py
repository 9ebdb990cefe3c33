"""Train with one process and with two, and print how far apart they end.

    python tests/training/processes.py FOLDER [train.py's own arguments]

torch is imported once; every process is a fork. Prints the largest relative difference of losses
and of weights, and the warnings of the two processes.
"""

import os
import socket
import sys
import warnings
from pathlib import Path
from typing import Any

import torch

from hashing.cli import train as command
from hashing.cli.console import run
from hashing.training.runlog import read_records
from hashing.training.state import load_newest_state


def train(arguments: list[str], rank: int, size: int, port: int) -> int:
    """One process of `size`; its number."""
    child = os.fork()
    if child:
        return child
    if size > 1:
        os.environ |= {
            "RANK": str(rank),
            "LOCAL_RANK": str(rank),
            "WORLD_SIZE": str(size),
            "MASTER_ADDR": "127.0.0.1",
            "MASTER_PORT": str(port),
        }
    warnings.simplefilter("always")
    os.dup2(os.open(os.devnull, os.O_WRONLY), 1)
    os._exit(run(command.main, [*arguments, "--quiet", "--debug"]))


def distance(one: Any, other: Any) -> float:
    """‖a − b‖ / ‖a‖ over all numbers together."""
    a, b = (torch.cat([torch.as_tensor(v).double().flatten() for v in x]) for x in (one, other))
    return float((a - b).norm() / a.norm())


def main() -> int:
    """Both runs and their distances."""
    folder, arguments = Path(sys.argv[1]), sys.argv[2:]
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    ends = []
    for size in (1, 2):
        out = folder / str(size)
        own = [*arguments, "--out", str(out)]
        if size == 1:  # the reference: one process that takes every batch at once
            own += ["--train.accumulate", "1"]
        children = [train(own, rank, size, port) for rank in range(size)]
        ended = [os.waitpid(child, 0)[1] for child in children]
        if any(ended):
            return 1
        losses = [r["loss"] for r in read_records(out / "metrics.jsonl") if "loss" in r]
        state = load_newest_state(out)
        assert state is not None
        ends.append((losses, list(state["learner"]["network"].values())))
    (losses, weights), (losses_2, weights_2) = ends
    sys.stdout.write(f"{len(losses)} steps\n")
    sys.stdout.write(f"losses {distance(losses, losses_2):.1e}\n")
    sys.stdout.write(f"weights {distance(weights, weights_2):.1e}\n")
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
