"""Measures of a ranking in which items tie, as the expectation over all orders of the tied items.

A code of `bits` bits has only bits + 1 distances, so thousands of items tie and the usual measures
would depend on the order of the database. Here a ranking is known by its tied groups alone: how
many items of which grade stand at each distance (McSherry & Najork 2008, "Computing information
retrieval performance measures efficiently in the presence of tied scores"; He et al. 2018).
"""

from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property, lru_cache
from typing import Literal, Self

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Counts = NDArray[np.int64]


@dataclass(frozen=True, eq=False)
class TiedGroups:
    """The rankings of B queries as G tied groups each, nearest first; groups may be empty.

    counts: int64 `[B, G, grades]`, the number of items of each relevance grade (0: irrelevant).
    """

    counts: Counts

    @classmethod
    def of(cls, costs: NDArray[np.number], grades: NDArray[np.integer], grade_count: int) -> Self:
        """One query's ranking from the cost and grade of every item `[N]`; equal costs tie.

        Neighbouring groups without a relevant item are joined, which no measure by rank can tell.
        """
        order = np.argsort(costs)
        ordered, grades = costs[order], grades[order]
        starts = _starts(ordered[1:] != ordered[:-1], len(costs))
        useful = np.add.reduceat(grades > 0, starts) > 0 if len(starts) else starts > 0
        starts = starts[_starts(useful[1:] | useful[:-1], len(starts))]
        groups = np.repeat(np.arange(len(starts)), np.diff(starts, append=len(costs)))
        counts = np.bincount(
            groups * grade_count + grades, minlength=max(len(starts), 1) * grade_count
        )
        return cls(counts.reshape(1, -1, grade_count))

    @cached_property
    def sizes(self) -> Counts:
        """Items in each group, `[B, G]`."""
        sizes: Counts = self.counts.sum(axis=2)
        return sizes

    @cached_property
    def relevant(self) -> Counts:
        """Items of any grade above 0 in each group, `[B, G]`."""
        return self.sizes - self.counts[:, :, 0]

    @cached_property
    def before(self) -> Counts:
        """Items in all nearer groups, `[B, G]`."""
        return np.cumsum(self.sizes, axis=1) - self.sizes

    @cached_property
    def relevant_before(self) -> Counts:
        """Relevant items in all nearer groups, `[B, G]`."""
        return np.cumsum(self.relevant, axis=1) - self.relevant

    @cached_property
    def total_relevant(self) -> Counts:
        """Relevant items of each query, `[B]`."""
        total: Counts = self.relevant.sum(axis=1)
        return total

    def within(self, k: int | None) -> Counts:
        """How many ranks of each group lie within the first k, `[B, G]`."""
        return self.sizes if k is None else np.clip(k - self.before, 0, self.sizes)


def _starts(changes: NDArray[np.bool_], count: int) -> NDArray[np.intp]:
    """Where runs start in a sequence of `count` values, given where each differs from the last."""
    return np.flatnonzero(np.concatenate([[True], changes])[:count])


def average_precision(
    groups: TiedGroups,
    k: int | None = None,
    order: Literal["expected", "best", "worst"] = "expected",
) -> Floats:
    """Average precision `[B]`, over all ranks or within the first k (then divided by min(R, k)).

    Expected: Σ_t (r_t/n_t) Σ_i [R_before + 1 + (i−1)(r_t−1)/(n_t−1)] / (N_before + i) over the
    ranks i of every group t that lie within k, divided by R. `best` and `worst` put the relevant
    items of a group first and last. A query with no relevant item scores 0.
    """
    sums = {"expected": _expected, "best": _best, "worst": _worst}[order](groups, k).sum(axis=1)
    total = groups.total_relevant
    return _ratio(sums, total if k is None else np.minimum(total, k))


