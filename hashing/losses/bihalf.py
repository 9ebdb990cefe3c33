"""Deep Unsupervised Image Hashing by Maximizing Bit Entropy (Li, van Gemert: AAAI 2021)."""

from typing import ClassVar

import torch
from torch import Tensor

from hashing.losses.base import HashingLoss


class BiHalf(HashingLoss):
    """Draws every bit to be 1 for the upper half of the pictures and 0 for the lower.

    It is what the paper's layer adds to the gradient (equation 9, there weighted by γ); other
    losses say what a code is to mean.
    """

    needs_labels: ClassVar[bool] = False

    def compute(self, logits: Tensor, labels: Tensor) -> Tensor:
        """See `half_term`."""
        return half_term(logits)


def half_term(logits: Tensor) -> Tensor:
    """Mean (u − b)² over pictures and bits, b = +1 for the larger half of a bit's logits, else −1.

    Such codes are the nearest of those whose bits have most entropy. Of an odd number of pictures
    the middle one keeps its sign.
    """
    count = len(logits)
    ranks = logits.detach().argsort(0).argsort(0)
    halves = torch.sign(2 * ranks - (count - 1)).to(logits.dtype)
    halves = torch.where(halves == 0, torch.where(logits.detach() >= 0, 1.0, -1.0), halves)
    return (logits - halves).square().mean()
