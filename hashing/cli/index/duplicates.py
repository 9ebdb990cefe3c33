"""`index.py duplicates`: pictures that an index holds more than once."""

import argparse
from collections.abc import Sequence
from typing import TYPE_CHECKING

from hashing.cli.console import emit, put, suggest, word
from hashing.cli.index.options import Commands, command, index_argument
from hashing.cli.index.tables import csv_text, print_table
from hashing.progress import log

if TYPE_CHECKING:
    from hashing.collection.duplicates import Copy, Group

KINDS = ("exact", "near", "burst")
FIELDS = ("group", "place", "id", "file", "width", "height", "bytes", "date")
SHOWN_IDS = 20


def add_commands(commands: Commands) -> None:
    """Declare `duplicates`."""
    parser = command(
        commands, "duplicates", duplicates, "list pictures that are there more than once"
    )
    index_argument(parser)
    parser.add_argument(
        "--kind",
        choices=KINDS,
        default="near",
        help="exact: equal files; near (default): the same picture in another size, quality or "
        "brightness; burst: shots within seconds of each other, by their Exif data",
    )
    forms = parser.add_mutually_exclusive_group()
    forms.add_argument("--csv", action="store_true", help="print a line for each picture")
    forms.add_argument("--html", action="store_true", help="print a page with the pictures")


def duplicates(arguments: argparse.Namespace) -> int:
    """Print groups, the best copy first; nothing is removed."""
    from hashing.collection import Collection

    with Collection.open(arguments.index) as collection:
        groups = collection.duplicates(arguments.kind)
        if arguments.html:
            put(groups.sheet().page() + "\n")
    if arguments.csv:
        put(csv_text(FIELDS, _rows(groups)))
    elif arguments.json:
        emit(_as_json(groups, arguments.kind))
    elif not arguments.html:
        rows = [[*row[:4], f"{row[4]} x {row[5]}", row[6], row[7]] for row in _rows(groups)]
        names = ("group", "place", "id", "file", "pixels", "bytes", "date")
        print_table(names, rows, right=("group", "place", "id", "pixels", "bytes"))
    _conclude(groups, arguments)
    return 0


def _conclude(groups: "Sequence[Group]", arguments: argparse.Namespace) -> None:
    further = [copy.item.id for group in groups for copy in group.copies[1:]]
    if not groups:
        log(f"no picture is there twice ({arguments.kind})")
        return
    frees = sum(group.frees for group in groups)
    log(
        f"{len(groups):,} groups with {len(further):,} further copies, which take "
        f"{frees / 1e6:,.1f} MB; nothing was removed"
    )
    index = word(arguments.index)
    if len(further) <= SHOWN_IDS:
        ids = " ".join(map(str, further))
        suggest(f"index.py remove {index} --ids {ids} keeps the best of each")
    else:
        suggest(f"index.py duplicates {index} --kind {arguments.kind} --html > them.html")


def _rows(groups: "Sequence[Group]") -> list[list[str]]:
    return [
        [str(value) for value in (number, place, *_values(copy))]
        for number, group in enumerate(groups, 1)
        for place, copy in enumerate(group.copies, 1)
    ]


def _values(copy: "Copy") -> tuple[object, ...]:
    known = "" if copy.bytes is None else copy.bytes
    return copy.item.id, copy.item.file, copy.width, copy.height, known, copy.date or ""


def _as_json(groups: "Sequence[Group]", kind: str) -> dict[str, object]:
    return {
        "kind": kind,
        "frees": sum(group.frees for group in groups),
        "groups": [
            {
                "frees": group.frees,
                "copies": [
                    {
                        "id": copy.item.id,
                        "file": copy.item.file,
                        "width": copy.width,
                        "height": copy.height,
                        "bytes": copy.bytes,
                        "date": copy.date,
                    }
                    for copy in group.copies
                ],
            }
            for group in groups
        ],
    }
