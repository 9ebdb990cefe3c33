"""Collections that follow the rows of an index: what they lack is written, what differs mended."""

import time
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from typing import TypeVar

import numpy as np

from hashing.codes import Codes
from hashing.errors import UsageError
from hashing.store.candidates import CandidateAnswers
from hashing.store.code_search import Mark, Portion, Rows
from hashing.store.engine_server import differing
from hashing.store.milvus.answers import MilvusDistances
from hashing.store.milvus.server import AT_ONCE, Server

Done = TypeVar("Done")

MARKS = (-1, -2, -3)
"""Ids of the rows whose `removed` is number, next_id and compacted of a collection's mark."""
FRESH = 10.0
"""Seconds after a change during which the server is asked to wait until it sees all of it; by then
its bounded staleness (5 s) shows it to everybody."""
SETTLED = 16_384
"""Rows written at once from which on they are indexed; a compaction does so for any number."""


class Milvus:
    """A `CodeSearch` on a server of Milvus from version 2.3 on."""

    def __init__(self, url: str) -> None:
        """Raises UsageError for an address that cannot be meant, StorageError for a lost server."""
        self._server = Server(url)
        self._compared = False
        self._changed = 0.0

    def close(self) -> None:
        """Leave the server."""
        self._server.close()

    def refuse_taken(self) -> None:
        """Raise UsageError where another index keeps its codes there."""
        for name in self._server.collections():
            raise UsageError(
                f"expected no collection {name} at {self._server.shown}, found one: name another, "
                "or drop it if nobody needs it"
            )

    def delete(self, uuid: str) -> None:
        """Drop the collections of this index, and none of others."""
        for name in self._server.collections():
            if self._server.owner(name) == uuid:
                self._server.drop(name)

    def sync(self, rows: Rows) -> CandidateAnswers:
        """Take over what was published since, by whomever, and answer as of then."""
        names = self._names(rows)
        if not self._compared:
            _at_once(names, partial(self._open, rows))
        if self._behind(names, rows):
            # else who is slow would write older rows over those of who came later
            with rows.alone():
                behind = self._behind(names, rows)
                if behind:
                    since = _least(list(behind.values()))
                    self._follow(rows, {bits: names[bits] for bits in behind}, since)
                    # what was removed and dropped meanwhile is found by counting alone
                    self._compared &= since.number >= rows.mark.compacted
        self._changed = time.monotonic()
        if not self._compared:
            self.check(rows)
            self._compared = True
        distances = MilvusDistances(self._server, rows.mark, names, self._consistency, rows.columns)
        return CandidateAnswers(rows, distances)

    def check(self, rows: Rows) -> list[str]:
        """Compare counts with the rows', range by range; what differs is written anew."""
        names = self._names(rows)
        with rows.alone():
            return [line for bits, name in names.items() for line in self._repair(name, bits, rows)]

    def _behind(self, names: Mapping[int, str], rows: Rows) -> dict[int, Mark]:
        """How far the collections are that are not as far as the rows."""
        marks = dict(zip(names, _at_once(names, self._mark), strict=True))
        return {bits: mark for bits, mark in marks.items() if mark.number < rows.mark.number}

    def _consistency(self) -> str:
        """What a question has to see."""
        return "Strong" if time.monotonic() < self._changed + FRESH else "Bounded"

    def _names(self, rows: Rows) -> dict[int, str]:
        """The collection of each code length that can be searched by."""
        lengths = sorted(bits for bits in {*rows.lengths, rows.bits} if bits % 8 == 0)
        return {bits: f"{self._server.name}_{bits}" for bits in lengths}

    def _open(self, rows: Rows, bits: int, name: str) -> None:
        """Have a collection ready. Raises UsageError for one of another index."""
        self._server.open(name, bits, rows.uuid)
        if self._server.owner(name) != rows.uuid:
            raise UsageError(
                f"expected codes of this index in {name} at {self._server.shown}, found those of "
                "another: name another collection"
            )

    def _mark(self, _: int, name: str) -> Mark:
        """How far a collection is."""
        found = self._server.rows(name, f"id in {list(MARKS)}", "removed")
        values = {row["id"]: row["removed"] for row in found}
        if len(values) < len(MARKS):
            return Mark(-1, 0, 0)
        return Mark(*(values[mark] for mark in MARKS))

    def _follow(self, rows: Rows, names: dict[int, str], since: Mark) -> None:
        """Write what came since and what was removed since, then how far it is."""
        for portions in (
            rows.portions(since.next_id, rows.mark.next_id),
            rows.changes(since.number, since.next_id),
            rows.removals(since.number, since.next_id),
        ):
            for portion in portions:
                self._write(rows, names, portion)
        _at_once(names, partial(self._finish, rows, since))

    def _finish(self, rows: Rows, since: Mark, bits: int, name: str) -> None:
        """Drop what was compacted, write how far a collection is, and have much indexed."""
        mark = rows.mark
        compacted = since.compacted < mark.compacted
        if compacted:
            self._server.delete(name, f"id >= 0 and removed <= {mark.compacted}")
        values = np.array([mark.number, mark.next_id, mark.compacted], np.int64)
        nothing = Codes(np.zeros((len(MARKS), rows.bits // 8), np.uint8), rows.bits)
        self._server.write(name, bits, Portion(np.array(MARKS, np.int64), nothing, values))
        if compacted or mark.next_id - since.next_id >= SETTLED:
            self._server.settle(name)

    def _write(self, rows: Rows, names: Mapping[int, str], portion: Portion) -> None:
        """Write some rows with their fields."""
        for start in range(0, len(portion.ids), AT_ONCE):
            part = slice(start, start + AT_ONCE)
            ids, codes, removed = portion.ids[part], portion.codes[part], portion.removed[part]
            complete = Portion(ids, codes, removed, rows.slots(ids))
            for bits, name in names.items():
                self._server.write(name, bits, complete)

    def _repair(self, name: str, bits: int, rows: Rows) -> list[str]:
        """Compare counts with the rows' and write anew the ranges that differ; a line each.

        One that has followed later rows than these is left to who knows them.
        """
        if self._mark(bits, name).number > rows.mark.number:
            return []
        repaired = []
        for first, end in differing(rows, partial(self._counts, name, rows.mark)):
            self._server.delete(name, _inside(first, end))
            for portion in rows.portions(first, end):
                self._write(rows, {bits: name}, portion)
            repaired.append(f"{name}: codes {first} to {end - 1} written anew")
        return repaired

    def _counts(self, name: str, mark: Mark, first: int, end: int) -> tuple[int, int]:
        """How many rows there are in a range of ids, and how many of them are removed."""
        inside = _inside(first, end)
        gone = f"{inside} and removed <= {mark.number}"
        return self._server.count(name, inside), self._server.count(name, gone)


def _at_once(names: Mapping[int, str], act: Callable[[int, str], Done]) -> list[Done]:
    """Do something with each collection at the same time: the server waits more than it works."""
    with ThreadPoolExecutor(max(1, len(names))) as pool:
        return list(pool.map(act, names, names.values()))


def _inside(first: int, end: int) -> str:
    return f"id >= {first} and id < {end}"


def _least(marks: Sequence[Mark]) -> Mark:
    """How far all of some collections are."""
    return Mark(
        min(mark.number for mark in marks),
        min(mark.next_id for mark in marks),
        min(mark.compacted for mark in marks),
    )
