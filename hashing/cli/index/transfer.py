"""`index.py export` and `import`: an index as lines of JSON."""

import argparse
import io
import shutil
from pathlib import Path

from hashing.cli.console import emit
from hashing.cli.index.options import Commands, command, index_argument
from hashing.cli.index.tables import print_facts
from hashing.errors import InputError, UsageError
from hashing.files import new_file


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
    from hashing.store import open_index
    from hashing.store.transfer import export_index

    path: Path = arguments.to
    if path.exists():
        raise UsageError(f"{path} exists already: give another --to")
    with open_index(arguments.index) as index, new_file(path) as file:
        text = io.TextIOWrapper(file, "utf-8")
        count = export_index(index, text)
        text.detach()
    return _report(count, str(path), arguments.json)


def import_(arguments: argparse.Namespace) -> int:
    """Make a new index, complete or not at all."""
    from hashing.store import create_index
    from hashing.store.transfer import read_head, read_items

    path: Path = arguments.file
    if not path.is_file():
        raise InputError(f"expected an exported index, found no file {path}")
    with (
        path.open(encoding="utf-8", errors="replace") as file,
        create_index(arguments.index, **read_head(file, path)) as index,
    ):
        try:
            for items in read_items(file, path):
                index.add(items)
            index.compact()
            count = index.info.count
        except BaseException:
            index.close()
            shutil.rmtree(arguments.index)
            raise
    return _report(count, arguments.index, arguments.json)


def _report(count: int, place: str, as_json: bool) -> int:
    if as_json:
        emit({"items": count, "to": place})
    else:
        print_facts({"items": f"{count:,}", "to": place})
    return 0
