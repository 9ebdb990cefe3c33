"""From candidates to an answer: one of each kind, near-duplicates folded, varied, cut to k.

An answer is one list, in whatever pages it is read. What its places are chosen among hangs on no
page: `Refine.stages` and `Refine.pools` say it for the first places, which need few candidates,
and for those further down.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Self

import numpy as np
from numpy.typing import NDArray
from PIL.Image import Image

from hashing.collection import request
from hashing.collection.answer import Answer, Hit
from hashing.collection.opened import Opened
from hashing.collection.request import GROUP_SAMPLE, Refine
from hashing.recommend import diversify, first_of_each, fold_duplicates, nearest_values

Copies = dict[int, tuple[int, ...]]
"""Ids of near-duplicates by the id of the one they are folded into."""


@dataclass(frozen=True, eq=False)
class Candidates:
    """M candidates, best first.

    ids: int64 `[M]`. distances: int32 `[M]`, in bits. relevance: float32 `[M]`.
    measured: float64 `[M]`, by features; None where codes decide. complete: see `SearchResult`.
    view: the place of the query's view that is nearest to one. seconds: what finding them took.
    """

    ids: NDArray[np.int64]
    distances: NDArray[np.int32]
    relevance: NDArray[np.float32]
    measured: NDArray[np.float64] | None = None
    complete: bool = True
    view: int = 0
    seconds: float = 0.0

    def take(self, rows: NDArray[np.integer] | NDArray[np.bool_]) -> Self:
        """Some of them, in the order of `rows`."""
        return replace(
            self,
            ids=self.ids[rows],
            distances=self.distances[rows],
            relevance=self.relevance[rows],
            measured=None if self.measured is None else self.measured[rows],
        )

    def first(self, count: int) -> Self:
        """At most so many of them, the best."""
        return self.take(np.arange(min(count, len(self.ids))))


def make_answer(
    opened: Opened,
    find: Callable[[int], Candidates],
    refine: Refine,
    codes: Sequence[str] | None = None,
    likes: int = 1,
    asked: Image | None = None,
) -> Answer:
    """Choose and order what is shown of some candidates, and look it up.

    find: gives so many candidates, those that fewer would be first; fewer where there are no more.
    codes: of each view of the query, in hexadecimal. likes: works liked at once.
    asked: the picture that was searched with: its own work is not folded into another.
    """
    seconds = 0.0
    for size in refine.sizes:
        candidates = find(size)
        seconds += candidates.seconds
        rows, copies = _choose(opened, candidates, refine, likes, asked)
        if len(rows) == refine.last or len(candidates.ids) < size:
            break
    nearest = candidates.ids[_within(candidates, refine)[:GROUP_SAMPLE]]
    shown = candidates.take(rows[refine.offset :])
    items = {item.id: item for item in opened.index.items(np.union1d(shown.ids, nearest))}
    far = [None] * len(shown.ids) if shown.measured is None else shown.measured.tolist()
    hits = [
        Hit(items[item_id], bits_apart, copies.get(item_id, ()), measured=measured)
        for item_id, bits_apart, measured in zip(
            shown.ids.tolist(), shown.distances.tolist(), far, strict=True
        )
    ]
    groups = nearest_values([opened.shown(items[i], "group") or None for i in nearest.tolist()])
    code = None if codes is None else codes[candidates.view]
    bits, ms = opened.length(refine.bits), seconds * 1000
    return Answer(code, bits, hits, groups, ms, opened, refine.by, candidates.complete)


def _within(candidates: Candidates, refine: Refine) -> NDArray[np.int64]:
    """The rows of those that are not too far; what features measure was cut off before."""
    if refine.max_distance is None or candidates.measured is not None:
        return np.arange(len(candidates.ids))
    return np.flatnonzero(candidates.distances <= refine.max_distance)


def _choose(
    opened: Opened, candidates: Candidates, refine: Refine, likes: int, asked: Image | None
) -> tuple[NDArray[np.int64], Copies]:
    """The rows of candidates that an answer shows up to its last place, and what they stand for."""
    ids, stage = candidates.ids, refine.stage_of(len(candidates.ids))
    rows = _within(candidates, refine)
    if refine.one_per:
        values = [item.fields.get(refine.one_per) for item in opened.index.items(ids[rows])]
        rows = rows[first_of_each(values)]
    head = rows[stage[rows] < len(refine.stages)]
    leaders = ids[head]
    if refine.fold:
        leaders = _leaders(opened, leaders, asked, int(np.count_nonzero(stage[head] == 0)))
    leading = leaders == ids[head]
    unfolded, varied = head[leading], min(refine.last, request.VARIED)
    if refine.diversity:
        codes = opened.index.codes(ids[unfolded]).prefix(opened.length(refine.bits))
        since = np.array([0, *refine.stages])[stage[unfolded]]
        relevance = candidates.relevance[unfolded]
        picked = diversify(codes, relevance, varied, refine.diversity, likes, since)
        shown = unfolded[picked]
    else:
        shown = unfolded[:varied]
    rest = np.setdiff1d(rows, np.concatenate([shown, head[~leading]]))
    copies: Copies = {}
    for copy, leader in zip(ids[head[~leading]].tolist(), leaders[~leading].tolist(), strict=True):
        copies[leader] = (*copies.get(leader, ()), copy)
    return np.append(shown, rest[: refine.last - varied]), copies


def _leaders(
    opened: Opened, ids: NDArray[np.int64], asked: Image | None, first: int
) -> NDArray[np.int64]:
    """For each candidate the id of the one it is a near-duplicate of (itself when of none).

    first: among how many what was asked with is looked for, whatever page is read.
    """
    pictures, works = opened.pictures, ids.tolist()
    itself = [] if asked is None else pictures.copied(asked, works[:first]).tolist()
    copies = pictures.copies(works)
    leaders: NDArray[np.int64] = ids[fold_duplicates(copies, itself[0] if itself else None)]
    return leaders
