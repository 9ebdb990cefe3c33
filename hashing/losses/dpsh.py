"""Deep Pairwise-Supervised Hashing (Li, Wang, Kang: IJCAI 2016)."""

from typing import ClassVar

from torch import Tensor
from torch.nn import functional as F

from hashing.losses.base import HashingLoss, mean, pairs, same_label
from hashing.losses.terms import quantisation


class DPSH(HashingLoss):
    """Likelihood of the pairwise similarities, plus quantisation.

    eta: weight of the quantisation term (a mean over bits, so it suits every length).
    """

    takes_sets: ClassVar[bool] = True

    def __init__(self, eta: float = 0.1) -> None:
        super().__init__()
        self.eta = eta

    def compute(self, logits: Tensor, labels: Tensor) -> Tensor:
        """Equation 5 with means instead of sums."""
        return pair_term(logits, labels) + self.eta * quantisation(logits)


def pair_term(logits: Tensor, labels: Tensor) -> Tensor:
    """Mean over i < j of log(1 + e^Θ) − s·Θ, with Θ = ½·u_i·u_j and s = 1 for similar pictures."""
    theta = pairs(logits @ logits.T) / 2
    return mean(F.softplus(theta) - pairs(same_label(labels)) * theta)
