"""`index.py build` and `add`: pictures into an index."""

import argparse
import hashlib
import shutil
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from hashing.cli.console import Parser, emit, log
from hashing.cli.index.options import (
    Commands,
    command,
    encoder_of,
    index_argument,
    model_options,
    picture_options,
)
from hashing.cli.index.tables import print_facts
from hashing.cli.progress import progress
from hashing.errors import ImageError, InputError, UsageError

if TYPE_CHECKING:
    from PIL.Image import Image

    from hashing.encoding import Encoder
    from hashing.items import Catalogue, Item
    from hashing.store import Index, NewItem

PUBLISH_SECONDS = 20.0
PUBLISH_ITEMS = 4096
SHOWN_FAILURES = 20


@dataclass(slots=True)
class Outcome:
    """What became of the pictures of one source."""

    added: int = 0
    already: int = 0
    seconds: float = 0.0
    broken: list[tuple[str, str]] = field(default_factory=list)


def add_commands(commands: Commands) -> None:
    """Declare `build` and `add`."""
    parser = command(commands, "build", build, "make a new index of pictures")
    parser.add_argument("--model", type=Path, required=True, metavar="MODEL", help="model folder")
    picture_options(parser)
    parser.add_argument("--out", type=Path, required=True, metavar="INDEX", help="folder to make")
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
    from hashing.encoding import Encoder
    from hashing.items import read_catalogue
    from hashing.service.layout import draw_map
    from hashing.store import create_index, open_index

    out: Path = arguments.out
    source = f"{arguments.images.absolute()} {arguments.metadata and arguments.metadata.absolute()}"
    if out.exists():
        with open_index(out) as index:
            unfinished = index.info.unfinished
        if unfinished != source:
            raise UsageError(f"{out} exists already: use add to put more into it, or another --out")
    catalogue = read_catalogue(arguments.images, arguments.metadata)
    if arguments.dry_run:
        return _dry_run(catalogue, arguments)
    if arguments.strict:
        _refuse_broken(catalogue, arguments.workers)
    encoder = Encoder.load(arguments.model, arguments.device)

    index = (
        open_index(out)
        if out.exists()
        else create_index(
            out,
            bits=encoder.bits,
            lengths=encoder.lengths,
            fingerprint=encoder.fingerprint,
            columns=catalogue.columns,
            model=arguments.model,
            unfinished=source,
        )
    )
    with index:
        encoder = encoder_of(index, arguments.model, arguments.device)
        outcome = _fill(index, encoder, catalogue, arguments)
        empty = not index.info.count
        if not empty:
            index.compact()
            log("Laying out the map …")
            draw_map(index)
            index.finish()
            _warm(index.info.count)
    if empty:
        shutil.rmtree(out)
        file, reason = outcome.broken[0]
        raise InputError(f"none of {len(catalogue)} pictures can be read; {file}: {reason}")
    return _report(outcome, index, arguments.json)


def add(arguments: argparse.Namespace) -> int:
    """Put more pictures into an index; those already there are skipped."""
    from hashing.items import read_catalogue
    from hashing.store import open_index

    with open_index(arguments.index) as index:
        catalogue = read_catalogue(arguments.images, arguments.metadata)
        if arguments.dry_run:
            return _dry_run(catalogue, arguments)
        if arguments.strict:
            _refuse_broken(catalogue, arguments.workers)
        encoder = encoder_of(index, arguments.model, arguments.device)
        outcome = _fill(index, encoder, catalogue, arguments)
    return _report(outcome, index, arguments.json)


def _fill(
    index: "Index", encoder: "Encoder", catalogue: "Catalogue", arguments: argparse.Namespace
) -> Outcome:
    """Encode and publish, a few seconds of work at a time, what the index does not have yet."""
    from hashing.service.pictures import remember_source

    remember_source(index, arguments.images)
    outcome = Outcome()
    todo = _missing_items(index, catalogue)
    outcome.already = len(catalogue) - len(todo)
    if outcome.already:
        log(f"{outcome.already:,} of {len(catalogue):,} pictures are there already")
    started = time.monotonic()
    for items in _encoded(encoder, catalogue, todo, arguments, outcome):
        index.add(items, catalogue.columns)
        outcome.added += len(items)
    outcome.seconds = time.monotonic() - started
    return outcome


