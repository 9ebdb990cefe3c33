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
from numpy.typing import NDArray

from hashing.data.labels import number_labels, official_parts
from hashing.data.lists import rows_of_lists
from hashing.data.random import Stream, generator
from hashing.errors import InputError
from hashing.registry import find
from hashing.sources import Catalogue
from hashing.sources.roles import resolve_roles

AUTO = "auto"
VALIDATION_SHARE = 0.1

Rows = NDArray[np.int64]


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


@dataclass(frozen=True)
class Fields:
    """The columns that protocols draw by.

    label: the classes. group, creator: of the protocols `art-…`, which draw by creator.
    """

    label: str = "label"
    group: str = ""
    creator: str = ""

    @classmethod
    def of(cls, label: str, roles: Mapping[str, str], catalogue: Catalogue) -> "Fields":
        """Group and creator as roles of the catalogue's columns."""
        found = resolve_roles(roles, catalogue.columns)
        return cls(label, found.get("group", ""), found.get("creator", ""))


def make_split(
    catalogue: Catalogue,
    protocol: str = AUTO,
    *,
    field: str = "label",
    roles: Mapping[str, str] = {},
    seed: int = 0,
) -> Split:
    """The protocol's test split; `auto` takes the one that suits the catalogue.

    field: the label field of protocols that draw by class. roles: the columns of group and creator
    where their names do not tell.
    Raises UsageError for an unknown protocol, InputError where the catalogue lacks what it needs.
    """
    fields = Fields.of(field, roles, catalogue)
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
) -> Split:
    """A test split's training part, split again in the same manner with 10 % as queries.

    Raises InputError where it is too small for that.
    """
    protocol = find("protocol", split.protocol, PROTOCOLS)
    rng = generator(Stream.SPLIT, split.seed, 1)
    fields = Fields.of(field, roles, catalogue)
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


def _share_of_each_label(
    catalogue: Catalogue, fields: Fields, rows: Rows, share: float, rng: np.random.Generator
) -> Rows:
    return _share_of_each(_numbers(catalogue, fields.label, "label"), rows, share, rng)


def _share_of_all(
    catalogue: Catalogue, fields: Fields, rows: Rows, share: float, rng: np.random.Generator
) -> Rows:
    return rng.permutation(rows)[: round(share * len(rows))]


def _share_of_each_creator(
    catalogue: Catalogue, fields: Fields, rows: Rows, share: float, rng: np.random.Generator
) -> Rows:
    return _share_of_each(_numbers(catalogue, fields.creator, "creator"), rows, share, rng)


def _share_of_each(numbers: Rows, rows: Rows, share: float, rng: np.random.Generator) -> Rows:
    """A share of each label's rows, at least one, but never a label's only row."""
    held = []
    for number in np.unique(numbers[rows][numbers[rows] >= 0]):
        its_rows = rng.permutation(rows[numbers[rows] == number])
        held.append(its_rows[: min(max(1, round(share * len(its_rows))), len(its_rows) - 1)])
    return np.concatenate([*held, rows[:0]])


def _whole_creators(
    catalogue: Catalogue, fields: Fields, rows: Rows, share: float, rng: np.random.Generator
) -> Rows:
    """All rows of creators drawn whole, within each group until they hold a share of its rows.

    One is drawn within their most frequent group (the first by name among equals), and every group
    keeps at least one creator of its own.
    """
    creators = _numbers(catalogue, fields.creator, "creator")[rows]
    groups = _numbers(catalogue, fields.group, "group")[rows]
    known = (creators >= 0) & (groups >= 0)
    counts = np.zeros((creators.max(initial=0) + 1, groups.max(initial=0) + 1), np.int64)
    np.add.at(counts, (creators[known], groups[known]), 1)
    home = np.where(counts.any(axis=1), counts.argmax(axis=1), -1)
    drawn: list[np.int64] = []
    for group, total in enumerate(counts.sum(axis=0)):
        held = 0
        for creator in rng.permutation(np.flatnonzero(home == group))[1:]:
            if held >= share * total:
                break
            held += counts[creator, group]
            drawn.append(creator)
    return rows[np.isin(creators, drawn)]


def _numbers(catalogue: Catalogue, column: str, role: str) -> Rows:
    if not column:
        known = ", ".join(catalogue.columns) or "none"
        raise InputError(
            f"expected a column of the role {role} in {catalogue.root}, found {known}; name it "
            f'with --data.roles \'{{"{role}": "COLUMN"}}\', or draw by class with '
            "--data.protocol holdout"
        )
    return number_labels(catalogue.labels(column))[0]


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


HoldOut = Callable[[Catalogue, Fields, Rows, float, np.random.Generator], Rows]


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
    "dsh": Protocol(_draw_dsh, _share_of_each_label, True),
    "5k": Protocol(partial(_draw_5k, False), _share_of_each_label, False),
    "5k-59k": Protocol(partial(_draw_5k, True), _share_of_each_label, False),
    "full": Protocol(_draw_full, _share_of_each_label, False),
    "art-seen": _held_out(_share_of_each_creator, 0.15, False),
    "art-new": _held_out(_share_of_each_creator, 0.15, True),
    # For validation one creator a group may be all there is: they search the others' works.
    "art-disjoint": Protocol(
        partial(_draw_held_out, _whole_creators, 0.2, True), _whole_creators, False
    ),
    "lists": Protocol(lambda catalogue, *_: rows_of_lists(catalogue), _share_of_all, False),
    "holdout": _held_out(_share_of_each_label, 0.15, False),
}
"""`holdout` is ours for any labelled folder: 15 % of each class search the rest."""
