"""Deep Hash Distillation for Image Retrieval (Jang, Gu, Ko, Kang, Cho: ECCV 2022).

Its losses for one view of a picture: hash proxies and quantisation. The third, self-distillation
between two views, is not here.
"""

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from hashing.losses.base import HashingLoss


class DHD(HashingLoss):
    """Classification by the cosine to learned proxies, bits held near ±1.

    temperature: of the cosines. quantisation: weight of the quantisation term. deviation: of the
    normal curve around ±1 that is the likelihood of a bit. All are the authors' values.
    """

    def __init__(
        self,
        classes: int,
        bits: int,
        temperature: float = 0.2,
        quantisation: float = 0.1,
        deviation: float = 0.5,
    ) -> None:
        super().__init__()
        # Of length about 1, so that Adam's even steps turn them as fast as everything else.
        self.proxies = nn.Parameter(torch.randn(classes, bits) * bits**-0.5)
        self.temperature = temperature
        self.quantisation = quantisation
        self.deviation = deviation

    def compute(self, logits: Tensor, labels: Tensor) -> Tensor:
        """Proxies plus weighted quantisation, of tanh u as in the paper."""
        codes = logits.tanh()
        proxy = proxy_term(codes, self.proxies.to(codes.dtype), labels, self.temperature)
        return proxy + self.quantisation * quantisation_term(codes, self.deviation)

    def scores(self, logits: Tensor) -> Tensor:
        """Cosines to the proxies by temperature, `[B, classes]`."""
        proxies = self.proxies.to(logits.dtype)
        return F.normalize(logits.tanh()) @ F.normalize(proxies).T / self.temperature


def proxy_term(codes: Tensor, proxies: Tensor, labels: Tensor, temperature: float) -> Tensor:
    """Cross-entropy of cos(h, p_c) / temperature over classes, mean over pictures."""
    cosines = F.normalize(codes) @ F.normalize(proxies).T
    return F.cross_entropy(cosines / temperature, labels)


def quantisation_term(codes: Tensor, deviation: float) -> Tensor:
    """Binary cross-entropy of two likelihoods per bit, mean over pictures and bits.

    g±(h) = exp(−½((h ∓ 1) / deviation)²) should be 1 on the bit's own side and 0 for the other.
    """
    near = ((codes.abs() - 1) / deviation).square() / 2
    far = ((codes.abs() + 1) / deviation).square() / 2
    return (near - torch.log1p(-torch.exp(-far))).mean()
