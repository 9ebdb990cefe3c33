"""Pooling: feature maps `[B, D, h, w]`, one per stage, to features `[B, D']`.

A pooling whose features are sums over regions has `shares`, from which a code is explained.
"""

from collections.abc import Sequence

import torch
from torch import Tensor, nn
from torch.nn import functional

SMALLEST = 1e-6


class Pooling(nn.Module):
    """From maps `[B, D, h, w]` to features `[B, D']`."""

    per_channel = 1

    def width(self, channels: Sequence[int]) -> int:
        """D' of maps of these channels."""
        return self.per_channel * sum(channels)


class Average(Pooling):
    """Mean over each map; D' = Σ D."""

    def forward(self, maps: Sequence[Tensor]) -> Tensor:
        """From maps `[B, D, h, w]` to `[B, D']`."""
        return torch.cat([one.mean((2, 3)) for one in maps], dim=1)

    def shares(self, maps: Sequence[Tensor]) -> list[Tensor]:
        """What each region gives to the features, `[B, D, h, w]` per map: their sums."""
        return [one / one[0, 0].numel() for one in maps]


class Moments(Pooling):
    """Mean and standard deviation of each map, side by side; D' = Σ 2·D.

    The deviation tells how strongly a feature varies over the picture, in which styles differ
    (Matsuo & Yanai 2016; Huang & Belongie 2017, section 5).
    """

    per_channel = 2

    def forward(self, maps: Sequence[Tensor]) -> Tensor:
        """From maps `[B, D, h, w]` to `[B, D']`, in float32: squares lose half precision."""
        parts = []
        for one in maps:
            variance, mean = torch.var_mean(one.float(), (2, 3), correction=0)
            parts += [mean, (variance + SMALLEST).sqrt()]
        return torch.cat(parts, dim=1)

    def shares(self, maps: Sequence[Tensor]) -> list[Tensor]:
        """What each region gives to the features, `[B, 2·D, h, w]` per map: their sums.

        A deviation σ is the sum over n regions of their squared deviations over n·σ.
        """
        found = []
        for one in maps:
            regions = one[0, 0].numel()
            squares = (one - one.mean((2, 3), keepdim=True)).square() + SMALLEST
            deviation = squares.mean((2, 3), keepdim=True).sqrt()
            found.append(torch.cat([one, squares / deviation], dim=1) / regions)
        return found


