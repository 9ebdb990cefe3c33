"""`index.py export` and `import`: an index as lines of JSON."""

import argparse
from pathlib import Path

from hashing.cli.console import emit, suggest, word
from hashing.cli.index.options import Commands, command, index_argument
from hashing.cli.index.tables import print_facts


def add_commands(commands: Commands) -> None:
    """Declare `export` and `import`."""
    parser = command(commands, "export", export, "write an index as lines of JSON")
    index_argument(parser)
    parser.add_argument("--to", type=Path, required=True, metavar="FILE", help="file to make")
    parser = command(commands, "import", import_, "make an index of an exported one, ids anew")
    index_argument(parser)
    parser.add_argument(
        "--from", type=Path, required=True, dest="file", metavar="FILE", help="exported index"
    )


def export(arguments: argparse.Namespace) -> int:
    """Write all items to a new file, complete or not at all."""
    from hashing.collection import Collection
    from hashing.collection.change import export

    with Collection.open(arguments.index) as collection:
        count = export(collection.index, arguments.to)
    after = f"index.py import COPY --from {word(arguments.to)}"
    return _report(count, str(arguments.to), after, arguments.json)


def import_(arguments: argparse.Namespace) -> int:
    """Make a new index, complete or not at all."""
    from hashing.collection.change import import_exported

    count = import_exported(arguments.file, arguments.index)
    index = word(arguments.index)
    after = f"serve.py {index} --open, or index.py verify {index}"
    return _report(count, str(arguments.index), after, arguments.json)


def _report(count: int, place: str, after: str, as_json: bool) -> int:
    if as_json:
        emit({"items": count, "to": place})
    else:
        print_facts({"items": f"{count:,}", "to": place})
        suggest(after)
    return 0
