"""The course of the learning rate: a pure function of the step, so a resumed run finds its own."""

import math

from hashing.config import OptimConfig

START = 1 / 25
"""Where one-cycle begins, as a fraction of the peak rate."""

END = 1e-3
"""Where cosine and one-cycle end, as a fraction of the peak rate."""


def rate_factor(step: int, steps_per_epoch: int, epochs: int, config: OptimConfig) -> float:
    """Fraction of the peak rate at `step`, 0 … steps_per_epoch · epochs − 1.

    The warm-up rises linearly, reaching 1 at its end. One-cycle (Smith & Topin 2018) has a rise
    of its own, over the first 30 % of all steps.
    """
    total = steps_per_epoch * epochs
    if config.schedule == "one-cycle":
        peak = 0.3 * total
        if step < peak:
            return START + (1 - START) * _half_cosine(step / peak)
        return 1 - (1 - END) * _half_cosine((step - peak) / (total - peak))
    warmup = min(round(config.warmup * steps_per_epoch), total - 1)
    if step < warmup:
        return (step + 1) / warmup
    if config.schedule == "cosine":
        return 1 - (1 - END) * _half_cosine((step - warmup) / (total - warmup))
    if config.schedule == "steps":
        passed = sum(step >= milestone * steps_per_epoch for milestone in config.milestones)
        return math.pow(config.gamma, passed)
    return 1.0


def _half_cosine(progress: float) -> float:
    """From 0 at 0 to 1 at 1 along half a cosine."""
    return (1 - math.cos(math.pi * progress)) / 2
