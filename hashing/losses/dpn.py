"""Deep Polarized Network for Supervised Learning of Accurate Binary Hashing Codes.

Fan, Ng, Ju, Zhang, Chan: IJCAI 2020.
"""

from torch import Tensor

from hashing.losses.base import HashingLoss


class DPN(HashingLoss):
    """Each logit is pushed past a margin, on the side of its class's target bit.

    centres: −1 and +1, `[classes, bits]`; the paper draws its targets, ours are far apart.
    margin: how far past zero.
    """

    centres: Tensor

    def __init__(self, centres: Tensor, margin: float = 1.0) -> None:
        super().__init__()
        self.register_buffer("centres", centres)
        self.margin = margin

    def compute(self, logits: Tensor, labels: Tensor) -> Tensor:
        """The polarization loss."""
        return polarization_term(logits, self.centres[labels].to(logits.dtype), self.margin)


def polarization_term(logits: Tensor, targets: Tensor, margin: float) -> Tensor:
    """Max(margin − u_k·t_k, 0); a mean over bits where the paper sums, so lengths weigh alike."""
    return (margin - logits * targets).clamp(min=0).mean()
