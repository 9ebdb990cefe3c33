"""`index.py remove` and `compact`."""

import argparse

from hashing.cli.console import emit
from hashing.cli.index.options import Commands, command, index_argument
from hashing.cli.index.tables import print_facts


def add_commands(commands: Commands) -> None:
    """Declare `remove` and `compact`."""
    parser = command(commands, "remove", remove, "take items out of an index")
    index_argument(parser)
    choice = parser.add_mutually_exclusive_group(required=True)
    choice.add_argument("--where", metavar="FILTER", help="remove what this filter keeps")
    choice.add_argument("--ids", type=int, nargs="+", metavar="ID", help="remove these items")
    parser.add_argument("--dry-run", action="store_true", help="only say how many it would be")
    tidying = "merge segments, drop removed items for good, draw the map anew"
    parser = command(commands, "compact", compact, tidying)
    index_argument(parser)


def remove(arguments: argparse.Namespace) -> int:
    """Take items out; their ids are never used again."""
    from hashing.collection import Collection

    with Collection.open(arguments.index) as collection:
        if arguments.dry_run:
            chosen = arguments.ids
            if chosen is None:
                chosen = collection.ids(where=arguments.where).tolist()
            removed = len(set(chosen) & set(collection.ids().tolist()))
        else:
            removed = collection.remove(arguments.ids or (), where=arguments.where)
        count = len(collection)
    if arguments.json:
        emit({"removed": removed, "items": count, "dry_run": arguments.dry_run})
    else:
        name = "would be removed" if arguments.dry_run else "removed"
        print_facts({name: f"{removed:,}", "items now": f"{count:,}"})
    return 0


def compact(arguments: argparse.Namespace) -> int:
    """Merge all segments, drop the rows of removed items, and draw the map anew if it is old."""
    from hashing.collection import Collection

    with Collection.open(arguments.index) as collection:
        before = collection.info
        collection.compact()
        after = collection.info
    if arguments.json:
        emit({"items": after.count, "dropped": before.removed, "bytes": after.bytes})
    else:
        print_facts(
            {
                "items": f"{after.count:,}",
                "dropped for good": f"{before.removed:,}",
                "segments": f"{before.segments} before, {after.segments} now",
                "size": f"{before.bytes / 1e6:.1f} MB before, {after.bytes / 1e6:.1f} MB now",
            }
        )
    return 0
