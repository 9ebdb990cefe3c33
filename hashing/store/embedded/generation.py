"""The current generation: one JSON document that names everything an index consists of.

It lies in its own table of exactly one row beside its digest, and carries sums over the digests
of all rows, so that neither a changed nor a vanished row goes unnoticed.
"""

import json
import sqlite3
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, fields
from functools import lru_cache
from hashlib import blake2b
from pathlib import Path
from typing import Any, get_type_hints

from hashing.errors import ArtefactError
from hashing.registry import fits
from hashing.search.scan.sliced import MAX_BITS
from hashing.sources.roles import resolve_roles
from hashing.store.embedded.digests import CODE_MODULUS, ITEM_MODULUS
from hashing.store.embedded.schema import DATABASE, SQL_TYPES, damaged, database_errors
from hashing.store.embedded.segments import is_name
from hashing.store.fields import MOST_FEATURES

FORMAT = 1
LARGEST = {
    "bits": MAX_BITS + 1,
    "features": MOST_FEATURES + 1,
    "items_check": ITEM_MODULUS,
    "removals_check": CODE_MODULUS,
    "check": CODE_MODULUS,
}
"""What a number stays below, by its name; any other fits into 63 bits."""


@dataclass(frozen=True, slots=True)
class SegmentRecord:
    """A segment file: the codes of the items `first_id` … `next_id` − 1.

    rows, check: how many rows `codes` holds of that range (removed items included until they are
    dropped) and the sum of their digests. bytes, digest: length of the file and digest of its
    header, which in turn holds a checksum of every chunk.
    """

    name: str
    first_id: int
    next_id: int
    rows: int
    check: int
    bytes: int
    digest: str


@dataclass(frozen=True, slots=True)
class Generation:
    """What an index is at one moment.

    model, model_beside: its folder, absolute and as seen from the index.
    next_id: the id of the next item; ids below it are used up for ever.
    rows, removed: rows in the tables, and how many of them are marked as removed.
    items_check, removals_check: sums of the digests in `items` and of those of `removals`.
    compacted: the generation that last dropped rows; earlier ones can no longer be read.
    previews: how many of the items have one. forgotten: dropped items whose previews may still be
    there until the next publication.
    extras: digest of each named blob.
    roles: what each role's column was chosen to be, an empty name for none.
    words: the version of `store.words` that the full-text table was made with; 0 is an earlier
    table, of two columns and SQLite's own words.
    previews_known: whether `items` says of each item what its preview is; an earlier table has no
    such column, and its items say nothing.
    features: numbers that are kept of each item beside its code.
    """

    number: int
    uuid: str
    published: str
    bits: int
    lengths: tuple[int, ...]
    fingerprint: str
    model: str
    model_beside: str
    columns: Mapping[str, str]
    next_id: int = 0
    rows: int = 0
    removed: int = 0
    previews: int = 0
    compacted: int = 0
    items_check: int = 0
    removals_check: int = 0
    segments: tuple[SegmentRecord, ...] = ()
    forgotten: tuple[int, ...] = ()
    extras: Mapping[str, str] = field(default_factory=dict)
    unfinished: str | None = None
    roles: Mapping[str, str] = field(default_factory=dict)
    words: int = 0
    previews_known: bool = False
    features: int = 0
    format: int = FORMAT

    @property
    def count(self) -> int:
        """Items that are there."""
        return self.rows - self.removed

    @property
    def role_columns(self) -> dict[str, str]:
        """The column of each role, as chosen or by its name."""
        return resolve_roles(self.roles, self.columns)


def read_generation(db: sqlite3.Connection, folder: Path) -> Generation:
    """The current generation. Raises ArtefactError where it is damaged or of another format."""
    path = folder / DATABASE
    with database_errors(path):
        found = db.execute("SELECT number, state, digest FROM generation").fetchall()
    if len(found) != 1:
        raise damaged(path, f"{len(found)} generations are recorded instead of one")
    number, state, digest = found[0]
    if not isinstance(state, str) or _digest(state) != digest:
        raise damaged(path, "the generation does not match its digest")
    try:
        generation = _understood(state, folder)
    except (ValueError, TypeError, KeyError, AttributeError, RecursionError) as error:
        raise damaged(path, f"its generation makes no sense ({str(error)[:200]})") from error
    if generation.number != number:
        raise damaged(path, f"generation {generation.number} is recorded as {number}")
    return generation


@lru_cache(maxsize=16)
def _understood(state: str, folder: Path) -> Generation:
    """A recorded state, which every read asks for: the same text is understood once."""
    values = json.loads(state)
    _check_format(values, folder)
    return _checked(values)


def _check_format(values: Mapping[str, Any], folder: Path) -> None:
    if values["format"] != FORMAT:
        raise ArtefactError(
            f"{folder} has index format {str(values['format'])[:40]}, this version reads {FORMAT}; "
            "use the version that made it to export it"
        )


def _checked(values: dict[str, Any]) -> Generation:
    """What a state says, compared with types and limits: a stranger may have written it.

    Raises ValueError, TypeError, KeyError or AttributeError.
    """
    segments = tuple(SegmentRecord(**record) for record in values["segments"])
    plain = {name: value for name, value in values.items() if name != "segments"}
    for part in (plain, *map(asdict, segments)):
        kind = Generation if part is plain else SegmentRecord
        hints = get_type_hints(kind)
        for name, value in part.items():
            if not fits(value, hints[name]):
                raise TypeError(f"{name}: expected {hints[name]}, found {str(value)[:40]!r}")
            if isinstance(value, int) and not 0 <= value < LARGEST.get(name, 1 << 63):
                raise ValueError(f"{name}: found {str(value)[:40]}")
    lengths, bits = tuple(values["lengths"]), values["bits"]
    if not lengths or list(lengths) != sorted({*lengths}) or lengths[-1] > bits or bits % 8:
        raise ValueError(f"expected code lengths up to {bits} bits, found {list(lengths)[:20]}")
    if not set(values["columns"].values()) <= set(SQL_TYPES):
        raise ValueError("columns: expected the types str, int and float")
    for segment in segments:
        if not is_name(segment.name):
            raise ValueError("segments: expected names of segment files")
        if not segment.first_id <= segment.next_id <= values.get("next_id", 0):
            raise ValueError("segments: expected ids below next_id")
    plain |= {"lengths": lengths, "forgotten": tuple(values["forgotten"]), "segments": segments}
    return Generation(**plain)


def write_generation(db: sqlite3.Connection, generation: Generation) -> None:
    """Replace the recorded generation, inside the caller's transaction."""
    values = {entry.name: getattr(generation, entry.name) for entry in fields(generation)}
    values["segments"] = [asdict(record) for record in generation.segments]
    state = json.dumps(values, ensure_ascii=False)
    db.execute("DELETE FROM generation")
    db.execute(
        "INSERT INTO generation VALUES (?, ?, ?)", (generation.number, state, _digest(state))
    )


def _digest(state: str) -> bytes:
    return blake2b(state.encode(), digest_size=16).digest()
