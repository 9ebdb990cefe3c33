"""What can be done to an index, inside a publication."""

import json
from collections.abc import Iterable, Mapping
from dataclasses import replace
from itertools import islice

import numpy as np
from numpy.typing import NDArray

from hashing.errors import InputError
from hashing.search import SlicedCodes, build_sliced
from hashing.store.contract import NewItem, NoItemError, StoredItem
from hashing.store.embedded.digests import CODE_MODULUS, ITEM_MODULUS, extra_digest, item_digest
from hashing.store.embedded.features import insert_features
from hashing.store.embedded.generation import SegmentRecord
from hashing.store.embedded.previews import count_previews, insert_previews
from hashing.store.embedded.publication import Draft
from hashing.store.embedded.rows import (
    BATCH,
    insert_items,
    insert_metadata,
    insert_removals,
    read_codes,
    read_items,
    read_removals,
)
from hashing.store.embedded.schema import add_column, disk_errors
from hashing.store.embedded.segments import SEGMENTS, name_segment, write_segment
from hashing.store.fields import check_features, checked, each_once, grown
from hashing.store.merging import first_to_merge


def add(draft: Draft, items: Iterable[NewItem]) -> NDArray[np.int64]:
    """Add items as one new segment; returns their ids."""
    first_id = draft.generation.next_id
    source = iter(items)
    while batch := list(islice(source, BATCH)):
        _add_batch(draft, batch)
    next_id = draft.generation.next_id
    if next_id > first_id:
        _replace_segments(draft, first_id, next_id)
        _limit_segments(draft)
    return np.arange(first_id, next_id, dtype=np.int64)


def remove(draft: Draft, ids: NDArray[np.int64]) -> int:
    """Mark items as removed; returns how many were there."""
    rows = draft.db.execute(
        "SELECT id FROM codes WHERE id IN (SELECT value FROM json_each(?)) "
        "AND id NOT IN (SELECT id FROM removals)",
        (json.dumps(ids.tolist()),),
    )
    chosen = np.array([row[0] for row in rows], np.int64)
    generation = draft.generation
    check = insert_removals(draft.db, chosen, generation.number)
    draft.generation = replace(
        generation,
        removed=generation.removed + len(chosen),
        removals_check=(generation.removals_check + check) % CODE_MODULUS,
    )
    return len(chosen)


def change(draft: Draft, items: Iterable[StoredItem]) -> None:
    """Give items other files and fields. Raises InputError where one is not there or twice."""
    source = each_once(items)
    while batch := list(islice(source, BATCH)):
        _change_batch(draft, batch)


def add_columns(draft: Draft, columns: Mapping[str, type]) -> None:
    """Make room for further metadata columns. Raises InputError for numbers that became text."""
    known = draft.generation.columns
    together = grown(known, columns)
    for name, kind in together.items():
        if name not in known:
            add_column(draft.db, name, kind)
    draft.generation = replace(draft.generation, columns=together)


def put_extra(draft: Draft, name: str, value: bytes) -> None:
    """Keep a named blob."""
    draft.db.execute("INSERT OR REPLACE INTO extras VALUES (?, ?)", (name, value))
    extras = {**draft.generation.extras, name: extra_digest(value)}
    draft.generation = replace(draft.generation, extras=extras)


def finish(draft: Draft) -> None:
    """Say that the build is complete."""
    draft.generation = replace(draft.generation, unfinished=None)


def compact(draft: Draft) -> None:
    """Drop the rows of removed items and put all others into one segment.

    The next publication deletes their previews: these lie in a file of their own, which may only
    ever have too many.
    """
    generation, db = draft.generation, draft.db
    digests = db.execute("SELECT digest FROM items WHERE id IN (SELECT id FROM removals)")
    dropped = sum(int.from_bytes(digest, "big") for (digest,) in digests)
    removed = [item for (item,) in db.execute("SELECT id FROM removals")]
    for table, key in (("items", "id"), ("codes", "id"), ("metadata", "id"), ("words", "rowid")):
        db.execute(f"DELETE FROM {table} WHERE {key} IN (SELECT id FROM removals)")
    db.execute("DELETE FROM removals")
    draft.generation = replace(
        generation,
        rows=generation.count,
        removed=0,
        removals_check=0,
        compacted=generation.number,
        items_check=(generation.items_check - dropped) % ITEM_MODULUS,
        previews=generation.previews - count_previews(draft.previews, removed),
        forgotten=tuple(removed),
    )
    _replace_segments(draft, 0, generation.next_id)


def rebuild_segment(draft: Draft, name: str) -> None:
    """Write a segment anew from its rows, under a new name."""
    (record,) = (each for each in draft.generation.segments if each.name == name)
    _replace_segments(draft, record.first_id, record.next_id)


