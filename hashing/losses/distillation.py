"""What a student learns from a teacher: features, similarities and codes, without labels.

Features: Romero et al., FitNets (ICLR 2015). Similarities: Park, Kim, Lu, Cho, Relational
Knowledge Distillation (CVPR 2019). Codes: the divergence of Hinton, Vinyals, Dean (2015), by bit.
"""

from dataclasses import dataclass

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from hashing.config import DistillationConfig
from hashing.losses.base import mean, squared_distances


@dataclass(frozen=True, eq=False)
class Targets:
    """What the teacher says of B pictures.

    features: float32 `[B, D]`, in units in which they are compared. logits: float32 `[B, bits]`.
    """

    features: Tensor
    logits: Tensor


class Distillation(nn.Module):
    """The weighted sum of all terms, with the projection that the first of them learns.

    width: number of the student's features. taught: number of the teacher's.
    """

    def __init__(self, weights: DistillationConfig, width: int, taught: int) -> None:
        super().__init__()
        self.weights = weights
        self.projection = nn.Linear(width, taught)

    def forward(self, features: Tensor, logits: Tensor, targets: Targets) -> Tensor:
        """A scalar from the student's features `[B, D]` and logits `[B, bits]`, in float32."""
        with torch.autocast(logits.device.type, enabled=False):
            features, logits = features.float(), logits.float()
            wanted = targets.features.float()
            weights, total = self.weights, logits.sum() * 0
            if weights.features:
                total = total + weights.features * feature_term(self.projection(features), wanted)
            if weights.distances:
                total = total + weights.distances * distance_term(features, wanted)
            if weights.angles:
                total = total + weights.angles * angle_term(features, wanted)
            if weights.codes:
                total = total + weights.codes * code_term(logits, targets.logits.float())
            return total


def feature_term(projected: Tensor, wanted: Tensor) -> Tensor:
    """FitNets, equation 3, as a mean over pictures and features: (r(u) − v)²."""
    return mean((projected - wanted).square())


def distance_term(student: Tensor, teacher: Tensor) -> Tensor:
    """RKD-D, equations 5 to 7: Huber's loss of ψ = ‖x_i − x_j‖ / μ, mean over pairs of pictures.

    μ is the mean distance in the batch, so no scale is learned; the spaces need not be of one
    size. Fewer than two pictures give zero.
    """
    off = ~torch.eye(len(student), dtype=torch.bool, device=student.device)
    relations = []
    for points in (student, teacher):
        distances = _lengths(squared_distances(_centred(points)))
        relations.append(distances / mean(distances, off).clamp(min=1e-12))
    return mean(_huber(*relations), off)


def angle_term(student: Tensor, teacher: Tensor) -> Tensor:
    """RKD-A, equations 8 and 9: Huber's loss of cos ∠ x_i x_j x_k, mean over triples of pictures.

    Fewer than three pictures give zero.
    """
    off = ~torch.eye(len(student), dtype=torch.bool, device=student.device)
    # [j, i, k]: all three are different.
    different = off[:, :, None] & off[:, None, :] & off[None, :, :]
    relations = [_cosines(_centred(points)) for points in (student, teacher)]
    return mean(_huber(*relations), different)


def code_term(logits: Tensor, wanted: Tensor) -> Tensor:
    """Mean over pictures and bits of KL(teacher's bit ‖ student's), h = ½(tanh u + 1) being 1.

    Codes of different lengths are compared in the bits that both have: nested codes put the most
    important first.
    """
    bits = min(logits.shape[1], wanted.shape[1])
    # h is the logistic function of 2u; of both outcomes of a bit the logarithms stay finite.
    ours, theirs = 2 * logits[:, :bits], 2 * wanted[:, :bits]
    chance = theirs.sigmoid()
    one = F.logsigmoid(theirs) - F.logsigmoid(ours)
    zero = F.logsigmoid(-theirs) - F.logsigmoid(-ours)
    return mean(chance * one + (1 - chance) * zero)


def _huber(found: Tensor, wanted: Tensor) -> Tensor:
    """½x² up to |x| = 1, |x| − ½ beyond, of every difference x."""
    return F.smooth_l1_loss(found, wanted, reduction="none")


def _cosines(points: Tensor) -> Tensor:
    """Cos ∠ x_i x_j x_k at `[j, i, k]`, from the products of all points: no `[B, B, D]` is made.

    Where points coincide, as of a picture that stands in the batch twice, there is no angle: 0.
    """
    products = points @ points.T
    squares = products.diagonal()
    # (x_i − x_j)·(x_k − x_j)
    inner = (
        products[None, :, :] - products[:, :, None] - products[:, None, :] + squares[:, None, None]
    )
    lengths = _lengths(squared_distances(points))
    apart = lengths > 0
    inverse = apart / torch.where(apart, lengths, 1.0)
    return inner * inverse[:, :, None] * inverse[:, None, :]


def _centred(points: Tensor) -> Tensor:
    """Relations do not depend on the origin, but rounding does."""
    return points - points.mean(0) if len(points) else points


def _lengths(squares: Tensor) -> Tensor:
    """Square roots whose gradient at zero is zero instead of infinite."""
    positive = squares > 1e-12
    return torch.where(positive, squares, 1.0).sqrt() * positive
