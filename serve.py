"""Open the browser demo and the HTTP API on an index: `python serve.py --help`."""

from hashing.cli import main_of

if __name__ == "__main__":
    raise SystemExit(main_of("serve"))
