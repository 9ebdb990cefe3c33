"""From candidates to an answer: one of each kind, near-duplicates folded, varied, cut to k."""

from dataclasses import dataclass
from typing import Self

import numpy as np
from numpy.typing import NDArray
from PIL.Image import Image

from hashing.collection.answer import Answer, Hit
from hashing.collection.opened import Opened
from hashing.collection.request import Refine
from hashing.recommend import diversify, first_of_each, fold_duplicates, nearest_values

GROUP_SAMPLE = 20
"""How many of the nearest items tell the groups of a query."""


@dataclass(frozen=True, eq=False)
class Candidates:
    """M candidates, best first.

    ids: int64 `[M]`. distances: int32 `[M]`, in bits. relevance: float32 `[M]`, falling.
    measured: float64 `[M]`, by features; None where codes decide. complete: see `SearchResult`.
    """

    ids: NDArray[np.int64]
    distances: NDArray[np.int32]
    relevance: NDArray[np.float32]
    measured: NDArray[np.float64] | None = None
    complete: bool = True

    def take(self, rows: NDArray[np.integer] | NDArray[np.bool_]) -> Self:
        """Some of them, in the order of `rows`."""
        measured = None if self.measured is None else self.measured[rows]
        three = self.ids[rows], self.distances[rows], self.relevance[rows]
        return type(self)(*three, measured, self.complete)

    def before(self, others: Self) -> Self:
        """These, then others."""
        measured = None
        if self.measured is not None and others.measured is not None:
            measured = np.concatenate([self.measured, others.measured])
        return type(self)(
            np.concatenate([self.ids, others.ids]),
            np.concatenate([self.distances, others.distances]),
            np.concatenate([self.relevance, others.relevance]),
            measured,
            self.complete and others.complete,
        )


def pool_of(refine: Refine) -> int:
    """How many candidates the controls of an answer need."""
    return (_most(refine) + refine.last - refine.varied) * (2 if refine.one_per else 1)


def make_answer(
    opened: Opened,
    code: str | None,
    candidates: Candidates,
    refine: Refine,
    seconds: float,
    likes: int = 1,
    asked: Image | None = None,
) -> Answer:
    """Choose and order what is shown of some candidates, and look it up.

    code: the query in hexadecimal. seconds: what the search took. likes: works liked at once.
    asked: the picture that was searched with: its own work is not folded into another.
    """
    index = opened.index
    nearest = candidates.ids[:GROUP_SAMPLE]
    if refine.one_per:
        values = [item.fields.get(refine.one_per) for item in index.items(candidates.ids)]
        candidates = candidates.take(first_of_each(values))
    head = candidates.take(np.arange(min(len(candidates.ids), _most(refine))))
    leaders = _leaders(opened, head.ids, asked) if refine.fold else head.ids
    unfolded = head.take(leaders == head.ids)
    bits = opened.length(refine.bits)
    if refine.diversity:
        codes = index.codes(unfolded.ids).prefix(bits)
        rows = diversify(codes, unfolded.relevance, refine.varied, refine.diversity, likes)
    else:
        rows = np.arange(min(len(unfolded.ids), refine.varied))
    shown = unfolded.take(rows)
    if refine.last > refine.varied:
        told = np.union1d(shown.ids, head.ids[leaders != head.ids])
        rest = candidates.take(~np.isin(candidates.ids, told))
        shown = shown.before(rest)
    shown = shown.take(
        np.arange(refine.offset, max(refine.offset, min(len(shown.ids), refine.last)))
    )
    items = {item.id: item for item in index.items(np.union1d(shown.ids, nearest))}
    far = [None] * len(shown.ids) if shown.measured is None else shown.measured.tolist()
    rows_shown = zip(shown.ids.tolist(), shown.distances.tolist(), far, strict=True)
    hits = [
        Hit(items[item_id], bits_apart, _copies(head.ids, leaders, item_id), measured=measured)
        for item_id, bits_apart, measured in rows_shown
    ]
    groups = nearest_values([opened.shown(items[i], "group") or None for i in nearest.tolist()])
    ms, complete = seconds * 1000, candidates.complete
    return Answer(code, bits, hits, groups, ms, opened, refine.by, complete)


def _leaders(opened: Opened, ids: NDArray[np.int64], asked: Image | None) -> NDArray[np.int64]:
    """For each candidate the id of the one it is a near-duplicate of (itself when of none)."""
    pictures, works = opened.pictures, ids.tolist()
    itself = [] if asked is None else pictures.copied(asked, works).tolist()
    first = itself[0] if itself else None
    leaders: NDArray[np.int64] = ids[fold_duplicates(pictures.copies(works), first)]
    return leaders


def _most(refine: Refine) -> int:
    """How many candidates variety and folding choose from."""
    return 8 * refine.varied + 20


def _copies(ids: NDArray[np.int64], leaders: NDArray[np.int64], leader: int) -> tuple[int, ...]:
    return tuple(int(i) for i in ids[leaders == leader] if i != leader)
