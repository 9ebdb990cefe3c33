"""`index.py compare`: what several descriptors and distances find for one picture, side by side."""

import argparse
from contextlib import ExitStack
from itertools import zip_longest
from pathlib import Path
from typing import TYPE_CHECKING

from hashing.cli.console import emit, suggest, word
from hashing.cli.index.options import Commands, at_least, command, location
from hashing.cli.index.search import refuse_empty
from hashing.cli.index.tables import print_table
from hashing.errors import UsageError

if TYPE_CHECKING:
    from hashing.collection.compare import Comparison


def add_commands(commands: Commands) -> None:
    """Declare `compare`."""
    parser = command(
        commands, "compare", compare, "lay answers by several descriptors and distances together"
    )
    parser.add_argument(
        "indexes", nargs="+", type=location, metavar="INDEX", help="folders or URLs of indexes"
    )
    parser.add_argument("--image", type=Path, required=True, metavar="FILE", help="ask with this")
    parser.add_argument("-k", type=at_least(1), default=10, help="how many results (default 10)")
    parser.add_argument(
        "--by",
        nargs="+",
        default=[],
        metavar="DISTANCE",
        help="only by these of hamming, cosine, euclidean, manhattan (default: all there are)",
    )
    parser.add_argument("--where", metavar="FILTER", help="only items that this filter keeps")
    parser.add_argument(
        "--out", type=Path, metavar="SHEET", help="write SHEET.html and SHEET.png, a row a ranking"
    )
    parser.add_argument("--device", default="auto", help="where the network runs (default: auto)")


def compare(arguments: argparse.Namespace) -> int:
    """Print what every ranking finds, and write the sheet."""
    from hashing.collection import Collection
    from hashing.collection.compare import compare as compare_all

    out = arguments.out
    if out is not None and not out.parent.is_dir():
        raise UsageError(f"expected a folder to write {out} in, found none: make {out.parent}")
    with ExitStack() as opened:
        collections = [
            opened.enter_context(Collection.open(place, device=arguments.device))
            for place in arguments.indexes
        ]
        for collection in collections:
            refuse_empty(collection)
        found = compare_all(
            collections,
            arguments.image,
            k=arguments.k,
            by=arguments.by,
            where=arguments.where,
            name=arguments.image.name,
        )
        if out is not None:
            found.save(out)
    if arguments.json:
        emit(found.as_dict())
    else:
        _print(found)
    if out is None:
        suggest("the same with --out SHEET, which writes the pictures as HTML and PNG")
    else:
        html, png = (word(out.with_suffix(suffix)) for suffix in (".html", ".png"))
        suggest(f"open {html}, or {png}")
    return 0


def _print(found: "Comparison") -> None:
    names = [name for name, _ in found.rankings]
    columns = [[f"{answer.far(h)}  {h.file}" for h in answer] for _, answer in found.rankings]
    rows = [
        [str(rank), *row] for rank, row in enumerate(zip_longest(*columns, fillvalue=""), start=1)
    ]
    print_table(["rank", *names], rows, right=("rank",))