def average_precision_of_found(groups: TiedGroups, k: int) -> Floats:
    """Average precision within the first k divided by how many of them are relevant, `[B]`.

    The measure that hashing papers print as mAP@k (that of HashNet's code and its successors),
    which a ranking with one relevant item at its first place and none after it makes 1; where
    nothing relevant is found it is 0. Expected over the orders of tied items, of the quotient: of
    the group cut by k, h of the m places within k are relevant by the hypergeometric distribution.
    """
    within = groups.within(k)
    cut = (within > 0) & (within < groups.sizes)
    whole = (within > 0) & ~cut
    sums = np.where(whole, _expected(groups, None), 0).sum(axis=1)
    found = np.where(whole, groups.relevant, 0).sum(axis=1)
    place = cut.argmax(axis=1)[:, None]
    size, relevant, places, before, relevant_before = (
        np.take_along_axis(values, place, axis=1)
        for values in (groups.sizes, groups.relevant, within, groups.before, groups.relevant_before)
    )
    places = np.where(cut.any(axis=1, keepdims=True), places, 0)
    hits = np.arange(int(np.minimum(relevant, places).max(initial=0)) + 1)[None, :]
    chance = _hypergeometric(hits, size, relevant, places)
    slope = _ratio(hits - 1, places - 1)
    harmonic = _rank_sums(_harmonic, before, places)
    inside = (relevant_before + 1 - slope * (before + 1)) * harmonic + slope * places
    gained = sums[:, None] + _ratio(hits, places) * inside
    quotients = chance * _ratio(gained, found[:, None] + hits)
    average: Floats = quotients.sum(axis=1)
    return average


def weighted_average_precision(groups: TiedGroups) -> Floats:
    """Average precision that weighs each relevant rank by the mean grade so far, `[B]`.

    Σ over relevant ranks i of (Σ_{j≤i} grade_j) / i, divided by R (Zhao et al. 2015, "Deep
    Semantic Ranking Based Hashing for Multi-Label Image Retrieval"), where a grade is the number
    of shared labels: with one grade it is average precision, else it may exceed 1.
    """
    gains = groups.counts @ np.arange(groups.counts.shape[2])
    return _ratio(_expected(groups, None, gains).sum(axis=1), groups.total_relevant)


def cumulative_gain(groups: TiedGroups, k: int) -> Floats:
    """Expected mean grade of the first k items, `[B]`: average cumulative gain, ACG@k."""
    gains = groups.counts @ np.arange(groups.counts.shape[2])
    total: Floats = (_ratio(gains, groups.sizes) * groups.within(k)).sum(axis=1) / k
    return total


def relevant_found(groups: TiedGroups, ranks: NDArray[np.int64]) -> Floats:
    """Expected number of relevant items among the first 1 … ranks items, `[B, len(ranks)]`.

    Within a tied group it grows linearly with the rank: a group cut by k counts for its share.
    """
    edge = np.zeros((len(groups.counts), 1), np.int64)
    ends = np.hstack([edge, np.cumsum(groups.sizes, axis=1)])
    found = np.hstack([edge, np.cumsum(groups.relevant, axis=1)])
    # One interpolation for all queries: each has a stretch of the axis to itself.
    stretch = (int(ends[:, -1].max(initial=0)) + 1) * np.arange(len(ends))[:, None]
    wanted = np.minimum(ranks, ends[:, -1:]) + stretch
    return np.interp(wanted.ravel(), (ends + stretch).ravel(), found.ravel()).reshape(wanted.shape)


def precision(groups: TiedGroups, k: int) -> Floats:
    """Expected share of relevant items among the first k, `[B]`; always divided by k."""
    return relevant_found(groups, np.array([k]))[:, 0] / k


def recall(groups: TiedGroups, k: int) -> Floats:
    """Expected share of the relevant items that stand among the first k, `[B]`."""
    return _ratio(relevant_found(groups, np.array([k]))[:, 0], groups.total_relevant)


def ndcg(groups: TiedGroups, k: int) -> Floats:
    """Expected normalised discounted cumulative gain within k, `[B]`.

    Gain 2^grade − 1, discount 1 / log2(rank + 1), ideal over the whole database.
    """
    grades = np.arange(groups.counts.shape[2])
    greatest = (groups.counts.any(axis=1) * grades).max(axis=1, keepdims=True)
    # each query's divided by 2^greatest, which leaves the quotient as it is: 2^1024 is no float
    gains = np.exp2(np.minimum(grades - greatest, 0)) - np.exp2(-greatest)
    mean_gain = _ratio((groups.counts @ gains[:, :, None])[:, :, 0], groups.sizes)
    gained = _rank_sums(_discount, groups.before, groups.within(k)) * mean_gain
    by_grade = groups.counts.sum(axis=1)[:, ::-1]
    starts = np.cumsum(by_grade, axis=1) - by_grade
    ideal = _rank_sums(_discount, starts, np.clip(k - starts, 0, by_grade)) * gains[:, ::-1]
    return _ratio(gained.sum(axis=1), ideal.sum(axis=1))


