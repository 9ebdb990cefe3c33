"""`index.py`: one module per group of commands; heavy imports wait until a command runs."""

from collections.abc import Sequence

from hashing.cli.console import Parser, add_common
from hashing.cli.index import (
    build,
    change,
    compare,
    duplicates,
    evaluate,
    fit,
    inspect,
    search,
    shard,
    sync,
    transfer,
)

GROUPS = (
    fit,
    build,
    shard,
    sync,
    change,
    search,
    compare,
    duplicates,
    evaluate,
    inspect,
    transfer,
)


def main(argv: Sequence[str]) -> int:
    """Run one command on an index; returns the exit code."""
    parser = Parser(prog="index.py", description="Build, change, search and check an index.")
    add_common(parser)
    commands = parser.add_subparsers(metavar="COMMAND", required=True, parser_class=Parser)
    for group in GROUPS:
        group.add_commands(commands)
    arguments = parser.parse_args(argv)
    code: int = arguments.run(arguments)
    return code
