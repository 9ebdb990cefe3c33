"""One generation as a reader sees it: open segments, the items that are gone, masks of filters."""

import sqlite3
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from hashing.codes import Codes
from hashing.search import Engine
from hashing.search.reference import ReferenceEngine
from hashing.store.embedded import merge
from hashing.store.embedded.checks import read_checked_removals, read_segment_codes
from hashing.store.embedded.engines import engine_arrays, engine_from
from hashing.store.embedded.generation import Generation, SegmentRecord, read_generation
from hashing.store.embedded.segments import SEGMENTS, BadSegmentError, Segment, open_segment


@dataclass(slots=True)
class Part:
    """The items of one segment; `engine` and `ids` are there once it was made ready.

    fault: why the file cannot be used, None while it can. living: mask of the items that are not
    removed, None where all are there.
    """

    record: SegmentRecord
    segment: Segment | None
    fault: str | None = None
    engine: Engine | None = None
    ids: NDArray[np.int64] = field(default_factory=lambda: np.empty(0, np.int64))
    living: NDArray[np.bool_] | None = None


@dataclass(slots=True)
class Snapshot:
    """A generation and what is needed to search it.

    removed: ids int64, ascending. allowed: what has been asked for, by its filter.
    """

    generation: Generation
    removed: NDArray[np.int64]
    parts: list[Part]
    allowed: dict[str, list[merge.Part]] = field(default_factory=dict)


def take_snapshot(db: sqlite3.Connection, folder: Path) -> Snapshot:
    """Read the current generation and map its segments, in a transaction of the caller."""
    generation = read_generation(db, folder)
    removed = read_checked_removals(db, generation)
    return Snapshot(generation, removed, [_open_part(folder, r) for r in generation.segments])


def make_ready(snapshot: Snapshot, db: sqlite3.Connection) -> None:
    """Check all segments and make their engines; a damaged one is made of its rows."""
    for part in snapshot.parts:
        if part.engine is None:
            _make_engine(part, snapshot, db)


def allow(snapshot: Snapshot, ids: NDArray[np.int64] | None) -> list[merge.Part]:
    """Ready parts, at least one, with the living items among `ids` (ascending; None: all)."""
    bits = snapshot.generation.bits
    nothing = ReferenceEngine(Codes(np.empty((0, bits // 8), np.uint8), bits))
    parts = [merge.Part(part.engine, _mask(part, ids)) for part in snapshot.parts if part.engine]
    return parts or [merge.Part(nothing, None)]


def contains(snapshot: Snapshot, ids: NDArray[np.int64]) -> NDArray[np.bool_]:
    """Which of these ids are those of living items, bool like `ids`."""
    there = np.zeros(ids.shape, np.bool_)
    for part in snapshot.parts:
        there |= np.isin(ids, part.ids)
    return there & ~np.isin(ids, snapshot.removed)


def living_ids(snapshot: Snapshot) -> NDArray[np.int64]:
    """Ids of all living items, ascending; the parts are ready."""
    ids = np.concatenate([np.empty(0, np.int64), *(part.ids for part in snapshot.parts)])
    return np.setdiff1d(ids, snapshot.removed, assume_unique=True)


def _mask(part: Part, ids: NDArray[np.int64] | None) -> NDArray[np.bool_] | None:
    if ids is None:
        return part.living
    first_id, next_id = part.record.first_id, part.record.next_id
    first, last = np.searchsorted(ids, (first_id, next_id))
    among = np.zeros(next_id - first_id, np.bool_)
    among[ids[first:last] - first_id] = True
    mask = among[part.ids - first_id]
    return mask if part.living is None else mask & part.living


def _open_part(folder: Path, record: SegmentRecord) -> Part:
    try:
        path = folder / SEGMENTS / record.name
        return Part(record, open_segment(path, record.bytes, record.digest))
    except BadSegmentError as error:
        return Part(record, None, str(error))


def _make_engine(part: Part, snapshot: Snapshot, db: sqlite3.Connection) -> None:
    bits = snapshot.generation.bits
    try:
        if part.segment is None:
            raise BadSegmentError(part.fault)
        part.segment.check()
        arrays = part.segment.arrays
    except BadSegmentError as error:
        part.fault = str(error)
        ids, codes = read_segment_codes(db, part.record, bits)
        arrays = engine_arrays(codes, ids)
    engine, part.ids = engine_from(arrays, bits)
    gone = np.isin(part.ids, snapshot.removed, assume_unique=True)
    part.living = ~gone if gone.any() else None
    part.engine = engine