def precision_within(groups: TiedGroups, count: int) -> Floats:
    """Share of relevant items in the first `count` groups, `[B]`; 0 where they are empty."""
    return _ratio(groups.relevant[:, :count].sum(axis=1), groups.sizes[:, :count].sum(axis=1))


def _expected(groups: TiedGroups, k: int | None, gains: Counts | None = None) -> Floats:
    """Expected sum of precisions at the relevant ranks of each group, `[B, G]`.

    gains: what the items of each group are worth together, int64 `[B, G]`; by default 1 each.
    """
    gains = groups.relevant if gains is None else gains
    before = np.cumsum(gains, axis=1) - gains
    slope = _ratio(groups.relevant - 1, groups.sizes - 1)
    # Σ_i [1 + (i−1)·slope] / (N + i) with i − 1 = (N + i) − (N + 1): a harmonic sum and a count
    ranks = groups.within(k)
    harmonic = _rank_sums(_harmonic, groups.before, ranks)
    inside = (1 - slope * (groups.before + 1)) * harmonic + slope * ranks
    return (
        _ratio(gains, groups.sizes) * inside
        + _ratio(groups.relevant, groups.sizes) * before * harmonic
    )


def _hypergeometric(hits: Counts, size: Counts, relevant: Counts, places: Counts) -> Floats:
    """Chance of `hits` relevant items in `places` drawn of `size`, 0 where that cannot be."""
    misses, irrelevant = places - hits, size - relevant
    possible = (hits <= relevant) & (misses >= 0) & (misses <= irrelevant)
    table = _cumulative(_logarithm, _table_size(int(size.max(initial=0))))

    def choose(total: Counts, some: Counts) -> Floats:
        some = np.clip(some, 0, total)
        logarithm: Floats = table[total] - table[some] - table[total - some]
        return logarithm

    chance = choose(relevant, hits) + choose(irrelevant, misses) - choose(size, places)
    return np.where(possible, np.exp(chance), 0)


def _best(groups: TiedGroups, k: int | None) -> Floats:
    return _run_of_relevant(groups, groups.before, k)


def _worst(groups: TiedGroups, k: int | None) -> Floats:
    return _run_of_relevant(groups, groups.before + groups.sizes - groups.relevant, k)


def _run_of_relevant(groups: TiedGroups, before: Counts, k: int | None) -> Floats:
    """Sum of precisions when each group's relevant items stand in a row after `before` items."""
    ranks = groups.relevant if k is None else np.clip(k - before, 0, groups.relevant)
    return ranks + (groups.relevant_before - before) * _rank_sums(_harmonic, before, ranks)


def _rank_sums(weight: Callable[[Floats], Floats], before: Counts, ranks: Counts) -> Floats:
    """Sum of `weight(rank)` over the ranks before + 1 … before + ranks."""
    table = _cumulative(weight, _table_size(int((before + ranks).max(initial=0))))
    sums: Floats = table[before + ranks] - table[before]
    return sums


def _table_size(largest: int) -> int:
    """The next power of two, so that few different tables are made."""
    return 1 << (largest + 1).bit_length()


@lru_cache(maxsize=6)
def _cumulative(weight: Callable[[Floats], Floats], size: int) -> Floats:
    """Sums of the weights of the first 0, 1, … size − 1 ranks."""
    return np.concatenate([[0.0], np.cumsum(weight(np.arange(1.0, size)))])


def _harmonic(rank: Floats) -> Floats:
    return 1.0 / rank


def _logarithm(rank: Floats) -> Floats:
    return np.log(rank)


def _discount(rank: Floats) -> Floats:
    return 1.0 / np.log2(rank + 1.0)


def _ratio(numerator: NDArray[np.number], denominator: NDArray[np.number]) -> Floats:
    """Elementwise quotient, 0 where the denominator is 0."""
    out = np.zeros(np.broadcast_shapes(numerator.shape, denominator.shape))
    np.divide(numerator, denominator, out=out, where=denominator != 0)
    return out
