"""Half-whitened PCA of features, as one linear layer."""

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from hashing.errors import InputError


def check_whitening(pictures: int, components: int) -> None:
    """Raise InputError where so few pictures cannot tell so many components."""
    if pictures < components:
        raise InputError(
            f"expected at least {components} pictures to fit a whitening of as many components, "
            f"found {pictures}: add pictures or lower model.whiten"
        )


def fit_whitening(features: NDArray[np.float32], components: int) -> tuple[Tensor, Tensor]:
    """Weight `[components, D]` and bias `[components]` from features `[N, D]` to whitened ones.

    Features are standardised, projected on their principal components, and component i with
    variance λ_i is divided by λ_i^(1/4), which leaves it with √λ_i: halfway between keeping the
    variances and making them equal, as whitening to the full (Jégou & Chum 2012) does, where the
    last components are mostly noise.

    Raises InputError for fewer pictures than components.
    """
    check_whitening(len(features), components)
    mean = features.mean(axis=0, dtype=np.float64)
    deviation = features.std(axis=0, dtype=np.float64)
    # A feature that never changes says nothing; standardised it is zero.
    scale = np.divide(1, deviation, out=np.zeros_like(deviation), where=deviation > 1e-9)
    standard = (features - mean) * scale
    variances, vectors = _principal(standard, components)
    directions = signed(vectors) / np.maximum(variances, 1e-9) ** 0.25
    weight = (directions * scale[:, None]).T
    return torch.from_numpy(weight).float(), torch.from_numpy(-weight @ mean).float()


def signed(directions: NDArray[np.float64]) -> NDArray[np.float64]:
    """Directions `[D, K]`, the largest number of each positive.

    Eigenvectors have no sign of their own.
    """
    largest = np.abs(directions).argmax(axis=0)
    signs: NDArray[np.float64] = np.sign(directions[largest, np.arange(directions.shape[1])])
    return directions * signs


def _principal(
    standard: NDArray[np.float64], components: int
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Largest variances `[components]` and their directions `[D, components]`, of length one.

    Of fewer pictures than features the products of pictures tell the same for less.
    """
    count, width = standard.shape
    wide = width > count
    products = standard @ standard.T if wide else standard.T @ standard
    variances, vectors = np.linalg.eigh(products / count)
    variances, vectors = variances[::-1][:components], vectors[:, ::-1][:, :components]
    if wide:
        vectors = standard.T @ vectors / np.sqrt(np.maximum(variances, 1e-9) * count)
    return variances, vectors
