"""Deep Supervised Hashing (Liu, Wang, Shan, Chen: CVPR 2016)."""

from typing import ClassVar

from torch import Tensor, where

from hashing.losses.base import HashingLoss, mean, pairs, same_label, squared_distances


class DSH(HashingLoss):
    """Similar pictures together, others at least a margin apart, logits near ±1.

    margin: of the squared distance; by default 2·bits, which asks for half of the bits to differ.
    regulariser: its weight; the paper's printed formula, averaged over pairs, amounts to 0.02.
    """

    takes_sets: ClassVar[bool] = True

    def __init__(self, bits: int, margin: float | None = None, regulariser: float = 0.01) -> None:
        super().__init__()
        self.margin = 2.0 * bits if margin is None else margin
        self.regulariser = regulariser

    def compute(self, logits: Tensor, labels: Tensor) -> Tensor:
        """The mean over pairs plus the weighted mean over pictures."""
        return pair_term(logits, labels, self.margin) + self.regulariser * binary_term(logits)


def pair_term(logits: Tensor, labels: Tensor, margin: float) -> Tensor:
    """Equation 3 as the mean over pairs i < j, y = 0 for similar ones.

    ½(1−y)·‖u_i − u_j‖² + ½y·max(margin − ‖u_i − u_j‖², 0)
    """
    distances = pairs(squared_distances(logits))
    similar = pairs(same_label(labels))
    return mean(where(similar, distances, (margin - distances).clamp(min=0))) / 2


def binary_term(logits: Tensor) -> Tensor:
    """mean_i ‖|u_i| − 1‖₁, as in the authors' code."""
    return mean((logits.abs() - 1).abs().sum(1))
