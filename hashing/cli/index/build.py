"""`index.py build` and `add`: pictures into an index."""

import argparse
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from hashing.cli.console import Parser, emit, suggest, when_interrupted, word
from hashing.cli.index.options import (
    GOES_ON,
    Commands,
    command,
    exclude_option,
    features_option,
    index_argument,
    location,
    model_options,
    picture_options,
    previews_option,
    reading,
)
from hashing.cli.index.shard import chosen_shard, shard_option
from hashing.cli.index.tables import print_facts
from hashing.progress import log

if TYPE_CHECKING:
    from hashing.collection import Collection
    from hashing.collection.intake import Outcome
    from hashing.collection.reading import Reading
    from hashing.sources import Catalogue
    from hashing.sources.left_out import LeftOut
    from hashing.sources.partition import Shard

SHOWN_FAILURES = 20


def add_commands(commands: Commands) -> None:
    """Declare `build` and `add`."""
    parser = command(commands, "build", build, "make a new index of pictures")
    parser.add_argument(
        "--model",
        type=Path,
        required=True,
        metavar="MODEL",
        help="model folder, or colour, texture, shape: descriptors without a network",
    )
    picture_options(parser, several=True)
    parser.add_argument(
        "--out", type=location, required=True, metavar="INDEX", help="folder or URL to make"
    )
    parser.add_argument(
        "--roles",
        default="",
        metavar="ROLE=COLUMN,…",
        help="columns of title, creator, group, year, link, licence, hidden (default: by name)",
    )
    features_option(parser)
    _add_options(parser)
    parser = command(commands, "add", add, "put more pictures into an index")
    index_argument(parser)
    picture_options(parser, several=True)
    parser.add_argument("--model", type=Path, metavar="MODEL", help="the model, if it has moved")
    _add_options(parser)


def _add_options(parser: Parser) -> None:
    model_options(parser)
    exclude_option(parser)
    parser.add_argument("--strict", action="store_true", help="fail at a broken picture, add none")
    parser.add_argument("--dry-run", action="store_true", help="only read all pictures and report")
    previews_option(parser)
    parser.add_argument(
        "--exif",
        nargs="+",
        choices=("date", "place", "none"),
        help="what cameras noted as columns: date (default where there is no metadata), place "
        "(latitude and longitude: a home as often as not, and the page shows it)",
    )
    shard_option(parser)


def build(arguments: argparse.Namespace) -> int:
    """Make an index; the same command again goes on where an interrupted one stopped."""
    from hashing.collection import Collection
    from hashing.sources.roles import parse_roles

    roles, shard = parse_roles(arguments.roles), chosen_shard(arguments.shard)
    if arguments.dry_run:
        from hashing.collection.build import check

        return _dry_run(arguments, check(_reading(arguments, shard), arguments.out, roles))
    with (
        when_interrupted(GOES_ON),
        Collection.build(
            arguments.images,
            arguments.model,
            arguments.out,
            metadata=arguments.metadata,
            roles=roles,
            device=arguments.device,
            workers=arguments.workers,
            previews=arguments.previews,
            strict=arguments.strict,
            features=arguments.features,
            shard=shard,
            exif=arguments.exif,
            **reading(arguments),
        ) as collection,
    ):
        return _report(collection, arguments, shard)


def add(arguments: argparse.Namespace) -> int:
    """Put more pictures into an index; those already there are skipped."""
    from hashing.collection import Collection

    shard = chosen_shard(arguments.shard)
    opened = Collection.open(arguments.index, model=arguments.model, device=arguments.device)
    with when_interrupted(GOES_ON), opened as collection:
        if arguments.dry_run:
            return _dry_run(arguments, _reading(arguments, shard).catalogues())
        collection.add(
            arguments.images,
            metadata=arguments.metadata,
            workers=arguments.workers,
            previews=arguments.previews,
            strict=arguments.strict,
            shard=shard,
            exif=arguments.exif,
            **reading(arguments),
        )
        return _report(collection, arguments, shard)


