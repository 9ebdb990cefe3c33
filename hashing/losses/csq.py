"""Central Similarity Quantization (Yuan et al.: CVPR 2020)."""

from typing import ClassVar

from torch import Tensor
from torch.nn import functional as F

from hashing.losses.base import HashingLoss, centre_of


class CSQ(HashingLoss):
    """Each picture's bits are drawn to those of its class's centre.

    centres: −1 and +1, `[classes, bits]`.
    quantisation: weight of the quantisation term (λ).
    """

    takes_sets: ClassVar[bool] = True

    centres: Tensor

    def __init__(self, centres: Tensor, quantisation: float = 1e-4) -> None:
        super().__init__()
        self.register_buffer("centres", centres)
        self.quantisation = quantisation

    def compute(self, logits: Tensor, labels: Tensor) -> Tensor:
        """Central similarity plus weighted quantisation."""
        central = central_term(logits, centre_of(self.centres, labels).to(logits.dtype))
        return central + self.quantisation * quantisation_term(logits)


def central_term(logits: Tensor, targets: Tensor) -> Tensor:
    """Equation 4: binary cross-entropy between h = ½(tanh u + 1) and the centre's bits.

    h is the logistic function of 2u, so the numerically stable form takes 2u. Mean over bits.
    """
    return F.binary_cross_entropy_with_logits(2 * logits, (targets + 1) / 2)


def quantisation_term(logits: Tensor) -> Tensor:
    """Equation 6: Σ_k log cosh(|2h_k − 1| − 1), with 2h − 1 = tanh u; mean over pictures."""
    return (logits.tanh().abs() - 1).cosh().log().sum(1).mean()
