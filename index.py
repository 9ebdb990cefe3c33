"""Build, change, search and check an index of pictures: `python index.py --help`."""

from hashing.cli import main_of

if __name__ == "__main__":
    raise SystemExit(main_of("index"))
