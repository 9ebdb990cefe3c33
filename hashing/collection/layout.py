"""Places in the plane for binary codes: like beside like.

Up to `LANDMARKS` codes are laid out together by t-SNE (van der Maaten & Hinton 2008, from
scikit-learn), more of them beside their nearest neighbours among so many (de Silva & Tenenbaum
2004 call those landmarks). `benchmarks/maps.py` measures how far such a map can be trusted.
"""

import numpy as np
from numpy.typing import NDArray

from hashing.codes import Codes
from hashing.search import ScanEngine, SearchRequest

LANDMARKS = 10_000
FEWEST_POINTS = 5
NEIGHBOURS = 4
AT_ONCE = 4096
"""Codes whose neighbours are looked for in one request."""

GOLDEN_ANGLE = np.pi * (3 - np.sqrt(5))


def lay_out(codes: Codes, landmarks: int = LANDMARKS) -> NDArray[np.float32]:
    """Places in the unit square for N codes, float32 `[N, 2]`; equal input, equal places.

    Distinct codes are laid out, and the works of one code spread around its place.
    """
    _, first, group, counts = np.unique(
        codes.packed, axis=0, return_index=True, return_inverse=True, return_counts=True
    )
    centres = _place_distinct(codes[first], landmarks)
    return _unit(centres[group] + _spread(centres, group, counts)).astype(np.float32)


def beside(places: NDArray[np.floating], near: NDArray[np.int64]) -> NDArray[np.float64]:
    """Where M works hang whose nearest neighbours hang already, float64 `[M, 2]`.

    places: `[N, 2]`. near: rows of the neighbours `[M, k]`. A mean would lie in the void between
    neighbours of two regions, so it is the mean of that half of them which lies closest together.
    """
    theirs = places[near].astype(np.float64)
    gaps = np.linalg.norm(theirs[:, :, None] - theirs[:, None], axis=3)
    half = max(1, near.shape[1] // 2)
    order = np.argsort(gaps, axis=2, kind="stable")[:, :, :half]
    # of each neighbour the company it keeps; the closest company wins
    closest = np.take_along_axis(gaps, order, axis=2).sum(axis=2).argmin(axis=1)
    chosen = order[np.arange(len(near)), closest]
    mean: NDArray[np.float64] = np.take_along_axis(theirs, chosen[:, :, None], axis=1).mean(axis=1)
    return mean


def _place_distinct(codes: Codes, landmarks: int) -> NDArray[np.float64]:
    """Places in the unit square for codes of which no two are equal, float64 `[N, 2]`."""
    if len(codes) <= landmarks:
        return _together(codes)
    chosen = np.zeros(len(codes), dtype=bool)
    chosen[np.random.default_rng(0).permutation(len(codes))[:landmarks]] = True
    known, rest = np.flatnonzero(chosen), np.flatnonzero(~chosen)
    places = np.empty((len(codes), 2))
    places[known] = _together(codes[known])
    engine = ScanEngine(codes[known])
    near = [
        engine.search(SearchRequest(codes[rest[at : at + AT_ONCE]], NEIGHBOURS)).ids
        for at in range(0, len(rest), AT_ONCE)
    ]
    places[rest] = beside(places[known], np.concatenate(near))
    # those of the same neighbours must not hide each other
    turn = np.arange(len(rest)) * GOLDEN_ANGLE
    reach = 0.5 * np.median(_gaps(places[known])) * np.sqrt((np.arange(len(rest)) % 97 + 1) / 97)
    places[rest] += np.stack([np.cos(turn), np.sin(turn)], axis=1) * reach[:, None]
    return _unit(places)


def _together(codes: Codes) -> NDArray[np.float64]:
    """The same by t-SNE.

    It crashes on equal points only (its initial places become NaN), so it never sees any.
    """
    if len(codes) < FEWEST_POINTS:
        return np.linspace(0, 1, 2 * len(codes)).reshape(-1, 2)
    from sklearn.decomposition import PCA
    from sklearn.manifold import TSNE

    signs = codes.signs().astype(np.float32)
    reduced = PCA(min(32, *signs.shape), random_state=0).fit_transform(signs)
    perplexity = min(30, (len(codes) - 1) / 3)
    places = TSNE(perplexity=perplexity, max_iter=500, random_state=0).fit_transform(reduced)
    return _unit(places.astype(np.float64))


def _spread(
    centres: NDArray[np.float64], group: NDArray[np.intp], counts: NDArray[np.intp]
) -> NDArray[np.float64]:
    """Steps from the centre of its group for each of N works, float64 `[N, 2]`.

    Each group fills a disc by Vogel's spiral (1979), the first work in its middle. The disc's area
    follows the group's share of all works; it ends half-way to the nearest other centre.
    """
    radius = 0.25 * np.sqrt(counts / max(len(group), 1))
    if len(centres) > 1:
        radius = np.minimum(radius, _gaps(centres) / 2)
    order = np.argsort(group, kind="stable")
    place = np.empty(len(group), np.intp)  # of each work within its group
    place[order] = np.arange(len(group)) - np.repeat(np.cumsum(counts) - counts, counts)
    distance = radius[group] * np.sqrt(place / counts[group])
    angle = place * GOLDEN_ANGLE
    steps: NDArray[np.float64] = np.stack([np.cos(angle), np.sin(angle)]) * distance
    return steps.T


def _gaps(places: NDArray[np.float64]) -> NDArray[np.float64]:
    """From each of N places to the nearest other, float64 `[N]`."""
    from sklearn.neighbors import NearestNeighbors

    gaps: NDArray[np.float64] = NearestNeighbors(n_neighbors=2).fit(places).kneighbors(places)[0]
    return gaps[:, 1]


def _unit(places: NDArray[np.float64]) -> NDArray[np.float64]:
    """Places moved and stretched to the unit square; along an axis without extent, its middle."""
    if not len(places):
        return places
    low, high = places.min(axis=0), places.max(axis=0)
    flat = high - low < 1e-9
    unit: NDArray[np.float64] = np.where(flat, 0.5, (places - low) / np.where(flat, 1, high - low))
    return unit
