"""Linear discriminant analysis (Fisher 1936): the directions in which classes differ most."""

from collections.abc import Iterable

import numpy as np
import scipy.linalg
import torch
from numpy.typing import NDArray
from torch import Tensor

from hashing.errors import InputError, UsageError
from hashing.models.whitening import signed

SHRINKAGE = 0.8
"""How far the covariance is drawn to a sphere; chosen on folds of artworks, .7 and .9 are as good.

So much, because whitened features are half a sphere already, and because what looks like a
difference of classes in pictures that are learned from is partly theirs alone.
"""

LabelsOf = NDArray[np.int64] | NDArray[np.bool_]


def check_discriminants(directions: int, classes: Iterable[int]) -> None:
    """Raise UsageError where classes of these numbers, one a field, have so few differences."""
    most = sum(max(count - 1, 0) for count in classes)
    if directions > most:
        raise UsageError(
            f"expected model.discriminants up to {most}, one less than the classes of each label "
            f"field, found {directions}: lower it, or do without (0) where classes are few"
        )


def fit_discriminants(
    features: NDArray[np.float32], labels: Iterable[tuple[LabelsOf, float]], directions: int
) -> tuple[Tensor, Tensor]:
    """Weight `[directions, D]` and bias `[directions]` of the layer that tells classes apart.

    features: `[N, D]`. labels: for each label field what pictures carry, int64 `[N]`, −1 where
    absent, or bool `[N, C]`, and what the field counts.

    Directions v maximise λ = vᵀBv / vᵀTv, B being the covariance of class means, summed over
    fields, and T that of all features, drawn to a sphere (Friedman 1989). Each is scaled by √λ,
    so that one counts by how well it tells classes apart. Raises InputError where features are the
    same for all pictures.
    """
    mean = features.mean(axis=0, dtype=np.float64)
    centred = features - mean
    count, width = centred.shape
    total = centred.T @ centred / count
    if not np.trace(total) > 1e-12:
        raise InputError(
            "expected pictures that differ, found features that are the same for all: take other "
            "pictures or another model.weights"
        )
    shrunk = (1 - SHRINKAGE) * total + SHRINKAGE * np.trace(total) / width * np.eye(width)
    between = np.zeros_like(total)
    for carried, importance in labels:
        between += importance * _between(centred, carried)
    shares, found = scipy.linalg.eigh(between, shrunk)  # vᵀTv = 1
    shares, found = shares[::-1][:directions], found[:, ::-1][:, :directions]
    weight = (signed(found) * np.sqrt(np.maximum(shares, 0))).T
    return torch.from_numpy(weight).float(), torch.from_numpy(-weight @ mean).float()


def _between(centred: NDArray[np.float64], carried: LabelsOf) -> NDArray[np.float64]:
    """Covariance `[D, D]` of class means around zero, a class counting by its pictures."""
    if carried.ndim == 2:
        counts, sums = carried.sum(axis=0), carried.T.astype(np.float64) @ centred
    else:
        known = carried >= 0
        counts = np.bincount(carried[known])
        sums = np.zeros((len(counts), centred.shape[1]))
        np.add.at(sums, carried[known], centred[known])
    means = sums / np.maximum(counts, 1)[:, None]
    covariance: NDArray[np.float64] = means.T @ sums / len(centred)
    return covariance
