"""Distances of float features, against numpy and by what must hold."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from hashing.errors import UsageError
from hashing.search.features import (
    DISTANCES,
    check_measure,
    feature_distances,
    half,
    nearest_features,
    similarity,
)


def by_hand(a: np.ndarray, b: np.ndarray, by: str) -> float:
    a, b = a.astype(np.float64), b.astype(np.float64)
    if by == "cosine":
        lengths = np.sqrt((a * a).sum()) * np.sqrt((b * b).sum())
        return 1 - (a * b).sum() / lengths
    return float(np.sqrt(((a - b) ** 2).sum()) if by == "euclidean" else np.abs(a - b).sum())


@pytest.mark.parametrize("by", DISTANCES)
@given(seed=st.integers(0, 99), chunk=st.integers(1, 30), k=st.integers(1, 40))
def test_the_nearest_are_those_of_numpy_however_they_come(
    by: str, seed: int, chunk: int, k: int
) -> None:
    rng = np.random.default_rng(seed)
    rows = half(rng.normal(size=(30, 6)))[rng.integers(0, 20, 30)]  # with equal rows
    ids = np.sort(rng.choice(99, 30, replace=False))
    query = half(rng.normal(size=(1, 6)))
    parts = [(ids[i : i + chunk], rows[i : i + chunk]) for i in range(0, 30, chunk)]
    found, distances = nearest_features(query, parts[::-1], by, k)
    measured = {i: by_hand(query[0], row, by) for i, row in zip(ids, rows, strict=True)}
    np.testing.assert_allclose(distances, [measured[i] for i in found], atol=1e-12)
    expected = sorted(ids, key=lambda i: (round(measured[i], 12), i))[:k]
    assert found.tolist() == expected


@pytest.mark.parametrize("by", DISTANCES)
def test_an_item_is_at_distance_zero_from_itself(by: str) -> None:
    rows = half(np.random.default_rng(1).normal(size=(50, 300)) * 100)
    assert (np.diag(feature_distances(rows, rows, by)) == 0).all()
    assert similarity(0, by, 64) == 1


def test_vectors_of_zeros_are_unlike_all_others() -> None:
    rows = np.array([[0, 0], [3, 4]], np.float16)
    np.testing.assert_array_equal(feature_distances(rows, rows, "cosine"), [[0, 1], [1, 0]])


def test_the_nearest_of_several_views_counts_and_far_items_are_left_out() -> None:
    rows = np.array([[0, 0], [0, 5], [9, 9]], np.float16)
    views = np.array([[0, 1], [0, 4]], np.float16)
    ids, distances = nearest_features(views, [(np.arange(3), rows)], "manhattan", 9, 1)
    assert (ids.tolist(), distances.tolist()) == ([0, 1], [1, 1])


def test_similarity_falls_with_distance() -> None:
    assert similarity(16, "hamming", 64) == 0.75
    assert similarity(0.25, "cosine", 64) == 0.75
    assert similarity(3, "euclidean", 64) == similarity(3, "manhattan", 64) == 0.25


def test_what_is_no_distance_or_does_not_fit_is_refused() -> None:
    with pytest.raises(UsageError, match="cosine"):
        check_measure("cosinus")
    with pytest.raises(UsageError, match="65,504"):
        half(np.array([1e6]))
