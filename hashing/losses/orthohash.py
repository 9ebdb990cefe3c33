"""One Loss for All: Deep Hashing with a Single Cosine Similarity (Hoe et al.: NeurIPS 2021)."""

import math
from typing import ClassVar

from torch import Tensor
from torch.nn import functional as F

from hashing.losses.base import HashingLoss


class OrthoHash(HashingLoss):
    """Classification by the cosine to fixed binary centres, with a margin.

    centres: −1 and +1, `[classes, bits]`.
    margin: taken off the cosine to the own centre.
    scale: factor of the cosines; by default √bits, the length of a code of ±1. That is ours: the
        authors' code takes 8 whatever the length, which is √bits at 64 only. On artworks at 16
        bits √bits finds styles better than 8 (validation mAP .72 to .67), artists worse (.15 to
        .17): 8 classes suffer from a larger scale, 192 need one.
    """

    takes_sets: ClassVar[bool] = True

    centres: Tensor

    def __init__(
        self,
        centres: Tensor,
        margin: float = 0.2,
        scale: float | None = None,
        smoothing: float = 0.0,
    ) -> None:
        super().__init__()
        self.register_buffer("centres", centres)
        self.margin = margin
        self.scale = math.sqrt(centres.shape[1]) if scale is None else scale
        self.smoothing = smoothing

    def compute(self, logits: Tensor, labels: Tensor) -> Tensor:
        """Cross-entropy of the margin cosines."""
        cosines = cosines_to(self.centres.to(logits.dtype), logits)
        return margin_cross_entropy(cosines, labels, self.margin, self.scale, self.smoothing)

    def scores(self, logits: Tensor) -> Tensor:
        """Scaled cosines without the margin, `[B, classes]`."""
        return self.scale * cosines_to(self.centres.to(logits.dtype), logits)


def cosines_to(centres: Tensor, logits: Tensor) -> Tensor:
    """Cosine of every picture with every centre, `[B, classes]`."""
    return F.normalize(logits) @ F.normalize(centres).T


def margin_cross_entropy(
    cosines: Tensor, labels: Tensor, margin: float, scale: float, smoothing: float = 0.0
) -> Tensor:
    """Equation 8: −log softmax of scale·(cos θ_c − margin·[c = own class]), mean over pictures."""
    if labels.ndim == 2:  # sets: a margin for each label, and an equal share of the target
        own = labels.to(cosines.dtype)
        target: Tensor = own / own.sum(1, keepdim=True).clamp(min=1)
    else:
        own, target = F.one_hot(labels, cosines.shape[1]).to(cosines.dtype), labels
    return F.cross_entropy(scale * (cosines - margin * own), target, label_smoothing=smoothing)
