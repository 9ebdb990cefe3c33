"""The one row that says what an index is at this moment."""

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any, Self

from hashing.errors import ArtefactError
from hashing.sources.roles import resolve_roles
from hashing.store.fields import FILE, PYTHON_TYPES
from hashing.store.location import Location
from hashing.store.postgres.server import Database

FORMAT = 1


@dataclass(frozen=True)
class State:
    """What an index is after publication `number`.

    columns: types by field, in the order in which they came: the column of the n-th, from 0, is
    `c<n>` (a user's names may be longer than the server's). next_id: the id of the next item.
    rows, removed: rows in `items`, and how many of them are marked as removed.
    compacted: the publication that last dropped rows; earlier ones can no longer be read.
    words: the version of `store.words` that the words were made with.
    features: numbers that are kept of each item beside its code.
    changed: the publication that last gave items other fields.
    """

    number: int
    uuid: str
    published: str
    bits: int
    lengths: tuple[int, ...]
    fingerprint: str
    model: str
    columns: Mapping[str, str]
    roles: Mapping[str, str]
    words: int
    unfinished: str | None = None
    next_id: int = 0
    rows: int = 0
    removed: int = 0
    compacted: int = 0
    features: int = 0
    changed: int = 0
    format: int = FORMAT

    @property
    def count(self) -> int:
        """Items that are there."""
        return self.rows - self.removed

    @property
    def types(self) -> dict[str, type]:
        """The fields and their types."""
        return {name: PYTHON_TYPES[kind] for name, kind in self.columns.items()}

    @property
    def role_columns(self) -> dict[str, str]:
        """The column of each role that one plays."""
        return resolve_roles(self.roles, self.columns)

    def column(self, field: str) -> str:
        """The column of `items` that holds a field."""
        if field == FILE and FILE not in self.columns:
            return FILE
        return f"c{list(self.columns).index(field)}"

    def kind(self, field: str) -> str:
        """The type of a field by its name."""
        return self.columns.get(field, "str")

    @classmethod
    def read(cls, db: Database, location: Location, *, lock: bool = False) -> Self:
        """The state of an index, `lock`ed against other publications until this one ends.

        Raises ArtefactError where it is of another format, the server's errors where there is none.
        """
        found = db.execute("SELECT state FROM state" + " FOR UPDATE" * lock).fetchone()
        if found is None:
            raise ArtefactError(f"{location} is damaged: its state is gone; build it again")
        values: dict[str, Any] = found[0]
        if values["format"] != FORMAT:
            raise ArtefactError(
                f"{location} has index format {values['format']}, this version reads {FORMAT}; "
                "use the version that made it to export it"
            )
        return cls(**{**values, "lengths": tuple(values["lengths"])})

    def write(self, db: Database) -> None:
        """Record this state in place of the one before, inside the caller's transaction."""
        db.execute("UPDATE state SET state = %s", [self.text])

    @property
    def text(self) -> str:
        """As it is recorded; JSON that keeps the order of the columns."""
        return json.dumps(asdict(self))