class Covariances(Pooling):
    """Moments of each map and, of maps of few channels, the covariances; D' = Σ 2·D + Σ D·(D+1)/2.

    Which features of the early maps occur together, wherever in the picture, is its texture: hand
    and manner more than subject (Gatys et al. 2016, section 2.2; Matsuo & Yanai 2016). As for the
    deviation in place of the variance, a covariance c counts by its root, sgn(c)·√|c| (Lin et al.
    2015, section 3.1), here c/√(|c| + `floor`), for the root of next to nothing is noise.
    """

    widest = 64
    """Channels of a map whose covariances are taken."""

    floor = 1e-3

    def __init__(self) -> None:
        super().__init__()
        self.moments = Moments()

    def width(self, channels: Sequence[int]) -> int:
        """D' of maps of these channels."""
        pairs = (count * (count + 1) // 2 for count in channels if count <= self.widest)
        return self.moments.width(channels) + sum(pairs)

    def forward(self, maps: Sequence[Tensor]) -> Tensor:
        """From maps `[B, D, h, w]` to `[B, D']`, the moments first, in float32."""
        with torch.autocast(maps[0].device.type, enabled=False):  # it would halve the product
            roots = [self._roots(one) for one in self._narrow(maps)]
        return torch.cat([self.moments(maps), *roots], dim=1)

    def shares(self, maps: Sequence[Tensor]) -> list[Tensor]:
        """What each region gives to the features, per map of `moments` and of covariances.

        A root is the sum over n regions of their products over n·√|c|.
        """
        found = self.moments.shares(maps)
        for one in self._narrow(maps):
            centred = _centred(one)
            products = torch.einsum("bihw,bjhw->bijhw", centred, centred)
            products = products.flatten(1, 2)[:, _pairs(one)]
            root = (products.mean((2, 3), keepdim=True).abs() + self.floor).sqrt()
            found.append(products / root / one[0, 0].numel())
        return found

    def _roots(self, one: Tensor) -> Tensor:
        """Root covariances of a map, `[B, D·(D+1)/2]`."""
        centred = _centred(one).flatten(2)
        products = centred @ centred.transpose(1, 2) / centred.shape[2]
        covariances = products.flatten(1)[:, _pairs(one)]
        return covariances / (covariances.abs() + self.floor).sqrt()

    def _narrow(self, maps: Sequence[Tensor]) -> list[Tensor]:
        return [one.float() for one in maps if one.shape[1] <= self.widest]


def _centred(one: Tensor) -> Tensor:
    return one - one.mean((2, 3), keepdim=True)


def _pairs(one: Tensor) -> Tensor:
    """Where the pairs of channels, each once, stand among all D·D."""
    first, second = torch.triu_indices(one.shape[1], one.shape[1], device=one.device)
    places: Tensor = first * one.shape[1] + second
    return places


class GeM(Pooling):
    """Generalised mean (Radenović et al. 2019, eq. 3): (mean x^p)^(1/p) with p learned, from 3."""

    def __init__(self) -> None:
        super().__init__()
        self.p = nn.Parameter(torch.tensor(3.0))

    def forward(self, maps: Sequence[Tensor]) -> Tensor:
        """From `[B, D, h, w]` to `[B, D']`, in float32 because powers overflow half precision."""
        with torch.autocast(maps[0].device.type, enabled=False):
            powers = [one.float().clamp(min=SMALLEST).pow(self.p).mean((2, 3)) for one in maps]
            return torch.cat(powers, dim=1).pow(1 / self.p)


class RMAC(Pooling):
    """Regional maximum activations (Tolias et al. 2016, section 3.2), length one per map.

    Maxima over square regions of three sizes that overlap by about 40 %, each vector scaled to
    length one, summed, and the sum scaled to length one.
    """

    levels = 3

    def forward(self, maps: Sequence[Tensor]) -> Tensor:
        """From maps `[B, D, h, w]` to `[B, D']`."""
        return torch.cat([self._pool(one.float()) for one in maps], dim=1)

    def _pool(self, maps: Tensor) -> Tensor:
        height, width = maps.shape[2:]
        total = maps.new_zeros(maps.shape[:2])
        for top, left, side in regions(height, width, self.levels):
            peak = maps[:, :, top : top + side, left : left + side].amax((2, 3))
            total = total + functional.normalize(peak)
        return functional.normalize(total)


def regions(height: int, width: int, levels: int) -> list[tuple[int, int, int]]:
    """The regions of R-MAC as (top, left, side), each once, the largest first.

    At level l the side is 2·min(h, w)/(l + 1); l regions lie along the shorter side, and along
    the longer one as many more as keep their overlap near 40 %.
    """
    short, long = sorted((height, width))
    extra = 0
    if long > short:
        steps = range(1, 7)
        overlaps = [1 - (long - short) / (n * short) for n in steps]
        extra = min(steps, key=lambda n: abs(overlaps[n - 1] - 0.4))
    found: dict[tuple[int, int, int], None] = {}
    for level in range(1, levels + 1):
        side = max(2 * short // (level + 1), 1)
        along = [
            _starts(length, side, level + (extra if length > short else 0))
            for length in (height, width)
        ]
        found |= {(top, left, side): None for top in along[0] for left in along[1]}
    return list(found)


def _starts(length: int, side: int, count: int) -> list[int]:
    """Where `count` windows of `side` begin so that they cover `length` evenly."""
    if count == 1:
        return [(length - side) // 2]
    return [i * (length - side) // (count - 1) for i in range(count)]


POOLINGS: dict[str, type[Pooling]] = {
    "average": Average,
    "covariances": Covariances,
    "gem": GeM,
    "moments": Moments,
    "rmac": RMAC,
}
