"""Pictures, labels and split of a run, ready to be learned from and measured."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from hashing.data import Split, Squares
from hashing.device import send
from hashing.losses import Targets
from hashing.metrics import Labels, LabelSets, Relevance, graded

Rows = NDArray[np.int64]
"""Positions in the data set, int64 `[n]`."""

GRADED = "graded"
"""Stands beside the label fields where there are several: a match in any of them counts."""


@dataclass(frozen=True, eq=False)
class Part:
    """What is learned from, searched for and searched; test and validation have the same shape.

    left_out: by label field, further fields whose matches are not counted for it.
    """

    train: Rows
    query: Rows
    database: Rows
    left_out: Mapping[str, Sequence[str]]

    @cached_property
    def rows(self) -> Rows:
        """The pictures that are looked at to measure it, each once, ascending."""
        return np.unique(np.concatenate([self.train, self.query, self.database]))


@dataclass(frozen=True, eq=False)
class Lesson:
    """The teacher's word on some rows.

    rows: int64 `[M]`, ascending. targets: of these rows, on the CPU.
    """

    rows: Rows
    targets: Targets

    def of(self, rows: Rows, device: torch.device) -> Targets:
        """The targets of a batch's rows, which are among those taught."""
        at = torch.from_numpy(np.searchsorted(self.rows, rows))
        features, logits = self.targets.features[at], self.targets.logits[at]
        return Targets(send(features, device), send(logits, device))


@dataclass(frozen=True, eq=False)
class Examples:
    """N pictures with their labels and split.

    squares: uint8 `[N, S, S, 3]`.
    labels: by column, int64 `[N]`, −1 where absent; or bool `[N, C]`, which of C labels each
        picture carries. classes: by column, the name of each label.
    fields: the columns that are learned and measured.
    contents: int64 `[N]`, equal for pictures of equal bytes.
    splits: what `test` and `validation` were made of, to be written out.
    validation: None where nothing is chosen by it.
    about: JSON values on data and split, for the report.
    views: where the backbone is frozen, its features float32 `[N, D]` of each view of the
        pictures, the plain ones first; otherwise empty.
    unlabelled: rows beside the data set, learned from without labels.
    lesson: what a teacher says of the rows that are learned from, where there is one.
    """

    squares: Squares
    labels: Mapping[str, Rows | NDArray[np.bool_]]
    classes: Mapping[str, Sequence[str]]
    fields: Sequence[str]
    contents: Rows
    splits: Sequence[Split]
    test: Part
    validation: Part | None
    about: Mapping[str, Any]
    views: Sequence[NDArray[np.float32]] = ()
    unlabelled: Rows = field(default_factory=lambda: np.empty(0, np.int64))
    lesson: Lesson | None = None

    @property
    def used(self) -> Rows:
        """Rows of any part, ascending: all but pictures that cannot be read."""
        parts = [self.test] if self.validation is None else [self.test, self.validation]
        return np.unique(np.concatenate([*(part.rows for part in parts), self.unlabelled]))

    @property
    def labelled(self) -> Rows:
        """Rows of the data set that are learned from, ascending."""
        return self.test.train if self.validation is None else self.validation.train

    @property
    def trained(self) -> Rows:
        """Rows that are learned from, ascending."""
        return np.concatenate([self.labelled, self.unlabelled])

    @property
    def measured(self) -> list[str]:
        """What relevance is measured by: every field, and all of them together."""
        return [*self.fields, GRADED] if len(self.fields) > 1 else list(self.fields)

    def numbers(self, field: str) -> Rows:
        """What stands for a picture's labels in a batch, int64 `[N]`, −1 where it carries none.

        Of a field whose labels are sets this is the picture's row, by which a loss finds its set.
        """
        labels = self.labels[field]
        if labels.ndim == 1:
            return np.asarray(labels, np.int64)
        return np.where(labels.any(axis=1), np.arange(len(labels)), -1)

    @property
    def sets(self) -> dict[str, NDArray[np.bool_]]:
        """By learned field whose labels are sets: which labels each picture carries."""
        return {
            field: self.labels[field].astype(np.bool_)
            for field in self.fields
            if self.labels[field].ndim == 2
        }

    def relevant(self, field: str, part: Part) -> list[Relevance]:
        """What makes an item relevant to a query of `part`."""
        fields = self.fields if field == GRADED else [field]
        return graded(self._matching(self.labels[name], part) for name in fields)

    def excluded(self, field: str, part: Part) -> list[Relevance]:
        """What is left out for a query: itself, and what the protocol leaves out for `field`."""
        others = [self.labels[other] for other in part.left_out.get(field, ())]
        return [self._matching(values, part) for values in (self.contents, *others)]

    def _matching(self, values: Rows | NDArray[np.bool_], part: Part) -> Relevance:
        if values.ndim == 2:
            queries, database = (
                values[rows].astype(np.bool_) for rows in (part.query, part.database)
            )
            return LabelSets(queries, database)
        return Labels(values[part.query].astype(np.int64), values[part.database].astype(np.int64))
