"""Run the fuzzer over a small gallery: open, with a password, and writable.

`python -m tests.service.fuzzing [--examples N] [--seed S]`; it exits with 1 where anything failed.
"""

import argparse
import os
import subprocess
import sys
import tempfile
from pathlib import Path

from hashing.service.door import Door
from tests.service.fuzzing.served import served

USER, PASSWORD, TOKEN = "anna", "a tulip in the snow", "a token of more than sixteen"
DOORS = {
    "open": (Door(), []),
    "with a password": (Door(credentials={USER: PASSWORD}), ["--auth", f"{USER}:{PASSWORD}"]),
    "writable": (Door(token=TOKEN), ["--header", f"Authorization: Bearer {TOKEN}"]),
    "writable, with a password": (
        Door(credentials={USER: PASSWORD}, token=TOKEN),
        ["--header", f"Authorization: Bearer {TOKEN}"],
    ),
}


def main() -> int:
    """Ask every operation by every door; the number of doors where something failed."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--examples", type=int, default=50, help="cases for each operation")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--door", choices=DOORS, action="append", help="this one only")
    options = parser.parse_args()
    failed = 0
    for name in options.door or DOORS:
        door, identity = DOORS[name]
        print(f"== {name}", flush=True)  # noqa: T201
        with tempfile.TemporaryDirectory() as folder, served(Path(folder), door) as address:
            failed += bool(fuzz(address, identity, options.examples, options.seed))
    return min(failed, 1)


def fuzz(address: str, identity: list[str], examples: int, seed: int) -> int:
    """The fuzzer's exit code."""
    here = Path(__file__).parent
    command = [
        *(os.environ.get("SCHEMATHESIS") or f"{sys.executable} -m schemathesis.cli").split(),
        "--config-file",
        str(here / "schemathesis.toml"),
        "run",
        f"{address}/openapi.json",
        *("--checks", "all", "--continue-on-failure", "--workers", "1"),
        *("--max-examples", str(examples), "--seed", str(seed)),
        *("--request-timeout", "60"),
        *identity,
    ]
    return subprocess.run(command, cwd=here.parents[2], check=False).returncode


if __name__ == "__main__":
    sys.exit(main())
