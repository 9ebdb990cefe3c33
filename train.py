"""Train a hashing model, or evaluate one: `python train.py --help`."""

from hashing.cli import main_of

if __name__ == "__main__":
    raise SystemExit(main_of("train"))
