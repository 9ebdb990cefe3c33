"""`index.py search`: the pictures of an index nearest to one from outside."""

import argparse
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from hashing.cli.console import emit
from hashing.cli.index.options import Commands, command, index_argument, model_options
from hashing.cli.index.tables import print_table
from hashing.errors import InputError

if TYPE_CHECKING:
    from hashing.collection import Collection
    from hashing.collection.answer import Answer
    from hashing.store import IndexInfo

QUERY_PIXELS = 512
SHOWN = 4
"""Columns that a line of the terminal has room for."""


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
    from hashing.collection import Collection

    with Collection.open(
        arguments.index, model=arguments.model, device=arguments.device
    ) as collection:
        refuse_empty(collection)
        found = collection.search(
            arguments.image,
            arguments.k,
            arguments.where,
            max_distance=arguments.max_distance,
            bits=arguments.bits,
            rerank=arguments.rerank,
        )
        if arguments.open:
            found.show(arguments.image.name, _shown(arguments.image))
        model, names = collection.info.model, _columns(collection.info)
    results = _results(found, names)
    if arguments.json:
        emit({"model": model, "bits": found.bits, "results": results})
    else:
        _print(results, names, found.bits)
    return 0


def refuse_empty(collection: "Collection") -> None:
    """Raise InputError where there is nothing to find, and say why."""
    if len(collection):
        return
    source = collection.info.unfinished
    reason = "all its items were removed" if source is None else "its build was interrupted"
    raise InputError(
        f"expected an index with pictures, found an empty one in {collection.info.location}: "
        f"{reason}; run the same `index.py build` again, or add pictures"
    )


def _shown(picture: Path) -> bytes:
    from hashing.images import encode_jpeg, open_picture

    return encode_jpeg(open_picture(picture), QUERY_PIXELS)


def _columns(info: "IndexInfo") -> list[str]:
    """Those of the roles on a picture's label first, then all others."""
    from hashing.collection.answer import LABEL

    first = [info.roles[role] for role in LABEL if role in info.roles]
    return list(dict.fromkeys([*first, *info.columns]))


def _results(found: "Answer", names: Sequence[str]) -> list[dict[str, object]]:
    """One row per item found, as `--json` prints it."""
    return [
        {
            "rank": rank,
            "id": hit.id,
            "distance": hit.distance,
            "file": hit.file,
            **{_key(name): hit.fields.get(name) for name in names},
        }
        for rank, hit in enumerate(found, 1)
    ]


def _key(name: str) -> str:
    """A column that is called like something else of a result."""
    return f"fields.{name}" if name in ("rank", "id", "distance", "file") else name


def _print(results: list[dict[str, object]], names: Sequence[str], bits: int) -> None:
    known = [name for name in names if any(result[_key(name)] is not None for result in results)]
    columns = ["rank", "distance", "id", *map(_key, known[:SHOWN]), "file"]
    rows = [
        ["" if result[name] is None else str(result[name]) for name in columns]
        for result in results
    ]
    print_table(
        [*columns[:1], f"of {bits}", *columns[2:]], rows, right=("rank", f"of {bits}", "id")
    )
