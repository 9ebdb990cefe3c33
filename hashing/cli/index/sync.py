"""`index.py sync`: an index kept in step with its pictures."""

import argparse
from collections.abc import Callable, Iterator, Sequence
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from hashing.cli.console import emit, suggest, when_interrupted, word
from hashing.cli.index.options import (
    GOES_ON,
    Commands,
    command,
    exclude_option,
    index_argument,
    model_options,
    picture_options,
    previews_option,
    reading,
)
from hashing.cli.index.tables import print_facts
from hashing.errors import MissingPackageError, StorageError
from hashing.progress import log

if TYPE_CHECKING:
    from hashing.collection import Collection
    from hashing.collection.sync import Changes

STEP_MS = 500
"""Without a change, before all since the last time is looked at: files are copied in pieces."""
AGAIN_MS = 30_000
"""Before it is tried again where another process was in the way."""


def add_commands(commands: Commands) -> None:
    """Declare `sync`."""
    parser = command(
        commands, "sync", sync, "bring an index up to date: new, changed, moved, deleted pictures"
    )
    index_argument(parser)
    picture_options(parser, required=False)
    exclude_option(parser)
    parser.add_argument("--model", type=Path, metavar="MODEL", help="the model, if it has moved")
    model_options(parser)
    parser.add_argument("--dry-run", action="store_true", help="only say what would be done")
    parser.add_argument(
        "--keep-absent", action="store_true", help="keep items whose picture is not there any more"
    )
    parser.add_argument(
        "--checksum", action="store_true", help="read every file, not only those that seem changed"
    )
    parser.add_argument(
        "--watch", action="store_true", help="stay, and do it again whenever pictures change"
    )
    previews_option(parser)


def sync(arguments: argparse.Namespace) -> int:
    """Bring an index up to date, once or as long as it is watched."""
    from hashing.collection import Collection

    if arguments.watch:
        _watcher()
    opened = Collection.open(arguments.index, model=arguments.model, device=arguments.device)
    with when_interrupted(GOES_ON), opened as collection:
        _once(collection, arguments)
        if arguments.watch and not arguments.dry_run:
            _watch(collection, arguments)
    return 0


def _watch(collection: "Collection", arguments: argparse.Namespace) -> None:
    """Follow a folder; others may be at the index, and a watcher outlives their publications."""
    from hashing.collection.sync import source_of
    from hashing.store import NoItemError

    folder, failed = arguments.images or source_of(collection.index), False
    log(f"watching {folder} (Ctrl+C ends)")
    watch = partial(_watcher(), rust_timeout=AGAIN_MS, yield_on_timeout=True, raise_interrupt=True)
    for changed in watch(folder, step=STEP_MS, debounce=8 * STEP_MS):
        if not (changed or failed):
            continue
        try:
            _once(collection, arguments, quiet=True)
            failed = False
        except (StorageError, NoItemError) as error:
            log(f"{error} (this is tried again)")
            failed = True


def _watcher() -> Callable[..., Iterator[object]]:
    """What waits for changes of a folder. Raises MissingPackageError."""
    try:
        from watchfiles import watch
    except ImportError as error:
        raise MissingPackageError("--watch", error.name or "watchfiles") from None
    return watch


def _once(collection: "Collection", arguments: argparse.Namespace, quiet: bool = False) -> None:
    changes = collection.sync(
        arguments.images,
        metadata=arguments.metadata,
        **reading(arguments),
        workers=arguments.workers,
        previews=arguments.previews,
        keep_absent=arguments.keep_absent,
        checksum=arguments.checksum,
        dry_run=arguments.dry_run,
    )
    if quiet and not changes:
        return
    if arguments.json:
        emit(_as_json(changes, len(collection), dry_run=arguments.dry_run))
    else:
        _report(changes, len(collection), arguments)


def _as_json(changes: "Changes", items: int, *, dry_run: bool) -> dict[str, object]:
    return {
        "items": items,
        "new": changes.new,
        "changed": changes.changed,
        "moved": [{"from": former, "to": file} for former, file in changes.moved],
        "copied": changes.copied,
        "deleted": changes.deleted,
        "corrected": changes.corrected,
        "unchanged": changes.unchanged,
        "kept": changes.kept,
        "metadata_kept": changes.metadata_kept,
        "broken": [{"file": file, "reason": reason} for file, reason in changes.broken],
        "left_out": changes.outcome.left_out.as_dict(),
        "dry_run": dry_run,
    }


def _report(changes: "Changes", items: int, arguments: argparse.Namespace) -> None:
    moved = [f"{former} → {file}" for former, file in changes.moved]
    broken = [f"{file}: {reason}" for file, reason in changes.broken]
    facts = {
        "new": _told(changes.new),
        "changed": _told(changes.changed),
        "moved": _told(moved),
        "copies of what is there": _told(changes.copied),
        "deleted": _told(changes.deleted),
        "metadata corrected": _told(changes.corrected),
        "broken": _told(broken),
        "kept, for they cannot be looked for": f"{changes.kept:,}" if changes.kept else "",
        "left out": "\n".join(changes.outcome.left_out.lines()),
    }
    told = {name: text for name, text in facts.items() if text}
    unchanged = f"{changes.unchanged:,}"
    print_facts({**told, "unchanged": unchanged, "items now": f"{items:,}"})
    if changes.metadata_kept:
        log("metadata: none was found, so that of the index stays; give it with --metadata")
    index = word(arguments.index)
    if arguments.dry_run:
        log("nothing was changed (--dry-run)")
        suggest(f"index.py sync {index}" if changes else f"serve.py {index}")
    elif changes and not arguments.watch:
        suggest(f"index.py compact {index} draws the map anew; serve.py {index} shows it")


def _told(names: Sequence[str]) -> str:
    """How many, and the first of them."""
    if not names:
        return ""
    return f"{len(names):,} ({names[0]}{', …' * (len(names) > 1)})"
