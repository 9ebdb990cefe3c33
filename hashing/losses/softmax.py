"""Softmax classification: the network is a classifier, and its codes are what it leaves behind."""

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from hashing.losses.base import HashingLoss


class Softmax(HashingLoss):
    """Cross-entropy of a linear classifier on the logits, which stay as they are.

    smoothing: share of each label that is spread over all classes (Szegedy et al. 2016).
    """

    def __init__(self, classes: int, bits: int, smoothing: float = 0.0) -> None:
        super().__init__()
        self.classifier = nn.Linear(bits, classes)
        self.smoothing = smoothing

    def compute(self, logits: Tensor, labels: Tensor) -> Tensor:
        """Mean over pictures."""
        return F.cross_entropy(self.scores(logits), labels, label_smoothing=self.smoothing)

    def scores(self, logits: Tensor) -> Tensor:
        """What the softmax is taken of, `[B, classes]`."""
        found: Tensor = self.classifier(logits.to(self.classifier.weight.dtype))
        return found


def classified(scores: Tensor, labels: Tensor) -> tuple[Tensor, Tensor]:
    """Accuracy and mean cross-entropy of scores `[B, classes]`; labels of −1 are left out."""
    carried = labels >= 0
    count = carried.sum().clamp(min=1)
    entropy = F.cross_entropy(scores, labels, ignore_index=-1, reduction="sum")
    right = (scores.argmax(1) == labels) & carried
    return right.sum() / count, torch.where(carried.any(), entropy, 0) / count
