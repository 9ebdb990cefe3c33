"""How an index changes: one transaction, all or nothing, after the publication before it."""

from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from hashing.store import words
from hashing.store.contract import NewItem, StoredItem
from hashing.store.fields import grown
from hashing.store.postgres import rows
from hashing.store.postgres.published import check_same
from hashing.store.postgres.schema import CHANGES, add_column, now
from hashing.store.postgres.server import Database, Server
from hashing.store.postgres.state import State


@dataclass(slots=True)
class Draft:
    """A publication in the making."""

    db: Database
    state: State

    def add_columns(self, columns: Mapping[str, type]) -> None:
        """Make room for further metadata. Raises InputError for numbers that became text."""
        known = self.state.columns
        together = grown(known, columns)
        for place, (name, kind) in enumerate(together.items()):
            if name not in known:
                add_column(self.db, place, kind)
        self.state = replace(self.state, columns=together)

    def add(self, items: Iterable[NewItem]) -> NDArray[np.int64]:
        """Put items in; returns their ids."""
        first = self.state.next_id
        ids = rows.insert(self.db, self.state, items)
        new = len(np.unique(ids[ids >= first]))
        self.state = replace(self.state, next_id=first + new, rows=self.state.rows + new)
        return ids

    def change(self, items: Iterable[StoredItem]) -> None:
        """Give items other files and fields, and note which: an engine knows some of them."""
        changed = rows.change(self.db, self.state, items)
        number = self.state.number
        if self.db.execute("SELECT to_regclass('changes')").fetchone() == (None,):
            self.db.execute(CHANGES)  # of an index that an earlier version made
        self.db.execute(
            "INSERT INTO changes SELECT unnest(%s::bigint[]), %s "
            "ON CONFLICT (id) DO UPDATE SET number = excluded.number",
            [changed, number],
        )
        self.state = replace(self.state, changed=number)

    def remove(self, ids: NDArray[np.int64]) -> int:
        """Mark items as removed; returns how many were there."""
        done = self.db.execute(
            "UPDATE items SET removed = %s WHERE id = ANY(%s::bigint[]) AND removed IS NULL",
            [self.state.number, ids.tolist()],
        ).rowcount
        self.state = replace(self.state, removed=self.state.removed + done)
        return done

    def put_extra(self, name: str, value: bytes) -> None:
        """Keep a named blob."""
        self.db.execute(
            "INSERT INTO extras VALUES (%s, %s) "
            "ON CONFLICT (name) DO UPDATE SET value = excluded.value",
            [name, value],
        )

    def finish(self) -> None:
        """Say that the build is complete."""
        self.state = replace(self.state, unfinished=None)

    def compact(self) -> None:
        """Drop the rows of removed items."""
        for table in ("previews", *(["features"] if self.state.features else [])):
            self.db.execute(
                f"DELETE FROM {table} USING items "
                f"WHERE {table}.id = items.id AND items.removed IS NOT NULL"
            )
        if self.state.changed:
            self.db.execute(
                "DELETE FROM changes USING items "
                "WHERE changes.id = items.id AND items.removed IS NOT NULL"
            )
        self.db.execute("DELETE FROM items WHERE removed IS NOT NULL")
        number, count = self.state.number, self.state.count
        self.state = replace(self.state, rows=count, removed=0, compacted=number)


@contextmanager
def publication(server: Server, mine: State) -> Iterator[Draft]:
    """All that the block does, or nothing. Writers wait for each other at the row of the state.

    mine: of the reader; raises StorageError where another index has taken the place.
    """
    with server.writing() as db:
        state = State.read(db, server.location, lock=True)
        check_same(server, mine, state)
        if state.words != words.VERSION:
            rows.rewrite_words(db, state)
        draft = Draft(db, replace(state, number=state.number + 1, words=words.VERSION))
        yield draft
        replace(draft.state, published=now()).write(db)
