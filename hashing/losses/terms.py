"""Terms that need no labels: quantisation, bit balance, decorrelation."""

from torch import Tensor

from hashing.losses.base import HashingLoss


class Quantisation(HashingLoss):
    """Draws logits to ±1, so that the sign loses little."""

    needs_labels = False

    def compute(self, logits: Tensor, labels: Tensor) -> Tensor:
        """See `quantisation`."""
        return quantisation(logits)


class Balance(HashingLoss):
    """Draws every bit to be 1 for half of the pictures."""

    needs_labels = False

    def compute(self, logits: Tensor, labels: Tensor) -> Tensor:
        """See `balance`."""
        return balance(logits)


class Decorrelation(HashingLoss):
    """Draws every two bits to say different things."""

    needs_labels = False

    def compute(self, logits: Tensor, labels: Tensor) -> Tensor:
        """See `decorrelation`."""
        return decorrelation(logits)


def quantisation(logits: Tensor) -> Tensor:
    """Mean (|u| − 1)², the squared distance to the nearest code per bit."""
    return (logits.abs() - 1).square().mean()


def balance(logits: Tensor) -> Tensor:
    """Mean over bits of (mean over pictures of tanh u)²: 0 where balanced, 1 where constant."""
    return logits.tanh().mean(0).square().mean()


def decorrelation(logits: Tensor) -> Tensor:
    """Mean squared correlation of two different bits over the batch, 0 … 1; of one bit 0.

    A bit that is constant in the batch correlates with none.
    """
    centred = logits - logits.mean(0)
    deviation = centred.square().mean(0).add(1e-12).sqrt()
    correlation = (centred / deviation).T @ (centred / deviation) / len(logits)
    bits = logits.shape[1]
    squares = correlation.square()
    return (squares.sum() - squares.diagonal().sum()) / max(bits * (bits - 1), 1)
