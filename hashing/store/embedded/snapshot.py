"""One generation as a reader sees it: open segments, the engine over them, what is gone."""

import sqlite3
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from hashing.codes import Codes
from hashing.filters import Filter
from hashing.search import Allowed, ScanEngine, SlicedCodes, build_sliced
from hashing.sources import Value
from hashing.store.embedded.checks import read_checked_removals, read_segment_codes
from hashing.store.embedded.generation import Generation, SegmentRecord, read_generation
from hashing.store.embedded.segments import SEGMENTS, BadSegmentError, Segment, open_segment


@dataclass(slots=True)
class Snapshot:
    """A generation and what is needed to search it.

    removed: ids int64, ascending. segments: None where a file cannot be used.
    engine: over all segments, once it was asked for. living: what is not removed, None for all.
    filters: what each filter allows, the latest ones. facets: once they were counted.
    spans: of columns of numbers that were asked for.
    """

    generation: Generation
    removed: NDArray[np.int64]
    segments: list[Segment | None]
    engine: ScanEngine | None = None
    living: Allowed | None = None
    filters: dict[Filter, Allowed] = field(default_factory=dict)
    facets: dict[str, dict[Value, int]] | None = None
    spans: dict[str, tuple[float, float] | None] = field(default_factory=dict)


def take_snapshot(db: sqlite3.Connection, folder: Path) -> Snapshot:
    """Read the current generation and map its segments, in a transaction of the caller."""
    generation = read_generation(db, folder)
    removed = read_checked_removals(db, generation)
    segments = [_open(folder, record) for record in generation.segments]
    return Snapshot(generation, removed, segments)


def make_engine(snapshot: Snapshot, db: sqlite3.Connection) -> ScanEngine:
    """Check the segments of a snapshot and make its engine, in a transaction of the caller."""
    bits = snapshot.generation.bits
    records = zip(snapshot.generation.segments, snapshot.segments, strict=True)
    sliced = [_checked(record, segment, bits, db) for record, segment in records]
    nothing = build_sliced(Codes(np.empty((0, bits // 8), np.uint8), bits))
    engine = ScanEngine.from_segments(sliced or [nothing])
    if len(snapshot.removed):
        snapshot.living = engine.prepare(~engine.mask(snapshot.removed))
    return engine


def allowed_of(snapshot: Snapshot, engine: ScanEngine, ids: NDArray[np.int64]) -> Allowed:
    """The living items among `ids`, ready for searches."""
    mask = engine.mask(ids)
    return engine.prepare(mask if snapshot.living is None else mask & snapshot.living.mask)


def contains(snapshot: Snapshot, engine: ScanEngine, ids: NDArray[np.int64]) -> NDArray[np.bool_]:
    """Which of these ids are those of living items, bool like `ids`."""
    return engine.contains(ids) & ~np.isin(ids, snapshot.removed)


def living_ids(snapshot: Snapshot, engine: ScanEngine) -> NDArray[np.int64]:
    """Ids of all living items, ascending."""
    ids = np.concatenate([part.ids_of(np.arange(part.items)) for part in engine.segments])
    return ids if snapshot.living is None else ids[snapshot.living.mask]


def _open(folder: Path, record: SegmentRecord) -> Segment | None:
    try:
        return open_segment(folder / SEGMENTS / record.name, record.bytes, record.digest)
    except BadSegmentError:
        return None


def _checked(
    record: SegmentRecord, segment: Segment | None, bits: int, db: sqlite3.Connection
) -> SlicedCodes:
    """The codes of a segment; of its rows where the file is damaged."""
    try:
        if segment is not None:
            segment.check()
            return segment.codes
    except BadSegmentError:
        pass
    ids, codes = read_segment_codes(db, record, bits)
    return build_sliced(codes, ids)
