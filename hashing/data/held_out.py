"""What is held out of rows, to be searched for: a share of each class, or creators whole."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from hashing.data.labels import number_labels, number_sets
from hashing.errors import InputError
from hashing.sources import Catalogue
from hashing.sources.roles import resolve_roles

Rows = NDArray[np.int64]


@dataclass(frozen=True)
class Fields:
    """The columns that protocols draw by.

    label: the classes. group, creator: of the protocols `art-…`, which draw by creator.
    sets: by column of which a picture may carry several labels, what stands between them.
    """

    label: str = "label"
    group: str = ""
    creator: str = ""
    sets: Mapping[str, str] = field(default_factory=dict)

    @classmethod
    def of(
        cls, label: str, roles: Mapping[str, str], catalogue: Catalogue, sets: Mapping[str, str]
    ) -> "Fields":
        """Group and creator as roles of the catalogue's columns."""
        found = resolve_roles(roles, catalogue.columns)
        return cls(label, found.get("group", ""), found.get("creator", ""), sets)


HoldOut = Callable[[Catalogue, Fields, Rows, float, np.random.Generator], Rows]
"""Takes the rows to choose from and the share of them to hold out."""


def share_of_each_label(
    catalogue: Catalogue, fields: Fields, rows: Rows, share: float, rng: np.random.Generator
) -> Rows:
    """A share of each class's rows, at least one, but never its only row."""
    return _share_of_each(catalogue, fields, fields.label, "label", rows, share, rng)


def share_of_all(
    catalogue: Catalogue, fields: Fields, rows: Rows, share: float, rng: np.random.Generator
) -> Rows:
    """A share of all rows."""
    return rng.permutation(rows)[: round(share * len(rows))]


def share_of_each_creator(
    catalogue: Catalogue, fields: Fields, rows: Rows, share: float, rng: np.random.Generator
) -> Rows:
    """A share of each creator's rows, at least one, but never their only row."""
    return _share_of_each(catalogue, fields, fields.creator, "creator", rows, share, rng)


def _share_of_each(
    catalogue: Catalogue,
    fields: Fields,
    column: str,
    role: str,
    rows: Rows,
    share: float,
    rng: np.random.Generator,
) -> Rows:
    """A share of the rows of each label in a column.

    Where pictures carry several labels it is a share of all that carry any: most sets of labels are
    those of one picture.
    """
    if column in fields.sets:
        sets, _ = number_sets(catalogue.labels(column), fields.sets[column])
        return share_of_all(catalogue, fields, rows[sets[rows].any(axis=1)], share, rng)
    numbers, held = _numbers(catalogue, column, role), []
    for number in np.unique(numbers[rows][numbers[rows] >= 0]):
        its_rows = rng.permutation(rows[numbers[rows] == number])
        held.append(its_rows[: min(max(1, round(share * len(its_rows))), len(its_rows) - 1)])
    return np.concatenate([*held, rows[:0]])


def whole_creators(
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
