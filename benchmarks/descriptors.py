"""Hand-made picture descriptors, the road before learned features."""

from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray
from skimage import feature

from hashing.training.baselines import colour_histograms

skimage: Any = feature  # partly typed

LEVELS = 16
"""Grey levels of the co-occurrence matrix."""

Descriptor = Callable[[NDArray[np.uint8]], NDArray[np.float32]]
"""From pictures uint8 `[N, S, S, 3]` to vectors float32 `[N, D]`."""


def textures(squares: NDArray[np.uint8]) -> NDArray[np.float32]:
    """Grey-level co-occurrence (Haralick 1973): six properties at two distances, four angles."""
    angles = [0, np.pi / 4, np.pi / 2, 3 * np.pi / 4]
    names = ("contrast", "dissimilarity", "homogeneity", "energy", "correlation", "ASM")
    rows = []
    for grey in _grey(squares):
        levels = (grey * LEVELS / 256).astype(np.uint8)
        matrix = skimage.graycomatrix(levels, [1, 3], angles, LEVELS, symmetric=True, normed=True)
        rows.append(np.concatenate([skimage.graycoprops(matrix, name).ravel() for name in names]))
    vectors = np.stack(rows)
    # The properties have scales of their own.
    scaled: NDArray[np.float32] = (vectors / vectors.std(axis=0).clip(1e-9)).astype(np.float32)
    return scaled


def gradients(squares: NDArray[np.uint8]) -> NDArray[np.float32]:
    """Histograms of oriented gradients (Dalal & Triggs 2005) on an 8 x 8 grid."""
    cell = squares.shape[1] // 8
    rows = [
        skimage.hog(grey, pixels_per_cell=(cell, cell), cells_per_block=(2, 2))
        for grey in _grey(squares)
    ]
    return np.stack(rows).astype(np.float32)


def _grey(squares: NDArray[np.uint8]) -> NDArray[np.float32]:
    """Brightness `[N, S, S]`, 0 … 255."""
    weights = np.array([0.299, 0.587, 0.114], np.float32)
    grey: NDArray[np.float32] = np.einsum("nhwc,c->nhw", squares, weights)
    return grey


DESCRIPTORS: dict[str, Descriptor] = {
    "colour histogram": colour_histograms,
    "grey-level co-occurrence": textures,
    "oriented gradients": gradients,
}
