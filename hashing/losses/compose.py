"""Losses made of losses: weighted sums, nested prefixes, several label fields."""

from collections.abc import Mapping, Sequence

import torch
from torch import Tensor, nn

from hashing.device import send
from hashing.losses.base import HashingLoss


class WeightedSum(HashingLoss):
    """Σ weight · loss, over losses that take the same labels; zero without any."""

    def __init__(self, terms: Sequence[tuple[float, HashingLoss]]) -> None:
        super().__init__()
        self.weights = [weight for weight, _ in terms]
        self.losses = nn.ModuleList(loss for _, loss in terms)

    def compute(self, logits: Tensor, labels: Tensor) -> Tensor:
        """The weighted sum."""
        total = logits.sum() * 0
        for weight, loss in zip(self.weights, self.losses, strict=True):
            total = total + weight * loss(logits, labels)
        return total


class Nested(HashingLoss):
    """The mean over code lengths, each loss seeing its prefix of the logits."""

    def __init__(self, losses: Mapping[int, HashingLoss]) -> None:
        super().__init__()
        self.lengths = list(losses)
        self.losses = nn.ModuleList(losses.values())

    def compute(self, logits: Tensor, labels: Tensor) -> Tensor:
        """Every prefix counts the same."""
        parts = zip(self.lengths, self.losses, strict=True)
        return torch.stack([loss(logits[:, :n], labels) for n, loss in parts]).mean()


class MultiField(HashingLoss):
    """Σ over label fields of weight · loss over the pictures that carry the field.

    Takes labels int64 `[B, fields]`, −1 where absent. They may lie on the CPU: which pictures
    carry a field is then known without waiting for the logits' device.

    sets: by place of a field whose labels are sets, which labels each picture of the data set
    carries, bool `[N, classes]`; its column then holds the pictures' rows.
    """

    def __init__(
        self, fields: Sequence[tuple[float, HashingLoss]], sets: Mapping[int, Tensor] = {}
    ) -> None:
        super().__init__()
        self.weights = [weight for weight, _ in fields]
        self.losses = nn.ModuleList(loss for _, loss in fields)
        self.sets = dict(sets)

    def compute(self, logits: Tensor, labels: Tensor) -> Tensor:
        """A field that no picture of the batch carries adds zero."""
        total = logits.sum() * 0
        parts = zip(self.weights, self.losses, labels.unbind(1), strict=True)
        for place, (weight, loss, column) in enumerate(parts):
            carried, those = column >= 0, logits
            if not carried.all():
                rows = carried.nonzero()[:, 0]
                those, column = logits[send(rows, logits.device)], column[rows]
            labels_of = self.sets[place][column.cpu()] if place in self.sets else column
            total = total + weight * loss(those, send(labels_of, logits.device))
        return total
