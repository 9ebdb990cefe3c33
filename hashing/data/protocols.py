"""Protocols: which pictures are trained on, which are queries, which are searched.

A protocol's draws depend on the catalogue and the seed alone. Each has a validation split that
copies it in small within its training part; models are chosen there, never on the queries.
"""

import hashlib
import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import numpy as np

from hashing.data.held_out import (
    Fields,
    HoldOut,
    Rows,
    share_of_all,
    share_of_each_creator,
    share_of_each_label,
    whole_creators,
)
from hashing.data.labels import number_labels, official_parts
from hashing.data.lists import rows_of_lists
from hashing.data.random import Stream, generator
from hashing.errors import InputError
from hashing.registry import find
from hashing.sources import Catalogue

AUTO = "auto"
VALIDATION_SHARE = 0.1


@dataclass(frozen=True, eq=False)
class Split:
    """Row numbers of a catalogue, int64, ascending.

    train: learned from; query: searched for; database: searched, where a query that is in it
    never finds itself. protocol: its name; part: `test` or `validation`.
    """

    protocol: str
    part: str
    seed: int
    train: Rows
    query: Rows
    database: Rows

    @property
    def digest(self) -> str:
        """SHA-256 of protocol, part and rows (not of the seed), as hexadecimal text."""
        digest = hashlib.sha256(f"{self.protocol}/{self.part}".encode())
        for rows in (self.train, self.query, self.database):
            digest.update(len(rows).to_bytes(8, "little") + rows.astype("<i8").tobytes())
        return digest.hexdigest()

    def without(self, rows: Rows) -> "Split":
        """The same less some rows, such as pictures that cannot be read."""
        parts = (np.setdiff1d(part, rows) for part in (self.train, self.query, self.database))
        return Split(self.protocol, self.part, self.seed, *parts)

    def write(self, path: Path) -> None:
        """Everything as JSON."""
        rows = {name: getattr(self, name).tolist() for name in ("train", "query", "database")}
        about = {name: getattr(self, name) for name in ("protocol", "part", "seed", "digest")}
        path.write_text(json.dumps(about | rows) + "\n", encoding="utf-8")


def make_split(
    catalogue: Catalogue,
    protocol: str = AUTO,
    *,
    field: str = "label",
    roles: Mapping[str, str] = {},
    sets: Mapping[str, str] = {},
    seed: int = 0,
) -> Split:
    """The protocol's test split; `auto` takes the one that suits the catalogue.

    field: the label field of protocols that draw by class. roles: the columns of group and creator
    where their names do not tell. sets: as in `Fields`.
    Raises UsageError for an unknown protocol, InputError where the catalogue lacks what it needs.
    """
    fields = Fields.of(field, roles, catalogue, sets)
    name = suitable_protocol(catalogue, fields) if protocol == AUTO else protocol
    chosen = find("protocol", name, PROTOCOLS)
    rows = chosen.draw(catalogue, fields, generator(Stream.SPLIT, seed, 0))
    split = Split(name, "test", seed, *map(np.sort, rows))
    return _checked(split, catalogue)


def validation_split(
    catalogue: Catalogue,
    split: Split,
    *,
    field: str = "label",
    roles: Mapping[str, str] = {},
    sets: Mapping[str, str] = {},
) -> Split:
    """A test split's training part, split again in the same manner with 10 % as queries.

    Raises InputError where it is too small for that.
    """
    protocol = find("protocol", split.protocol, PROTOCOLS)
    rng = generator(Stream.SPLIT, split.seed, 1)
    fields = Fields.of(field, roles, catalogue, sets)
    held = np.sort(protocol.hold_out(catalogue, fields, split.train, VALIDATION_SHARE, rng))
    train = np.setdiff1d(split.train, held)
    database = held if protocol.among_themselves else train
    small = Split(split.protocol, "validation", split.seed, train, held, database)
    return _checked(small, catalogue)


def suitable_protocol(catalogue: Catalogue, fields: Fields) -> str:
    """`full` where there are official parts, `art-seen` for known creators, else `holdout`."""
    if official_parts(catalogue) is not None:
        return "full"
    return "art-seen" if fields.creator else "holdout"


