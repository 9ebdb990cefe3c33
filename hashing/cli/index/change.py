"""`index.py remove` and `compact`."""

import argparse

from hashing.cli.console import emit, suggest, word
from hashing.cli.index.options import Commands, command, index_argument
from hashing.cli.index.tables import print_facts

SHOWN = 10
"""Ids that a line has room for."""


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
        there = set(collection.ids(where=arguments.where).tolist())
        chosen = there if arguments.ids is None else set(arguments.ids)
        absent = sorted(chosen - there)
        removed = len(chosen & there)
        if not arguments.dry_run:
            removed = collection.remove(chosen & there)
        count = len(collection)
    if arguments.json:
        counts = {"removed": removed, "absent": absent, "items": count}
        emit({**counts, "dry_run": arguments.dry_run})
        return 0
    name = "would be removed" if arguments.dry_run else "removed"
    facts = {name: f"{removed:,}", "items now": f"{count:,}"}
    if absent:
        shown = ", ".join(map(str, absent[:SHOWN])) + ", …" * (len(absent) > SHOWN)
        facts["not there"] = f"{len(absent):,} ({shown})"
    print_facts(facts)
    if arguments.dry_run:
        suggest("the same without --dry-run")
    elif removed:
        suggest(f"index.py compact {word(arguments.index)} drops them for good")
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
        suggest(f"serve.py {word(arguments.index)} --open")
    return 0
