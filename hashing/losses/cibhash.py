"""Unsupervised Hashing with Contrastive Information Bottleneck (Qiu et al.: IJCAI 2021)."""

from typing import ClassVar

import torch
from torch import Tensor
from torch.nn import functional as F

from hashing.losses.base import HashingLoss, mean, same_label
from hashing.losses.greedyhash import sign


class CIBHash(HashingLoss):
    """The codes of one picture's views agree and differ from the others'; no label is needed.

    Called with the pictures' numbers in place of labels: equal ones are views of one picture, as
    `train.repeat` puts them into a batch. Where no picture has two views the loss is zero.

    temperature: of the cosines. bottleneck: weight of the divergence between views (β).
    """

    needs_labels: ClassVar[bool] = False
    by_length: ClassVar[bool] = True

    def __init__(self, temperature: float = 0.3, bottleneck: float = 1e-3) -> None:
        super().__init__()
        self.temperature = temperature
        self.bottleneck = bottleneck

    def compute(self, logits: Tensor, labels: Tensor) -> Tensor:
        """Contrast plus weighted bottleneck."""
        other = ~torch.eye(len(labels), dtype=torch.bool, device=labels.device)
        views = same_label(labels) & other
        contrast = contrastive_term(logits, views, self.temperature)
        return contrast + self.bottleneck * bottleneck_term(logits, views)


def contrastive_term(logits: Tensor, views: Tensor, temperature: float) -> Tensor:
    """Equation 7, NT-Xent of the codes, mean over all ordered pairs of views.

    −log(e^(cos(b_i, b_j)/τ) / Σ_{k≠i} e^(cos(b_i, b_k)/τ)); the code is the sign of p − ½, with
    p the logistic function of u, and passes gradients on to p (as the authors' code does).
    views: bool `[B, B]`, whether two pictures are views of one.
    """
    codes = sign(logits.sigmoid() - 0.5)
    cosines = codes @ codes.T / (codes.shape[1] * temperature)
    itself = torch.eye(len(logits), dtype=torch.bool, device=logits.device)
    likelihood = F.log_softmax(cosines.masked_fill(itself, -1e9), 1)
    return mean(-likelihood, views)


def bottleneck_term(logits: Tensor, views: Tensor) -> Tensor:
    """Equation 9: Σ_bits KL(p_i ‖ p_j) of two views' bits, mean over all ordered pairs of views."""
    chance, one, zero = logits.sigmoid(), F.logsigmoid(logits), F.logsigmoid(-logits)
    # Σ_k p_ik·log p_jk for all pairs is a product of matrices: no `[B, B, bits]` is made.
    negative_entropy = (chance * one + (1 - chance) * zero).sum(1)
    crossed = chance @ one.T + (1 - chance) @ zero.T
    return mean(negative_entropy[:, None] - crossed, views)
