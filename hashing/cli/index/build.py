"""`index.py build` and `add`: pictures into an index."""

import argparse
import shutil
from pathlib import Path
from typing import TYPE_CHECKING

from hashing.cli.console import Parser, emit
from hashing.cli.index.options import (
    Commands,
    command,
    encoder_of,
    index_argument,
    model_options,
    picture_options,
)
from hashing.cli.index.tables import print_facts
from hashing.errors import InputError, UsageError
from hashing.progress import log

if TYPE_CHECKING:
    from collections.abc import Mapping

    from hashing.cli.index.filling import Outcome
    from hashing.encoding import Encoder
    from hashing.sources import Catalogue
    from hashing.store import Index


def add_commands(commands: Commands) -> None:
    """Declare `build` and `add`."""
    parser = command(commands, "build", build, "make a new index of pictures")
    parser.add_argument("--model", type=Path, required=True, metavar="MODEL", help="model folder")
    picture_options(parser)
    parser.add_argument("--out", type=Path, required=True, metavar="INDEX", help="folder to make")
    parser.add_argument(
        "--roles",
        default="",
        metavar="ROLE=COLUMN,…",
        help="which columns are title, creator, group, year, link (default: by their names)",
    )
    _add_options(parser)
    parser = command(commands, "add", add, "put more pictures into an index")
    index_argument(parser)
    picture_options(parser)
    parser.add_argument("--model", type=Path, metavar="MODEL", help="the model, if it has moved")
    _add_options(parser)


def _add_options(parser: Parser) -> None:
    model_options(parser)
    parser.add_argument("--strict", action="store_true", help="fail at a broken picture, add none")
    parser.add_argument("--dry-run", action="store_true", help="only read all pictures and report")
    parser.add_argument(
        "--previews",
        type=int,
        default=512,
        metavar="PIXELS",
        help="longer side of the small pictures kept in the index (default 512, 0: none)",
    )


def build(arguments: argparse.Namespace) -> int:
    """Make an index; the same command again goes on where an interrupted one stopped."""
    from hashing.cli.index.pictures import dry_run, refuse_broken
    from hashing.sources import read_catalogue
    from hashing.sources.roles import check_roles, parse_roles

    _refuse_finished(arguments)
    roles = parse_roles(arguments.roles)
    catalogue = read_catalogue(arguments.images, arguments.metadata)
    check_roles(roles, catalogue.columns)
    if arguments.dry_run:
        return dry_run(catalogue, arguments.workers, as_json=arguments.json)
    if arguments.strict:
        refuse_broken(catalogue, arguments.workers)
    index, encoder = _open_or_create(catalogue, roles, arguments)
    with index:
        outcome = _fill(index, encoder, catalogue, arguments)
        empty = not index.info.count
        if not empty:
            _complete(index)
    if empty:
        shutil.rmtree(arguments.out)
        file, reason = outcome.broken[0]
        raise InputError(f"none of {len(catalogue)} pictures can be read; {file}: {reason}")
    return _report(outcome, index, arguments.json)


def add(arguments: argparse.Namespace) -> int:
    """Put more pictures into an index; those already there are skipped."""
    from hashing.cli.index.pictures import dry_run, refuse_broken
    from hashing.sources import read_catalogue
    from hashing.store import open_index

    with open_index(arguments.index) as index:
        catalogue = read_catalogue(arguments.images, arguments.metadata)
        if arguments.dry_run:
            return dry_run(catalogue, arguments.workers, as_json=arguments.json)
        if arguments.strict:
            refuse_broken(catalogue, arguments.workers)
        encoder = encoder_of(index, arguments.model, arguments.device)
        outcome = _fill(index, encoder, catalogue, arguments)
    return _report(outcome, index, arguments.json)


def _source(arguments: argparse.Namespace) -> str:
    """What makes one `build` the same as another."""
    metadata = arguments.metadata and arguments.metadata.absolute()
    return f"{arguments.images.absolute()} {metadata}"


def _refuse_finished(arguments: argparse.Namespace) -> None:
    """Raise UsageError where `--out` is anything but an interrupted build of the same source."""
    from hashing.store import is_index, open_index

    if is_index(arguments.out):
        with open_index(arguments.out) as index:
            unfinished = index.info.unfinished
        if unfinished != _source(arguments):
            raise UsageError(
                f"{arguments.out} exists already: use add to put more into it, or another --out"
            )


def _open_or_create(
    catalogue: "Catalogue", roles: "Mapping[str, str]", arguments: argparse.Namespace
) -> tuple["Index", "Encoder"]:
    from hashing.encoding import Encoder
    from hashing.store import create_index, is_index, open_index

    if is_index(arguments.out):
        index = open_index(arguments.out)
        return index, encoder_of(index, arguments.model, arguments.device)
    encoder = Encoder.load(arguments.model, arguments.device)
    index = create_index(
        arguments.out,
        bits=encoder.bits,
        lengths=encoder.lengths,
        fingerprint=encoder.fingerprint,
        columns=catalogue.columns,
        roles=roles,
        model=arguments.model,
        unfinished=_source(arguments),
    )
    return index, encoder


def _fill(
    index: "Index", encoder: "Encoder", catalogue: "Catalogue", arguments: argparse.Namespace
) -> "Outcome":
    from hashing.cli.index.filling import fill
    from hashing.collection.pictures import remember_source

    remember_source(index, arguments.images)
    workers, previews = arguments.workers, arguments.previews
    return fill(index, encoder, catalogue, workers=workers, previews=previews)


def _complete(index: "Index") -> None:
    """One segment, the map of all items, and the fast search compiled where it will be needed."""
    from hashing.collection.map import draw_map
    from hashing.search.scan import KERNEL, SMALL

    if index.info.segments > 1:
        index.compact()
    log("laying out the map")
    draw_map(index)
    index.finish()
    if index.info.count > SMALL:
        KERNEL.wait()


def _report(outcome: "Outcome", index: "Index", as_json: bool) -> int:
    info = index.info
    rate = outcome.added / outcome.seconds if outcome.seconds else 0.0
    if as_json:
        emit(
            {
                "index": info.location,
                "items": info.count,
                "added": outcome.added,
                "already": outcome.already,
                "broken": [{"file": file, "reason": reason} for file, reason in outcome.broken],
                "seconds": round(outcome.seconds, 3),
                "pictures_per_second": round(rate, 2),
            }
        )
        return 0
    print_facts(
        {
            "index": info.location,
            "added": f"{outcome.added:,} in {outcome.seconds:.1f} s, {rate:.1f} pictures a second",
            "skipped as broken": f"{len(outcome.broken):,}",
            "already there": f"{outcome.already:,}",
            "items now": f"{info.count:,}",
        }
    )
    return 0