def _checked(split: Split, catalogue: Catalogue) -> Split:
    counts = [len(rows) for rows in (split.train, split.query, split.database)]
    if not all(counts):
        raise InputError(
            f"expected pictures to learn, to query and to search in the {split.part} split of "
            f"protocol {split.protocol}, found {counts[0]}, {counts[1]} and {counts[2]} in "
            f"{catalogue.root}"
        )
    return split


def _parts(catalogue: Catalogue) -> tuple[Rows, Rows]:
    parts = official_parts(catalogue)
    if parts is None:
        raise InputError(
            f"expected a train and a test part in {catalogue.root} (folders, or a column `split`), "
            "found none; use --data.protocol auto"
        )
    return parts


def _draw_dsh(catalogue: Catalogue, _: Fields, __: np.random.Generator) -> tuple[Rows, Rows, Rows]:
    train, test = _parts(catalogue)
    return train, test, test


def _draw_full(catalogue: Catalogue, _: Fields, __: np.random.Generator) -> tuple[Rows, Rows, Rows]:
    train, test = _parts(catalogue)
    return train, test, train


def _draw_5k(
    search_train: bool, catalogue: Catalogue, fields: Fields, rng: np.random.Generator
) -> tuple[Rows, Rows, Rows]:
    """Per class 100 queries and 500 to learn from, out of both parts together."""
    codes, names = number_labels(catalogue.labels(fields.label))
    query, train = [], []
    for code, name in enumerate(names):
        rows = rng.permutation(np.flatnonzero(codes == code))
        if len(rows) < 600:
            raise InputError(f"expected 600 pictures of each class, found {len(rows)} of {name!r}")
        query.append(rows[:100])
        train.append(rows[100:600])
    queries, learned = np.concatenate(query), np.concatenate(train)
    left_out = queries if search_train else np.concatenate([queries, learned])
    return learned, queries, np.setdiff1d(np.arange(len(catalogue)), left_out)


def _draw_held_out(
    hold_out: HoldOut,
    share: float,
    among_themselves: bool,
    catalogue: Catalogue,
    fields: Fields,
    rng: np.random.Generator,
) -> tuple[Rows, Rows, Rows]:
    rows = np.arange(len(catalogue))
    held = hold_out(catalogue, fields, rows, share, rng)
    train = np.setdiff1d(rows, held)
    return train, held, held if among_themselves else train


@dataclass(frozen=True)
class Protocol:
    """How rows are drawn.

    draw: train, query and database rows of the test split.
    hold_out: the validation queries among training rows.
    among_themselves: whether those search each other rather than the remaining training rows.
    """

    draw: Callable[[Catalogue, Fields, np.random.Generator], tuple[Rows, Rows, Rows]]
    hold_out: HoldOut
    among_themselves: bool


def _held_out(hold_out: HoldOut, share: float, among_themselves: bool) -> Protocol:
    draw = partial(_draw_held_out, hold_out, share, among_themselves)
    return Protocol(draw, hold_out, among_themselves)


PROTOCOLS: Mapping[str, Protocol] = {
    "dsh": Protocol(_draw_dsh, share_of_each_label, True),
    "5k": Protocol(partial(_draw_5k, False), share_of_each_label, False),
    "5k-59k": Protocol(partial(_draw_5k, True), share_of_each_label, False),
    "full": Protocol(_draw_full, share_of_each_label, False),
    "art-seen": _held_out(share_of_each_creator, 0.15, False),
    "art-new": _held_out(share_of_each_creator, 0.15, True),
    # For validation one creator a group may be all there is: they search the others' works.
    "art-disjoint": Protocol(
        partial(_draw_held_out, whole_creators, 0.2, True), whole_creators, False
    ),
    "lists": Protocol(lambda catalogue, *_: rows_of_lists(catalogue), share_of_all, False),
    "holdout": _held_out(share_of_each_label, 0.15, False),
}
"""`holdout` is ours for any labelled folder: 15 % of each class search the rest."""
