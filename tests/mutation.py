"""Mutation testing of one room by its own tests: `python -m tests.mutation ROOM [--tenths N]`.

mutmut makes one small change after the other in a copy of the tree, and the tests of the room have
to notice each. Prints how many were made and noticed, and the others as differences.
"""

import argparse
import os
import shutil
import subprocess
import sys
import tempfile
from collections import Counter
from collections.abc import Sequence
from pathlib import Path

ROOT = Path(__file__).parent.parent
ROOMS = {
    # what is changed, and the tests that have to notice: those that take no minutes and no server
    "codes": (["hashing/codes/*.py"], ["tests/codes"]),
    "losses": (["hashing/losses/*.py"], ["tests/losses"]),
    "metrics": (["hashing/metrics/*.py"], ["tests/metrics"]),
    "store": (
        ["hashing/store/*.py", "hashing/store/embedded/*.py"],
        [
            f"tests/store/test_{name}.py"
            for name in (
                *("contract", "digests", "features", "hostile_rows", "index", "location", "lock"),
                *("missing_rows", "previews", "processes", "segments", "shown", "sums", "words"),
            )
        ],
    ),
}
LEFT_OUT = "not (postgresql or milvus or readers_and_a_server)"
COPIED = ("hashing", "generated_artworks", "tests", "configs", "pyproject.toml")
LAST_DIGITS = "1470258369"
"""Of the mutants' numbers, for a share of them; each function has a first one."""


def configuration(room: str) -> str:
    """What mutmut reads."""
    changed, tests = ROOMS[room]
    lists = {
        "source_paths": ["hashing"],
        "only_mutate": changed,
        "also_copy": ["generated_artworks", "configs"],
        "pytest_add_cli_args_test_selection": tests,
        "pytest_add_cli_args": ["-p", "no:cacheprovider", "-k", LEFT_OUT],
    }
    text = "[mutmut]\ntimeout_constant = 20.0\nuse_git_change_detection = false\n"
    for name, values in lists.items():
        text += f"{name} =\n" + "".join(f"    {value}\n" for value in values)
    return text


def run(room: str, tenths: int) -> int:
    """Try the mutants of a room, or some tenths of them; how many were not noticed."""
    with tempfile.TemporaryDirectory() as parent:
        tree = Path(parent) / "tree"
        tree.mkdir()
        for name in COPIED:
            copy = shutil.copytree if (ROOT / name).is_dir() else shutil.copy
            copy(ROOT / name, tree / name)
        (tree / "setup.cfg").write_text(configuration(room))
        shares = [f"*__mutmut_*{digit}" for digit in LAST_DIGITS[:tenths]]
        _mutmut(tree, "run", "--max-children", "1", *(shares if tenths < 10 else []))
        told = _mutmut(tree, "results", "--all", "true").splitlines()
        states = dict(line.strip().split(": ") for line in told if ": " in line)
        tried = {name: state for name, state in states.items() if state != "not checked"}
        missed = [name for name, state in tried.items() if state not in ("killed", "timeout")]
        for name in missed:
            sys.stdout.write(f"\n{tried[name]}\n{_mutmut(tree, 'show', name)}")
        sys.stdout.write(f"\n{room}: {len(tried)} of {len(states)} mutants tried, ")
        sys.stdout.write(f"{dict(Counter(tried.values()))}\n")
        return len(missed)


def _mutmut(tree: Path, *arguments: str) -> str:
    done = subprocess.run(
        [sys.executable, "-m", "mutmut", *arguments],
        cwd=tree,
        # a fork must find no threads
        env={**os.environ, "PYTHONPATH": "", "OMP_NUM_THREADS": "1", "NUMBA_NUM_THREADS": "1"},
        stdout=subprocess.PIPE,
        text=True,
        check=False,
    )
    if done.returncode:
        sys.stderr.write(done.stdout[-3000:])
        raise SystemExit(f"mutmut {arguments[0]} ended with {done.returncode}")
    return done.stdout


def main(argv: Sequence[str]) -> int:
    """Exits with 0 whatever survived: survivors are there to be read."""
    parser = argparse.ArgumentParser(prog="python -m tests.mutation", description=__doc__)
    parser.add_argument("room", choices=sorted(ROOMS))
    parser.add_argument("--tenths", type=int, default=10, help="try only so many tenths (10)")
    options = parser.parse_args(argv)
    run(options.room, options.tenths)
    return 0


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
