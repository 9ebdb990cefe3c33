"""Recommendation on codes: taste profiles, variety, near-duplicates.

numpy only, no pictures and no index: everything here works on the M candidates of one answer.
An affinity is the mean product of signs, 1 − 2·distance/bits: 1 for equal codes, 0 for unrelated.
"""

from collections.abc import Hashable, Sequence

import numpy as np
from numpy.typing import NDArray

from hashing.codes import Codes

MAX_CENTRES = 3
APART = 0.5
"""Liked works whose codes differ in more than this share of bits, as unrelated ones do, are two
tastes, not one."""

COMMON = 0.5
"""What a work of another taste counts beside one of the candidate's own."""

RANK_OFFSET = 0.3
"""How many places of one liked work's own ranking count nearly alike, as a share of all."""

DISLIKE_WEIGHT = 0.5
FIRST_LOOK = 11
"""The place, for each liked work, at which variety weighs as much as the slider says."""

NEAR_DUPLICATE = 0.975
"""Least correlation between the thumbnails of two copies of one picture."""


def taste_centres(liked: Codes) -> tuple[NDArray[np.float32], NDArray[np.int64]]:
    """Group L ≥ 1 liked codes by average linkage; one centre for each taste.

    Groups merge while they are less than `APART` or more than `MAX_CENTRES` (Sokal & Michener
    1958, with the update of Lance & Williams 1967). Returns the centres, float32 `[C, bits]`, each
    the mean of its members' signs, and how many works each stands for, int64 `[C]`; larger first.
    (SciPy's linkage knows one of these two ends, and its import would hold up the first taste.)
    """
    centres = liked.signs().astype(np.float32)
    sizes = np.ones(len(liked), dtype=np.int64)
    gaps = (1 - affinity(liked, centres)) / 2
    np.fill_diagonal(gaps, np.inf)
    while len(sizes) > 1:
        a, b = sorted(divmod(int(np.argmin(gaps)), len(sizes)))
        if gaps[a, b] > APART and len(sizes) <= MAX_CENTRES:
            break
        merged = np.average(gaps[[a, b]], axis=0, weights=sizes[[a, b]])
        merged[a] = np.inf
        gaps[a], gaps[:, a] = merged, merged
        centres[a] = np.average(centres[[a, b]], axis=0, weights=sizes[[a, b]])
        sizes[a] += sizes[b]
        gaps = np.delete(np.delete(gaps, b, axis=0), b, axis=1)
        centres, sizes = np.delete(centres, b, axis=0), np.delete(sizes, b)
    order = np.argsort(-sizes, kind="stable")
    return centres[order], sizes[order]


def affinity(candidates: Codes, centres: NDArray[np.float32]) -> NDArray[np.float32]:
    """Affinity of M codes to C centres (or signs), float32 `[M, C]` in −1 … 1."""
    products: NDArray[np.float32] = candidates.signs().astype(np.float32) @ centres.T
    return products / np.float32(candidates.bits)


