"""A loss of your own: `--losses '[{"name": "loss:Cosine", "args": {"margin": 0.3}}]'`."""

from torch import Tensor
from torch.nn import functional

from hashing.losses import HashingLoss


class Cosine(HashingLoss):
    """Pull pictures of one label together and push others to a margin, by the cosine of logits."""

    def __init__(self, margin: float = 0.2) -> None:
        super().__init__()
        self.margin = margin

    def compute(self, logits: Tensor, labels: Tensor) -> Tensor:
        """Mean over all pairs of logits `[B, bits]` with labels int64 `[B]`."""
        directions = functional.normalize(logits)
        cosines = directions @ directions.T
        same = labels[:, None] == labels
        loss: Tensor = ((1 - cosines) * same + (cosines - self.margin).relu() * ~same).mean()
        return loss