def _reading(arguments: argparse.Namespace, shard: "Shard | None") -> "Reading":
    from hashing.collection.reading import Reading

    return Reading.of(
        arguments.images,
        metadata=arguments.metadata,
        strict=arguments.strict,
        shard=shard,
        **reading(arguments),
    )


def _dry_run(arguments: argparse.Namespace, catalogues: "Sequence[Catalogue]") -> int:
    """Read all pictures and say what an index would get."""
    from hashing.collection.check import find_broken
    from hashing.collection.reading import columns_of
    from hashing.sources.left_out import LeftOut

    left_out = LeftOut()
    for catalogue in catalogues:
        left_out.add(catalogue.left_out)
    broken = [pair for each in catalogues for pair in find_broken(each, arguments.workers)]
    pictures, columns = sum(map(len, catalogues)), list(columns_of(catalogues))
    if arguments.json:
        rows = [{"file": file, "reason": reason} for file, reason in broken]
        emit(
            {
                "pictures": pictures,
                "columns": columns,
                "broken": rows,
                "left_out": left_out.as_dict(),
            }
        )
        return 0
    for file, reason in broken[:SHOWN_FAILURES]:
        log(f"broken {file}: {reason}")
    print_facts(
        {
            "pictures": f"{pictures:,}",
            "broken": f"{len(broken):,}",
            "named without a picture": f"{sum(len(each.missing) for each in catalogues):,}",
            "columns": ", ".join(columns) or "none",
            **_left_out(left_out),
        }
    )
    suggest("the same without --dry-run")
    return 0


def _left_out(left_out: "LeftOut") -> dict[str, str]:
    return {"left out": "\n".join(left_out.lines())} if left_out else {}


def _report(collection: "Collection", arguments: argparse.Namespace, shard: "Shard | None") -> int:
    info, outcome = collection.info, collection.outcome
    if outcome is None:
        return 0
    rate = outcome.added / outcome.seconds if outcome.seconds else 0.0
    if arguments.json:
        emit(
            {
                "index": info.location,
                "items": info.count,
                "added": outcome.added,
                "already": outcome.already,
                "with_other_metadata": outcome.differing,
                "broken": [{"file": file, "reason": reason} for file, reason in outcome.broken],
                "without_preview": [file for file, _ in outcome.without_preview],
                "one_shade": outcome.one_shade,
                "sharing_a_code": outcome.sharing,
                "left_out": outcome.left_out.as_dict(),
                "noted_by_cameras": outcome.noted,
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
            **_oddities(outcome),
            "already there": f"{outcome.already:,}",
            **_differing(outcome),
            **_noted(outcome),
            **_left_out(outcome.left_out),
            "items now": f"{info.count:,}",
        }
    )
    index = word(info.location)
    if shard is not None:
        suggest(f"index.py finish {index}, once all {shard.count} shards have ended")
        return 0
    suggest(f"serve.py {index} --open, or index.py search {index} PICTURE")
    return 0


def _noted(outcome: "Outcome") -> dict[str, str]:
    """What was taken from Exif data, which nobody may have thought of."""
    counts = outcome.noted
    if not counts:
        return {}
    dates, places = counts.get("date", 0), counts.get("latitude", 0)
    found = [f"the date of {dates:,} pictures (--exif none takes none)"] * bool(dates)
    found += [f"the place of {places:,}, which the page shows"] * bool(places)
    return {"columns of cameras": ", ".join(found)}


def _differing(outcome: "Outcome") -> dict[str, str]:
    if not outcome.differing:
        return {}
    return {"with other metadata now": f"{outcome.differing:,}, not read in: index.py sync does"}


def _oddities(outcome: "Outcome") -> dict[str, str]:
    """What search can do little with; nothing where there is nothing to say."""
    facts = {}
    if outcome.without_preview:
        facts["without a preview"] = f"{len(outcome.without_preview):,}"
    if outcome.one_shade:
        facts["of a single shade"] = f"{len(outcome.one_shade):,} ({outcome.one_shade[0]}, …)"
    if outcome.sharing:
        facts["sharing a code with another"] = f"{outcome.sharing:,} of {outcome.added:,}"
    return facts
