"""A protocol of your own: `--data.protocol protocol:BY_ORDER`."""

import numpy as np

from hashing.data import Fields, Protocol, Rows
from hashing.sources import Catalogue


def last_of_each(
    catalogue: Catalogue, fields: Fields, rows: Rows, share: float, random: np.random.Generator
) -> Rows:
    """The last `share` of each label's rows: what came later, as it is once a model is in use."""
    labels = np.array(catalogue.labels(fields.label), object)[rows]
    held = [rows[:0]]
    for label in {label for label in labels if label is not None}:
        its_rows = rows[labels == label]
        held.append(its_rows[len(its_rows) - max(1, round(share * len(its_rows))) :])
    return np.concatenate(held)


def draw(
    catalogue: Catalogue, fields: Fields, random: np.random.Generator
) -> tuple[Rows, Rows, Rows]:
    """Rows to learn from, to search with, and to search: the last fifth searches the rest."""
    rows = np.arange(len(catalogue))
    queries = last_of_each(catalogue, fields, rows, 0.2, random)
    known = np.setdiff1d(rows, queries)
    return known, queries, known


BY_ORDER = Protocol(draw, hold_out=last_of_each, among_themselves=False)
