"""`index.py search`: the pictures of an index nearest to one from outside."""

import argparse
from pathlib import Path
from typing import TYPE_CHECKING

from hashing.cli.console import emit
from hashing.cli.index.options import (
    Commands,
    command,
    encoder_of,
    filter_of,
    index_argument,
    model_options,
)
from hashing.cli.index.tables import print_table

if TYPE_CHECKING:
    from hashing.search import SearchResult
    from hashing.store import Index

SHOWN = ("title", "artist", "style", "year")


def add_commands(commands: Commands) -> None:
    """Declare `search`."""
    parser = command(commands, "search", search, "find the pictures most like one")
    index_argument(parser)
    parser.add_argument("--image", type=Path, required=True, metavar="FILE", help="the picture")
    parser.add_argument("-k", type=int, default=10, help="how many results (default 10)")
    parser.add_argument("--where", metavar="FILTER", help="only items that this filter keeps")
    parser.add_argument("--max-distance", type=int, metavar="D", help="only up to D differing bits")
    parser.add_argument("--bits", type=int, help="search by this shorter length of the code")
    parser.add_argument(
        "--rerank", type=int, metavar="R", help="order the R nearest by the network's own scores"
    )
    parser.add_argument("--open", action="store_true", help="show the results in the browser")
    parser.add_argument("--model", type=Path, metavar="MODEL", help="the model, if it has moved")
    model_options(parser)


def search(arguments: argparse.Namespace) -> int:
    """Encode one picture and print its nearest items."""
    from hashing.images import FILES, decode
    from hashing.search import SearchRequest
    from hashing.store import open_index

    with open_index(arguments.index) as index:
        image = decode(arguments.image, FILES)
        codes, logits = encoder_of(index, arguments.model, arguments.device).encode([image])
        request = SearchRequest(
            codes,
            arguments.k,
            where=filter_of(index, arguments.where),
            max_distance=arguments.max_distance,
            bits=arguments.bits,
            logits=None if arguments.rerank is None else logits,
            rerank=arguments.rerank,
        )
        found = index.search(request)
        results = _results(index, found)
        if arguments.open:
            from hashing.cli.index.sheet import open_sheet

            open_sheet(index, arguments.image, results)
    bits = arguments.bits or codes.bits
    if arguments.json:
        emit({"model": index.info.model, "bits": bits, "results": results})
    else:
        _print(results, bits)
    return 0


def _results(index: "Index", found: "SearchResult") -> list[dict[str, object]]:
    """One row per item found, as `--json` prints it."""
    there = found.ids[0] >= 0
    ids, distances = found.ids[0][there].tolist(), found.distances[0][there].tolist()
    return [
        {
            "rank": rank,
            "id": item.id,
            "distance": distance,
            "file": item.file,
            **{name: item.fields.get(name) for name in SHOWN},
        }
        for rank, (item, distance) in enumerate(zip(index.items(ids), distances, strict=True), 1)
    ]


def _print(results: list[dict[str, object]], bits: int) -> None:
    names = [name for name in SHOWN if any(result[name] is not None for result in results)]
    columns = ["rank", "distance", "id", *names, "file"]
    rows = [
        ["" if result[name] is None else str(result[name]) for name in columns]
        for result in results
    ]
    print_table(
        [*columns[:1], f"of {bits}", *columns[2:]], rows, right=("rank", f"of {bits}", "id")
    )