def _missing_items(index: "Index", catalogue: "Catalogue") -> list["Item"]:
    """The items whose file and content are not both in the index."""
    contents = index.contents(item.path for item in catalogue.items)
    return [
        item
        for item, there in zip(catalogue.items, contents, strict=True)
        if not there or _content(catalogue, item) not in there
    ]


def _content(catalogue: "Catalogue", item: "Item") -> bytes | None:
    try:
        return hashlib.sha256(catalogue.read(item)).digest()
    except ImageError:
        return None


def _encoded(
    encoder: "Encoder",
    catalogue: "Catalogue",
    todo: Sequence["Item"],
    arguments: argparse.Namespace,
    outcome: Outcome,
) -> Iterator[list["NewItem"]]:
    """New items in portions worth a publication each; broken pictures go into `outcome`."""
    from hashing.encoding import encode_catalogue
    from hashing.images import encode_jpeg
    from hashing.store import NewItem

    def derive(data: bytes, image: "Image") -> tuple[bytes, bytes | None]:
        preview = encode_jpeg(image, arguments.previews) if arguments.previews else None
        return hashlib.sha256(data).digest(), preview

    portion: list[NewItem] = []
    since = time.monotonic()
    with progress(len(todo), "encoding", "pictures") as bar:
        for batch in encode_catalogue(
            encoder, catalogue, items=todo, workers=arguments.workers, derive=derive
        ):
            for item, code, (content, preview) in zip(
                batch.items, batch.codes.packed, batch.derived, strict=True
            ):
                portion.append(NewItem(item.path, item.fields, code.tobytes(), content, preview))
            _note_failures(outcome, batch.failures)
            bar.advance(len(batch.items) + len(batch.failures))
            if len(portion) >= PUBLISH_ITEMS or time.monotonic() - since > PUBLISH_SECONDS:
                yield portion
                portion, since = [], time.monotonic()
    if portion:
        yield portion


def _note_failures(outcome: Outcome, failures: Sequence[tuple["Item", ImageError]]) -> None:
    for item, error in failures:
        outcome.broken.append((item.path, str(error)))
        if len(outcome.broken) <= SHOWN_FAILURES:
            log(f"skipped {item.path}: {error}")
        elif len(outcome.broken) == SHOWN_FAILURES + 1:
            log("further broken pictures are only counted")


def _broken(catalogue: "Catalogue", workers: int | None) -> list[tuple[str, str]]:
    """Decode every picture; the files that cannot be read, each with the reason."""
    from concurrent.futures import ThreadPoolExecutor

    from hashing.images import decode

    def reason(item: "Item") -> str | None:
        try:
            decode(catalogue.read(item))
        except ImageError as error:
            return str(error)
        return None

    broken = []
    with (
        ThreadPoolExecutor(workers) as pool,
        progress(len(catalogue), "reading", "pictures") as bar,
    ):
        for item, found in zip(catalogue.items, pool.map(reason, catalogue.items), strict=True):
            bar.advance()
            if found is not None:
                broken.append((item.path, found))
    return broken


def _refuse_broken(catalogue: "Catalogue", workers: int | None) -> None:
    broken = _broken(catalogue, workers)
    if broken:
        file, reason = broken[0]
        raise ImageError(
            f"{len(broken)} of {len(catalogue)} pictures cannot be read, nothing was added; "
            f"the first is {file}: {reason}"
        )


def _dry_run(catalogue: "Catalogue", arguments: argparse.Namespace) -> int:
    broken = _broken(catalogue, arguments.workers)
    if arguments.json:
        emit({"pictures": len(catalogue), "columns": list(catalogue.columns), "broken": broken})
        return 0
    for file, reason in broken[:SHOWN_FAILURES]:
        log(f"broken {file}: {reason}")
    print_facts(
        {
            "pictures": f"{len(catalogue):,}",
            "broken": f"{len(broken):,}",
            "named without a picture": f"{len(catalogue.missing):,}",
            "columns": ", ".join(catalogue.columns),
        }
    )
    return 0


def _warm(count: int) -> None:
    """Compile the fast search now where the first search would have to wait for it."""
    from hashing.search.scan import KERNEL, SMALL

    if count > SMALL:
        KERNEL.wait()


def _report(outcome: Outcome, index: "Index", as_json: bool) -> int:
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
