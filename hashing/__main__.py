"""`python -m hashing COMMAND` does what the `arthash` command does."""

from hashing.cli import main

if __name__ == "__main__":
    raise SystemExit(main())
