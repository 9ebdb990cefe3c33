"""The command line: `train`, `index`, `serve`, `demo`, each a module with `main(argv) -> int`."""

import sys
from collections.abc import Sequence
from importlib import import_module

from hashing.cli.console import run
from hashing.errors import UsageError, unknown

COMMANDS = {
    "train": "hashing.cli.train",
    "index": "hashing.cli.index",
    "serve": "hashing.cli.serve",
    "demo": "hashing.cli.demo",
    "fetch": "hashing.cli.fetch",
}

USAGE = """\
usage: arthash COMMAND [OPTIONS]

  train   train a hashing model, or evaluate one
  index   build, change, search and check an index of pictures
  serve   open the browser demo and the HTTP API on an index
  demo    the whole way: draw artworks, train, index, serve
  fetch   copy a released model from an address of yours

Each command explains itself: arthash COMMAND --help
"""


def main(argv: Sequence[str] | None = None) -> int:
    """Entry point of the `arthash` console command; returns the exit code."""
    arguments = list(sys.argv[1:] if argv is None else argv)
    if not arguments or arguments[0] in ("-h", "--help"):
        sys.stdout.write(USAGE)
        return 0
    return run(lambda rest: _dispatch(arguments[0], rest), arguments[1:])


def main_of(command: str) -> int:
    """Entry point of a script that is one command: `train.py`, `index.py`, `serve.py`."""
    return run(lambda rest: _dispatch(command, rest), sys.argv[1:])


def _dispatch(command: str, argv: Sequence[str]) -> int:
    if command == "--version":
        from hashing import __version__

        sys.stdout.write(f"arthash {__version__}\n")
        return 0
    if command not in COMMANDS:
        raise UsageError(unknown("command", command, COMMANDS))
    code: int = import_module(COMMANDS[command]).main(argv)
    return code