def rank_by_taste(
    candidates: Codes,
    liked: Codes,
    centres: NDArray[np.float32],
    sizes: NDArray[np.int64],
    disliked: Codes | None = None,
) -> tuple[NDArray[np.int64], NDArray[np.float32]]:
    """Order M candidates by a taste, best first, and say how relevant each place is.

    Every liked work ranks the candidates by itself, and the rankings are fused (Cormack et al.
    2009), so that a work among near neighbours has no more say than one that stands alone; works
    of another taste than the candidate's count `COMMON`, a disliked one is deducted. The tastes, to
    whose centres (`taste_centres` of the liked works) the candidates belong, take turns in
    proportion to their sizes.
    Returns positions int64 `[M]` and, for each place, relevance float32 `[M]`: the candidates'
    affinities to their centres, less a share of that to the nearest disliked work, dealt out from
    the greatest.
    """
    likes = affinity(candidates, centres)
    relevance, owner = likes.max(axis=1), likes.argmax(axis=1)
    taste = affinity(liked, centres).argmax(axis=1)
    weights = np.where(taste == owner[:, None], 1, COMMON)
    fused = np.average(reciprocal_ranks(candidates, liked), axis=1, weights=weights)
    if disliked is not None and len(disliked):
        shared = affinity(candidates, disliked.signs().astype(np.float32)).max(axis=1)
        relevance = relevance - np.float32(DISLIKE_WEIGHT) * np.maximum(shared, 0)
        fused = fused - DISLIKE_WEIGHT * reciprocal_ranks(candidates, disliked).max(axis=1)
    turns = np.empty(len(fused))
    for centre, size in enumerate(sizes):
        own = np.flatnonzero(owner == centre)
        own = own[np.argsort(-fused[own], kind="stable")]
        turns[own] = (np.arange(len(own)) + 0.5) / size
    return np.lexsort((-fused, turns)), np.sort(relevance)[::-1]


def rank_by_mix(
    candidates: Codes, works: Codes, weights: NDArray[np.float64]
) -> tuple[NDArray[np.int64], NDArray[np.float32]]:
    """Order M candidates by several works at once, best first, and say how relevant each place is.

    Every work ranks the candidates by itself, and the rankings are fused by their weights, float64
    `[L]`, one of them positive (Cormack et al. 2009): what is near all wanted works comes before
    what is nearest to one; a work of negative weight pushes away.
    Returns positions int64 `[M]` and, for each place, relevance float32 `[M]`: the candidates'
    weighted mean affinities, dealt out from the greatest.
    """
    scale = weights[weights > 0].sum()
    fused = reciprocal_ranks(candidates, works) @ (weights / scale)
    shared = affinity(candidates, works.signs().astype(np.float32))
    relevance = (shared @ (weights / scale)).astype(np.float32)
    return np.argsort(-fused, kind="stable"), np.sort(relevance)[::-1]


def reciprocal_ranks(candidates: Codes, works: Codes) -> NDArray[np.float64]:
    """1 / (`RANK_OFFSET`·M + rank) of M candidates in L works' rankings, float64 `[M, L]`.

    Ranks count from 1, nearest first; equally near candidates share the mean of their ranks.
    """
    columns = []
    for distances in candidates.distances(works).T:
        counts = np.bincount(distances)
        ranks = np.cumsum(counts) - (counts - 1) / 2
        columns.append(1 / (RANK_OFFSET * len(candidates) + ranks[distances]))
    return np.stack(columns, axis=1)


def diversify(
    candidates: Codes,
    relevance: NDArray[np.float32],
    k: int,
    diversity: float,
    likes: int = 1,
    since: NDArray[np.int64] | None = None,
) -> NDArray[np.int64]:
    """Pick k of M candidates by maximal marginal relevance (Carbonell & Goldstein 1998).

    Each pick has the greatest (1 − w)·relevance − w·(affinity to the nearest work already picked).
    The weight grows with the place p = 1 … k as w = diversity^((`FIRST_LOOK`·likes/p)³), so that
    the first works are the most similar and variety comes further down; 0 and 1 stay what they
    are. Places count for each liked work by itself: several likes are varied already, and what
    they have in common is what was asked for.
    since: the place, from 0, from which each candidate may be picked; where none may be as yet,
    those may that come next.
    Returns positions int64 `[min(k, M)]` in the order of picking; equal values go to the earlier
    candidate.
    """
    nearest = np.full(len(relevance), -1.0)
    free = np.ones(len(relevance), dtype=bool)
    picked = np.empty(min(k, len(relevance)), dtype=np.int64)
    since = np.zeros(len(relevance), np.int64) if since is None else since
    for place in range(len(picked)):
        weight = diversity ** (FIRST_LOOK * likes / (place + 1)) ** 3
        gain = (1 - weight) * relevance.astype(np.float64) - weight * nearest
        reach = max(place, int(since[free].min()))
        best = int(np.argmax(np.where(free & (since <= reach), gain, -np.inf)))
        picked[place], free[best] = best, False
        differing = candidates.distances(candidates[best : best + 1])[:, 0]
        nearest = np.maximum(nearest, 1 - 2 * differing / candidates.bits)
    return picked


