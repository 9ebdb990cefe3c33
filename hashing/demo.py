"""`python -m hashing.demo` does what `arthash demo` does."""

import sys

from hashing.cli.console import run
from hashing.cli.demo import main

if __name__ == "__main__":
    raise SystemExit(run(main, sys.argv[1:]))
