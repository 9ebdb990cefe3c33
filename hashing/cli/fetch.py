"""`arthash fetch`: copy a released model from an address of yours into a folder."""

from collections.abc import Sequence
from pathlib import Path

from hashing.cli.console import Parser, add_common
from hashing.progress import log


def main(argv: Sequence[str]) -> int:
    """Fetch one model folder."""
    parser = Parser(prog="arthash fetch", description=__doc__)
    parser.add_argument("address", help="https://…/NAME, below which the folder's files lie")
    parser.add_argument("--out", type=Path, help="the new folder (default: NAME)")
    add_common(parser)
    options = parser.parse_args(argv)

    from hashing.models.fetch import fetch_model  # imports torch, which takes seconds

    folder = options.out or Path(options.address.rstrip("/").rpartition("/")[2])
    fetch_model(options.address, folder)
    log(f"fetched {folder}")
    return 0
