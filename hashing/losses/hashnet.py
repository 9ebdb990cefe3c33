"""HashNet: Deep Learning to Hash by Continuation (Cao, Long, Wang, Yu: ICCV 2017)."""

import math
from typing import ClassVar

from torch import Tensor
from torch.nn import functional as F

from hashing.losses.base import HashingLoss, mean, pairs, same_label, shared_labels


class HashNet(HashingLoss):
    """Weighted likelihood of pairs of tanh(β·u), β growing so that tanh becomes the sign.

    alpha: slope of the likelihood; by default 10 / bits, as in the authors' code.
    beta: the β of the last step; it starts at 1 and β² grows evenly with progress.
    """

    takes_sets: ClassVar[bool] = True

    def __init__(self, bits: int, alpha: float | None = None, beta: float = 10.0) -> None:
        super().__init__()
        self.alpha = 10 / bits if alpha is None else alpha
        self.last_beta = beta
        self.beta = 1.0

    def on_progress(self, progress: float) -> None:
        """The continuation."""
        self.beta = math.sqrt(1 + (self.last_beta**2 - 1) * progress)

    def compute(self, logits: Tensor, labels: Tensor) -> Tensor:
        """The pair term of the current β."""
        return pair_term((self.beta * logits).tanh(), labels, self.alpha)


def pair_term(codes: Tensor, labels: Tensor, alpha: float) -> Tensor:
    """Equation 4: mean over pairs of w·(log(1 + e^(α·h_i·h_j)) − s·α·h_i·h_j).

    The weights w = |S|/|S₁| for similar and |S|/|S₀| for other pairs make it the sum of two means,
    however rare similar pairs are. Of sets of labels a similar pair counts by the share of its
    labels that it shares (equation 3), |y_i ∩ y_j| / |y_i ∪ y_j|.
    """
    theta = alpha * pairs(codes @ codes.T)
    similar = pairs(same_label(labels))
    likelihood = F.softplus(-theta)
    if labels.ndim == 2:
        likelihood = likelihood * pairs(_overlap(labels))
    return mean(likelihood, similar) + mean(F.softplus(theta), ~similar)


def _overlap(labels: Tensor) -> Tensor:
    """|y_i ∩ y_j| / |y_i ∪ y_j| of sets bool `[B, classes]`, `[B, B]`."""
    both, count = shared_labels(labels), labels.sum(1)
    return both / (count[:, None] + count - both).clamp(min=1)