def _add_batch(draft: Draft, batch: list[NewItem]) -> None:
    generation = draft.generation
    first_id = generation.next_id
    batch = [checked(item, generation.bits, generation.columns) for item in batch]
    for item in batch:
        check_features(item, generation.features)
    check = insert_items(
        draft.db,
        first_id,
        batch,
        generation.bits,
        generation.columns,
        generation.role_columns,
    )
    previews = [(i, row.preview) for i, row in enumerate(batch, first_id) if row.preview]
    insert_previews(draft.previews, previews)
    if generation.features:
        insert_features(draft.previews, enumerate(batch, first_id))
    draft.generation = replace(
        generation,
        next_id=first_id + len(batch),
        rows=generation.rows + len(batch),
        previews=generation.previews + len(previews),
        items_check=(generation.items_check + check) % ITEM_MODULUS,
    )


def _change_batch(draft: Draft, batch: list[StoredItem]) -> None:
    db, generation = draft.db, draft.generation
    ids = [item.id for item in batch]
    listed = json.dumps(ids)
    codes = dict(
        db.execute(
            "SELECT id, code FROM codes WHERE id IN (SELECT value FROM json_each(?)) "
            "AND id NOT IN (SELECT id FROM removals)",
            (listed,),
        )
    )
    if absent := [item_id for item_id in ids if item_id not in codes]:
        raise NoItemError(f"there is no item {absent[0]} in {draft.folder}")
    former = read_items(db, ids, generation)
    check, rows, metadata = generation.items_check, [], []
    for item, row in zip(batch, former, strict=True):
        if item.content != row.item.content:
            raise InputError(f"expected the content of item {item.id}, found another")
        code = codes[item.id]
        new = NewItem(item.file, item.fields, code, item.content)
        new = checked(new, generation.bits, generation.columns)
        digest = item_digest(item.id, new.file, new.content, code, new.fields, row.preview)
        check += int.from_bytes(digest, "big") - int.from_bytes(row.digest, "big")
        rows.append((new.file, digest, item.id))
        metadata.append((item.id, new.fields))
    db.executemany("UPDATE items SET file = ?, digest = ? WHERE id = ?", rows)
    for table, key in (("metadata", "id"), ("words", "rowid")):
        db.execute(
            f"DELETE FROM {table} WHERE {key} IN (SELECT value FROM json_each(?))", (listed,)
        )
    insert_metadata(db, metadata, generation.columns, generation.role_columns)
    draft.generation = replace(generation, items_check=check % ITEM_MODULUS)


def _limit_segments(draft: Draft) -> None:
    """Merge the newest segments where there are too many: few bytes are written twice."""
    segments = draft.generation.segments
    first = first_to_merge([record.rows for record in segments])
    if first < len(segments):
        _replace_segments(draft, segments[first].first_id, segments[-1].next_id)


def _replace_segments(draft: Draft, first_id: int, next_id: int) -> None:
    """Make one segment of the rows in a range of ids, which takes the place of those inside it."""
    generation = draft.generation
    kept = [
        record
        for record in generation.segments
        if record.next_id <= first_id or record.first_id >= next_id
    ]
    codes, rows, check = _sliced_rows(draft, first_id, next_id)
    if rows:
        name = name_segment(generation.number, first_id, next_id)
        path = draft.folder / SEGMENTS / name
        with disk_errors(path):
            size, digest = write_segment(
                path, codes, index=generation.uuid, generation=generation.number
            )
        kept.append(SegmentRecord(name, first_id, next_id, rows, check, size, digest))
    segments = tuple(sorted(kept, key=lambda record: record.first_id))
    draft.generation = replace(generation, segments=segments)


def _sliced_rows(draft: Draft, first_id: int, next_id: int) -> tuple[SlicedCodes, int, int]:
    """The living codes of a range of ids; how many rows there are in all and their check.

    Where all have been removed they stay, masked, for a segment is never empty.
    """
    ids, codes, check = read_codes(draft.db, first_id, next_id, draft.generation.bits)
    rows = len(ids)
    removed, _ = read_removals(draft.db)
    gone = np.isin(ids, removed) if len(removed) else np.zeros(rows, np.bool_)
    if gone.any() and not gone.all():
        ids, codes = ids[~gone], codes[~gone]
    if rows and ids[-1] - ids[0] == len(ids) - 1:
        smallest = int(ids[0])
        del ids  # as large as the codes themselves
        return replace(build_sliced(codes), first_id=smallest), rows, check
    return build_sliced(codes, ids), rows, check
