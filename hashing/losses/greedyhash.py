"""GreedyHash: Towards Fast Optimization for Accurate Hash Coding (Su et al.: NeurIPS 2018)."""

from typing import Any, Literal

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from hashing.losses.base import HashingLoss


class GreedyHash(HashingLoss):
    """Classification of the binary code itself; the sign passes gradients on unchanged.

    alpha: weight of the penalty that draws logits to ±1.
    smoothing: share of each label that is spread over all classes.
    gradient: `identity`, the paper's, or `tanh`, not in the paper: the sign passes on what a tanh
        would, so that a bit that is settled stays so; large logits need no penalty then.
    """

    def __init__(
        self,
        classes: int,
        bits: int,
        alpha: float = 0.1,
        smoothing: float = 0.0,
        gradient: Literal["identity", "tanh"] = "identity",
    ) -> None:
        super().__init__()
        self.classifier = nn.Linear(bits, classes)
        self.alpha = alpha
        self.smoothing = smoothing
        self.gradient = gradient

    def compute(self, logits: Tensor, labels: Tensor) -> Tensor:
        """Cross-entropy of the classified code plus the penalty."""
        entropy = F.cross_entropy(self.scores(logits), labels, label_smoothing=self.smoothing)
        return entropy + self.alpha * penalty(logits)

    def scores(self, logits: Tensor) -> Tensor:
        """What the classifier says of the code, `[B, classes]`."""
        weight, bias = self.classifier.weight, self.classifier.bias
        codes = sign(torch.tanh(logits) if self.gradient == "tanh" else logits)
        return F.linear(codes, weight.to(logits.dtype), bias.to(logits.dtype))


def sign(logits: Tensor) -> Tensor:
    """−1 or +1 (bit 1 where ≥ 0), whose gradient is that of the identity (section 3.2)."""
    codes: Tensor = _Sign.apply(logits)
    return codes


def penalty(logits: Tensor) -> Tensor:
    """Mean |u − sgn(u)|³, which holds straight-through gradients to the truth."""
    return (logits.abs() - 1).abs().pow(3).mean()


class _Sign(torch.autograd.Function):
    @staticmethod
    def forward(ctx: Any, logits: Tensor) -> Tensor:
        return torch.where(logits >= 0, 1.0, -1.0).to(logits.dtype)

    @staticmethod
    def backward(ctx: Any, *gradients: Any) -> Any:
        return gradients[0]
