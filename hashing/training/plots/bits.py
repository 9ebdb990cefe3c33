"""What the bits of codes are like."""

import matplotlib
import numpy as np
from matplotlib.figure import Figure
from numpy.typing import NDArray

from hashing.training.plots.style import ACCENT, SERIES, STYLE, label_axes


def bit_statistics(signs: NDArray[np.int8], logits: NDArray[np.float32]) -> Figure:
    """Share of ones per bit, correlation between bits, and where the logits lie.

    signs: −1 and 1, int8 `[N, bits]`; logits: float32 `[n, bits]`, a sample will do.
    """
    bits = signs.shape[1]
    with matplotlib.rc_context(STYLE):
        figure = Figure(figsize=(10, 3), layout="constrained")
        balance, correlation, spread = figure.subplots(1, 3)
        balance.bar(range(bits), (signs > 0).mean(axis=0), width=0.9, color=SERIES[1])
        balance.axhline(0.5, color=ACCENT, linewidth=1)
        balance.set_ylim(0, 1)
        label_axes(balance, "Share of ones", "bit", "")
        correlation.grid(visible=False)
        shown = correlation.imshow(_correlation(signs), cmap="RdBu_r", vmin=-1, vmax=1)
        figure.colorbar(shown, ax=correlation, shrink=0.8).outline.set_visible(False)
        label_axes(correlation, "Correlation of bits", "", "")
        spread.hist(logits.ravel(), bins=80, color=SERIES[5])
        spread.axvline(0, color=ACCENT, linewidth=1)
        spread.set_yticks([])
        label_axes(spread, "Logits", "", "")
    return figure


def _correlation(signs: NDArray[np.int8]) -> NDArray[np.float64]:
    """Pearson correlation of all pairs of bits; 0 where a bit is constant."""
    centred = signs - signs.mean(axis=0)
    scale = np.sqrt((centred**2).mean(axis=0))
    covariance = centred.T @ centred / len(signs)
    outer = np.outer(scale, scale)
    correlation: NDArray[np.float64] = np.divide(
        covariance, outer, out=np.zeros_like(covariance), where=outer > 0
    )
    return correlation
