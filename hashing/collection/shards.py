"""One index made by several processes: which of them have ended, and what is done once at the end.

Each part is the pictures whose path has its digest, so who does which needs no agreement; what is
in the index is not encoded again, so each may die and start at any time. The index keeps for each
part the round that it ended last; `finish` ends a round.
"""

import json
import time
from collections.abc import Callable
from typing import TypeVar

from hashing.collection.remembered import recall
from hashing.errors import BusyError, UsageError
from hashing.progress import log
from hashing.sources.partition import Shard
from hashing.store import Index

Done = TypeVar("Done")

ROUND = "shards"
"""The name under which an index keeps the round that goes on, and its number of parts."""
MOST_PARTS = 1_000_000
PATIENCE = 3600.0
"""Seconds to wait for other writers: they merge and compact in their turn."""


def begin(index: Index, shard: Shard) -> None:
    """Note that a part is at work."""
    number, _ = _round(index)
    patiently(lambda: index.put_extra(ROUND, json.dumps([number, shard.count]).encode()))
    patiently(lambda: index.put_extra(_mark(shard), b""))


def end(index: Index, shard: Shard) -> None:
    """Note that a part has ended."""
    number, _ = _round(index)
    patiently(lambda: index.put_extra(_mark(shard), str(number).encode()))


def parts(index: Index) -> list[Shard]:
    """The parts of the round that goes on; none where nobody began one."""
    _, count = _round(index)
    return [Shard(part, count) for part in range(count)]


def waiting(index: Index) -> list[Shard]:
    """The parts that have not ended."""
    number, _ = _round(index)
    return [part for part in parts(index) if index.extra(_mark(part)) != str(number).encode()]


def palettes_of(shard: Shard) -> str:
    """The name under which an index keeps palettes of a part until the round ends."""
    return f"palettes {shard}"


def check_ended(index: Index) -> None:
    """Raise UsageError where parts have not ended."""
    if absent := waiting(index):
        shown = ", ".join(map(str, absent[:8])) + ", …" * (len(absent) > 8)
        raise UsageError(
            f"expected all {absent[0].count} shards to have ended, found {shown} missing: start "
            "them (again), or leave them out with --partial"
        )


def forget_round(index: Index) -> None:
    """Begin anew: what has ended so far counts no more."""
    number, count = _round(index)
    if count:
        index.put_extra(ROUND, json.dumps([number + 1, 0]).encode())


def patiently(publish: Callable[[], Done]) -> Done:
    """Publish once no other writer is at it. Raises BusyError after an hour."""
    since = time.monotonic()
    while True:
        try:
            return publish()
        except BusyError as busy:
            if time.monotonic() - since > PATIENCE:
                raise
            log(f"{busy} (it is waited for)")


def _round(index: Index) -> tuple[int, int]:
    """The number of the round that goes on, and how many parts it has."""
    index.refresh()
    match recall(index, ROUND):
        case [int(number), int(count)] if 0 <= count <= MOST_PARTS:
            return number, count
    return 1, 0


def _mark(shard: Shard) -> str:
    return f"shard {shard}"
