"""`index.py evaluate`: how well an index finds what belongs together."""

import argparse

from hashing.cli.console import emit, suggest, word
from hashing.cli.index.options import (
    Commands,
    command,
    index_argument,
    model_options,
    picture_options,
)
from hashing.cli.index.tables import print_table
from hashing.progress import log


def add_commands(commands: Commands) -> None:
    """Declare `evaluate`."""
    parser = command(commands, "evaluate", evaluate, "measure retrieval against the metadata")
    index_argument(parser)
    picture_options(parser, required=False)
    parser.add_argument(
        "--labels",
        metavar="A,B",
        help="columns that make items relevant (default: group and creator)",
    )
    parser.add_argument(
        "--sets",
        metavar="A,B",
        help="columns whose cells hold several labels, such as `dog, car`: relevant is what shares "
        "one, the more the better",
    )
    parser.add_argument(
        "--rerank", type=int, default=200, metavar="R", help="reach of re-ranking (default 200)"
    )
    parser.add_argument(
        "--by",
        nargs="+",
        default=[],
        metavar="DISTANCE",
        help="measure features, too, by cosine, euclidean, manhattan (of an index with --features)",
    )
    parser.add_argument("--model", metavar="MODEL", help="the model, if it has moved")
    model_options(parser)


def evaluate(arguments: argparse.Namespace) -> int:
    """Every item against the rest, as codes and as a visitor sees it, or other pictures."""
    from hashing.collection import Collection

    labels, sets = (
        named and [name.strip() for name in named.split(",")]
        for named in (arguments.labels, arguments.sets)
    )
    with Collection.open(
        arguments.index, model=arguments.model, device=arguments.device
    ) as collection:
        found = collection.evaluate(
            labels,
            images=arguments.images,
            metadata=arguments.metadata,
            columns=dict(arguments.columns),
            rerank=arguments.rerank,
            by=arguments.by,
            sets=sets or (),
            workers=arguments.workers,
        )
    if arguments.json:
        emit(found.as_dict())
        return 0
    for table in found.tables():
        if table.heading:
            log(table.heading)
        print_table(table.columns, table.rows, right=table.columns[1:])
    suggest(f"index.py search {word(arguments.index)} PICTURE, or with other --labels")
    return 0
