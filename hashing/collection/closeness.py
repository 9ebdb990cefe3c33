"""Words for a collection's distances: its model's, as far as the collection's labels bear them out.

A model that was trained brings the words that its held-out pictures gave it. Pictures of another
kind may lie closer together, so where a collection has labels (what shares its group belongs
together) a word reaches no further than these allow. A model that knows no labels (fitted, or made
by hand) is judged by the collection's alone. One that learned from labels but brings no words gets
none, for its own pictures would promise too much of a stranger's; and so does one that brings none
to a collection without labels.
"""

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np

from hashing.collection.opened import Once, Opened
from hashing.metrics import Closeness, Labels, count_pairs
from hashing.sources import Value

CLOSENESS, LEARNED = "closeness", "objective"
"""What a model's folder says of its words, and of the labels that it learned."""
QUERIES, ITEMS = 500, 10_000
"""Items of a collection that ask, and that are compared, at most."""
SEED = 0

_once: Once[Closeness] = Once()


def closeness(opened: Opened, noted: Callable[[], Mapping[str, Any]]) -> Closeness:
    """The words of a collection as it is now, found once.

    noted: tells what its model's folder says of the model. Raises ArtefactError where that is
    damaged.
    """
    return _once(opened, lambda: _find(opened, noted()))


def _find(opened: Opened, noted: Mapping[str, Any]) -> Closeness:
    column = opened.column("group") or opened.column("creator")
    if CLOSENESS in noted:
        words = Closeness.read(noted[CLOSENESS])
        return words if column is None else words.within(_by_own_labels(opened, column))
    if LEARNED in noted or column is None:
        return Closeness({})
    return _by_own_labels(opened, column)


def _by_own_labels(opened: Opened, column: str) -> Closeness:
    rng = np.random.default_rng(SEED)
    ids = np.sort(rng.permutation(opened.index.ids())[:ITEMS])
    if not len(ids):
        return Closeness({})
    labels: list[Value | None] = [item.fields.get(column) for item in opened.index.items(ids)]
    asking = np.sort(rng.permutation(len(ids))[:QUERIES])
    codes = opened.index.codes(ids)
    pairs = count_pairs(
        codes[asking],
        codes,
        opened.info.lengths,
        [Labels.of([labels[row] for row in asking], labels)],
        [Labels(asking, np.arange(len(ids)))],
    )
    return Closeness.of(pairs)
