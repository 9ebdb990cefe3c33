"""MixUp (Zhang et al. 2018) and CutMix (Yun et al. 2019), keyed by (seed, global step)."""

from typing import NamedTuple

import numpy as np
import torch
from torch import Tensor

from hashing.data.random import Stream, generator


class Mixed(NamedTuple):
    """A batch whose picture i is `share` of itself and 1 − `share` of picture `partners[i]`.

    images: float32 `[B, 3, s, s]`; partners: int64 `[B]`, on the same device.
    A loss is share · loss(labels) + (1 − share) · loss(labels[partners]).
    """

    images: Tensor
    partners: Tensor
    share: float


def mix(
    images: Tensor, *, seed: int, step: int, rank: int = 0, mixup: float = 0, cutmix: float = 0
) -> Mixed:
    """Mix a process's batch by MixUp or CutMix, one of those whose alpha is above 0, or neither.

    The share is drawn from Beta(alpha, alpha), once per batch.
    """
    rng = generator(Stream.MIX, seed, step, rank)
    partners = torch.from_numpy(rng.permutation(len(images))).to(images.device)
    methods = [(alpha, cut) for alpha, cut in ((mixup, False), (cutmix, True)) if alpha > 0]
    if not methods:
        return Mixed(images, partners, 1.0)
    alpha, cut = methods[rng.integers(len(methods))]
    share = float(rng.beta(alpha, alpha))
    if not cut:
        return Mixed(torch.lerp(images[partners], images, share), partners, share)
    return _paste(images, partners, share, rng)


def _paste(images: Tensor, partners: Tensor, share: float, rng: np.random.Generator) -> Mixed:
    """Paste one box of the partner's pixels; the share is then counted in pixels."""
    size = images.shape[-1]
    side = round(size * (1 - share) ** 0.5)
    left, top = (int(corner) for corner in rng.integers(0, size - side + 1, 2))
    mixed = images.clone()
    mixed[:, :, top : top + side, left : left + side] = images[
        partners, :, top : top + side, left : left + side
    ]
    return Mixed(mixed, partners, 1 - side**2 / size**2)
