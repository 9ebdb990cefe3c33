"""One generation as a reader sees it: open segments, the engine over them, what is gone."""

import sqlite3
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from hashing.search import SlicedCodes, build_sliced
from hashing.search.scan.parts import contains
from hashing.sources import Value
from hashing.store.embedded.checks import read_checked_removals, read_segment_codes
from hashing.store.embedded.generation import Generation, SegmentRecord, read_generation
from hashing.store.embedded.segments import SEGMENTS, BadSegmentError, Segment, open_segment
from hashing.store.view import Select, View


@dataclass(slots=True)
class Snapshot:
    """A generation and what is needed to search it.

    removed: ids int64, ascending. segments: None where a file cannot be used.
    view: of the codes, once it was asked for. facets: once they were counted.
    spans: of columns of numbers, likewise. files: how many different ones, once counted.
    """

    generation: Generation
    removed: NDArray[np.int64]
    segments: list[Segment | None]
    view: View | None = None
    facets: dict[str, dict[Value, int]] | None = None
    spans: dict[str, tuple[float, float] | None] | None = None
    files: int | None = None

    def known_segments(self) -> dict[SegmentRecord, Segment]:
        """The segments that can be used, by what is recorded of them."""
        pairs = zip(self.generation.segments, self.segments, strict=True)
        return {record: segment for record, segment in pairs if segment is not None}


def take_snapshot(db: sqlite3.Connection, folder: Path, former: Snapshot | None = None) -> Snapshot:
    """Read the current generation and open its segments, in a transaction of the caller.

    former: a snapshot of the same index, whose segments are not read again.
    """
    generation = read_generation(db, folder)
    removed = read_checked_removals(db, generation)
    known = {} if former is None else former.known_segments()
    segments = [known.get(record) or _open(folder, record) for record in generation.segments]
    return Snapshot(generation, removed, segments)


def make_view(snapshot: Snapshot, db: sqlite3.Connection, select: Select) -> View:
    """Check the segments of a snapshot and look at them, in a transaction of the caller."""
    records = zip(snapshot.generation.segments, snapshot.segments, strict=True)
    sliced = [_checked(record, segment, snapshot, db) for record, segment in records]
    return View(sliced, snapshot.generation.bits, snapshot.removed, select)


def _open(folder: Path, record: SegmentRecord) -> Segment | None:
    try:
        return open_segment(folder / SEGMENTS / record.name, record.bytes, record.digest)
    except BadSegmentError:
        return None


def refuse_other(
    codes: SlicedCodes, record: SegmentRecord, bits: int, removed: NDArray[np.int64]
) -> None:
    """Raise BadSegmentError where a file holds other codes than recorded, by number, length, ids.

    removed: ids of all removed items. A file may lack some: those gone before it was written.
    """
    inside = record.first_id <= codes.first_id and codes.last_id < record.next_id
    if codes.bits == bits and inside:
        gone = removed[(removed >= record.first_id) & (removed < record.next_id)]
        absent = np.count_nonzero(~contains([codes], gone))
        if codes.items + absent == record.rows:
            return
    raise BadSegmentError("it holds other codes than were recorded")


def _checked(
    record: SegmentRecord, segment: Segment | None, snapshot: Snapshot, db: sqlite3.Connection
) -> SlicedCodes:
    """The codes of a segment; of its rows where the file is damaged."""
    bits = snapshot.generation.bits
    try:
        if segment is not None:
            sliced = segment.read()
            refuse_other(sliced, record, bits, snapshot.removed)
            return sliced
    except BadSegmentError:
        pass
    ids, codes = read_segment_codes(db, record, bits)
    return build_sliced(codes, ids)
