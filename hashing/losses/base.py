"""What every loss shares: one calling convention, float32 under autocast, progress."""

from typing import ClassVar

import torch
from torch import Tensor, nn


class HashingLoss(nn.Module):
    """Called as `loss(logits, labels)` and returns a scalar.

    logits: `[B, bits]` as the model gives them, never binarised.
    labels: int64 `[B]`, 0 … classes−1; a loss without `needs_labels` is given the pictures'
        numbers instead, equal for views of one picture. A loss that `takes_sets` also takes sets,
        bool `[B, classes]`.

    A subclass writes `compute`, which always sees float32 or float64 and a picture at least. An
    empty batch, or one without the pairs that a term is about, gives zero, never NaN.
    """

    needs_labels: ClassVar[bool] = True
    takes_sets: ClassVar[bool] = False
    by_length: ClassVar[bool] = False
    """Whether a loss without labels is taken at every code length, as those with labels are."""

    def forward(self, logits: Tensor, labels: Tensor) -> Tensor:
        """The loss in float32, whatever the network's precision (float64 stays)."""
        with torch.autocast(logits.device.type, enabled=False):
            wide = logits if logits.dtype == torch.float64 else logits.float()
            return self.compute(wide, labels) if len(wide) else wide.sum()

    def compute(self, logits: Tensor, labels: Tensor) -> Tensor:
        """The paper's formula."""
        raise NotImplementedError

    def scores(self, logits: Tensor) -> Tensor | None:
        """Of each class, `[B, classes]`, where the loss classifies; None where it does not."""
        return None

    def step(self, progress: float) -> None:
        """Tell every part how far training is, 0 at the first step to 1 at the last."""
        for module in self.modules():
            if isinstance(module, HashingLoss):
                module.on_progress(progress)

    def on_progress(self, progress: float) -> None:
        """Change what depends on the course of training; nothing does by default."""


def pairs(matrix: Tensor) -> Tensor:
    """The entries i < j of a matrix `[B, B]` over pictures, `[B·(B−1)/2]`."""
    rows, columns = torch.triu_indices(len(matrix), len(matrix), 1, device=matrix.device)
    return matrix[rows, columns]


def same_label(labels: Tensor) -> Tensor:
    """Whether two pictures carry one label, or share one of several, bool `[B, B]`."""
    if labels.ndim == 2:
        return shared_labels(labels) > 0
    return labels[:, None] == labels


def shared_labels(labels: Tensor) -> Tensor:
    """How many labels two pictures share, float32 `[B, B]`, of sets bool `[B, classes]`."""
    carried = labels.float()
    return carried @ carried.T


def centre_of(centres: Tensor, labels: Tensor) -> Tensor:
    """Each picture's target, −1 and +1 `[B, bits]`: its class's centre.

    Of several labels each bit is the majority of their centres' (Yuan et al. 2020, section 3.2);
    where it is even, that of the first label, which the paper draws.
    """
    if labels.ndim == 1:
        return centres[labels]
    votes = labels.to(centres.dtype) @ centres
    return torch.where(votes == 0, centres[labels.int().argmax(1)], votes.sign())


def squared_distances(logits: Tensor) -> Tensor:
    """‖u_i − u_j‖² for all pictures, `[B, B]`."""
    squares = logits.square().sum(1)
    return (squares[:, None] + squares - 2 * logits @ logits.T).clamp(min=0)


def mean(values: Tensor, where: Tensor | None = None) -> Tensor:
    """The mean of all values, or of those `where` a mask is true; 0 where there are none."""
    if where is None:
        return values.sum() / max(values.numel(), 1)
    return (values * where).sum() / where.sum().clamp(min=1)
