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
        balance.axhline(0.5, color=ACCENT, linewidth=1, label="evenly")
        balance.set_ylim(0, 1)
        balance.legend(loc="upper right")
        label_axes(balance, "How often a bit is one", "bit", "share of the database")
        correlation.grid(visible=False)
        shown = correlation.imshow(_correlation(signs), cmap="RdBu_r", vmin=-1, vmax=1)
        bar = figure.colorbar(shown, ax=correlation, shrink=0.8, label="Pearson's r")
        bar.outline.set_visible(False)
        label_axes(correlation, "What two bits share", "bit", "bit")
        weights = np.full(logits.size, 100 / max(logits.size, 1))
        spread.hist(logits.ravel(), bins=80, weights=weights, color=SERIES[5])
        spread.axvline(0, color=ACCENT, linewidth=1, label="where a bit turns")
        spread.margins(y=0.25)
        spread.legend(loc="upper right")
        label_axes(spread, "Before rounding to bits", "logit", "% of all logits")
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
