"""`--shard`, and `index.py finish`: one index made by several processes."""

import argparse
import os
import re
from collections.abc import Mapping

from hashing.cli.console import Parser, emit, suggest, word
from hashing.cli.index.options import Commands, command, index_argument
from hashing.cli.index.tables import print_facts
from hashing.errors import UsageError
from hashing.progress import log
from hashing.sources.partition import Shard

VARIABLES = (
    ("RANK", "WORLD_SIZE"),
    ("SLURM_PROCID", "SLURM_NTASKS"),
    ("JOB_COMPLETION_INDEX", "WORLD_SIZE"),
)
"""Which part this process is and of how many, as torchrun, Slurm and Kubernetes say it; the last
one tells a job's pods no count."""


def add_commands(commands: Commands) -> None:
    """Declare `finish`."""
    help_text = "once all shards have ended: merge segments, draw the map"
    parser = command(commands, "finish", finish, help_text)
    index_argument(parser)
    parser.add_argument(
        "--partial", action="store_true", help="even where some shards have not ended"
    )


def shard_option(parser: Parser) -> None:
    """Which part of the pictures a process takes."""
    names = ", ".join("/".join(pair) for pair in VARIABLES)
    parser.add_argument(
        "--shard",
        metavar="I/N",
        help="put only part I of N in, from 0, as other processes do the other parts; then call "
        f"finish (default: of {names})",
    )


def chosen_shard(given: str | None, environment: Mapping[str, str] = os.environ) -> Shard | None:
    """The part that this process takes; None where it takes all. Raises UsageError."""
    text, why = given, ""
    if given is None:
        for number, count in VARIABLES:
            if environment.get(number) and environment.get(count):
                text, why = f"{environment[number]}/{environment[count]}", f"{number}, {count}"
                break
    if text is None:
        return None
    numbers = re.fullmatch(r"(\d{1,9})/(\d{1,9})", text)
    if numbers is None:
        told = f" in {why}" if why else ""
        raise UsageError(f"expected a shard such as 0/4, numbered from 0, found {text!r}{told}")
    shard = Shard(*map(int, numbers.groups()))
    if shard.count == 1:
        return None
    log(f"shard {shard}" + (f", by {why}: --shard 0/1 would take all" if why else ""))
    return shard


def finish(arguments: argparse.Namespace) -> int:
    """Do once what shards leave to be done."""
    from hashing.collection import Collection

    with Collection.open(arguments.index) as collection:
        collection.finish(partial=arguments.partial)
        info = collection.info
    if arguments.json:
        emit({"index": info.location, "items": info.count})
    else:
        print_facts({"index": info.location, "items": f"{info.count:,}"})
        index = word(info.location)
        suggest(f"serve.py {index} --open, or index.py search {index} PICTURE")
    return 0