def are_copies(thumbnails: NDArray[np.uint8], others: NDArray[np.uint8]) -> NDArray[np.bool_]:
    """Which of N pictures are copies of which of M, bool `[N, M]`.

    thumbnails, others: small pictures, uint8 `[N, B, P]` and `[M, B, P]`, of each the whole and
    B−1 parts of it: a picture that lost its edges looks like such a part of the other. At 8 x 8
    pixels different pages of one look are alike; those alike there have to be so at 32 x 32 too.
    Correlation forgives another brightness or contrast, and asks the same likeness of a pale
    drawing as of a dark painting, where a difference of grey levels would take all pale drawings
    for one. A picture of a single shade is a copy of none.
    """
    mine = _standard(thumbnails)
    theirs = mine if others is thumbnails else _standard(others)
    copies = _resemble_parts(mine, theirs)
    swapped = copies if others is thumbnails else _resemble_parts(theirs, mine)
    return copies | swapped.T


def _resemble_parts(whole: NDArray[np.float32], parts: NDArray[np.float32]) -> NDArray[np.bool_]:
    """Which wholes of N pictures look like any part of which of M, bool `[N, M]`."""
    likeness: NDArray[np.float32] = whole[:, 0] @ parts.reshape(-1, parts.shape[2]).T
    nearest: NDArray[np.float32] = likeness.reshape(len(whole), *parts.shape[:2]).max(axis=2)
    return nearest >= NEAR_DUPLICATE


def _standard(thumbnails: NDArray[np.uint8]) -> NDArray[np.float32]:
    """The same `[N, B, P]`, each of mean 0 and length 1; 0 for single shades."""
    rows = thumbnails.astype(np.float32)
    rows -= rows.mean(axis=2, keepdims=True)
    unit: NDArray[np.float32] = rows / np.maximum(np.linalg.norm(rows, axis=2, keepdims=True), 1)
    return unit


def fold_duplicates(copies: NDArray[np.bool_], first: int | None = None) -> NDArray[np.int64]:
    """The best candidate that each of M candidates is a copy of (itself when of none).

    copies: symmetric, bool `[M, M]`, best candidate first. first: the candidate that was asked
    for; it comes before all others. A copy is one of its leader itself: a copy of a copy may be
    another picture. Returns positions int64 `[M]`.
    """
    leaders = np.arange(len(copies))
    leading = np.zeros(len(copies), dtype=bool)
    if first is not None:
        leading[first] = True
        leaders[copies[first]] = first
        leaders[first] = first
    for row in np.flatnonzero(copies.any(axis=1) & (leaders == np.arange(len(copies)))):
        found = np.flatnonzero(copies[row] & leading)
        if len(found) and row != first:
            leaders[row] = found[0]
        else:
            leading[row] = True
    return leaders


def first_of_each(values: Sequence[Hashable | None]) -> NDArray[np.bool_]:
    """Mask of the candidates whose value did not occur before; None never counts as a repeat."""
    seen: set[Hashable] = set()
    keep = np.ones(len(values), dtype=bool)
    for row, value in enumerate(values):
        keep[row] = value is None or value not in seen
        if value is not None:
            seen.add(value)
    return keep


def nearest_values(values: Sequence[str | None], most: int = 5) -> list[tuple[str, float]]:
    """The commonest values among the nearest works, each with its share of those that have one."""
    known = [value for value in values if value is not None]
    counts = {value: known.count(value) for value in dict.fromkeys(known)}
    ranked = sorted(counts.items(), key=lambda pair: -pair[1])[:most]
    return [(value, count / len(known)) for value, count in ranked]
