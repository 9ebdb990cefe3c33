"""Which regions of a picture raise or lower each bit: exact sums, no approximation.

Poolings with `shares` are sums over regions, and after them a head is linear, or piecewise so: a
hidden unit is either on or off at a given picture, and with these held each logit is a linear
function of the features. So the contributions of all regions and one bias add up to the logit.
"""

from dataclasses import dataclass
from typing import cast

import torch
from torch import Tensor, nn

from hashing.errors import UsageError
from hashing.models.network import HashModel, affine
from hashing.models.pooling import Average, Covariances, Moments


@dataclass(frozen=True, eq=False)
class Explanation:
    """Each logit as a sum over regions: `logits = contributions.sum((2, 3)) + bias`.

    contributions: float32 `[B, bits, h, w]`, one value per cell of the deepest feature map.
    bias: float32 `[B, bits]`, the share that no region has.
    """

    contributions: Tensor
    bias: Tensor


@torch.inference_mode()
def explain(model: HashModel, images: Tensor) -> Explanation:
    """Which regions of normalised pictures `[B, 3, H, W]` raise or lower each logit.

    Raises UsageError where the model's pooling is no sum over regions.
    """
    if not isinstance(model.pooling, Average | Moments | Covariances):
        raise UsageError(
            f"expected a model with average, moments or covariances pooling to explain its bits, "
            f"found {model.config.pooling}: its regions do not add up"
        )
    maps = [one.float() for one in model.feature_maps(images)]
    weight, bias = linear_at(model, model.pooling(maps))
    shares = model.pooling.shares(maps)
    parts = torch.split(weight, [share.shape[1] for share in shares], dim=2)
    height, width = maps[-1].shape[2:]
    total = weight.new_zeros(*weight.shape[:2], height, width)
    for part, share in zip(parts, shares, strict=True):
        cells = torch.einsum("bkd,bdhw->bkhw", part, share)
        down, across = (
            _overlaps(wanted, found).to(cells)
            for wanted, found in zip((height, width), cells.shape[2:], strict=True)
        )
        total += torch.einsum("ih,bkhw,jw->bkij", down, cells, across)
    return Explanation(total, bias)


def linear_at(model: HashModel, features: Tensor) -> tuple[Tensor, Tensor]:
    """The head around each of `features` `[B, D]`: weight `[B, bits, D]` and bias `[B, bits]`.

    Exact there: logits = weight · features + bias.
    """
    weight, bias = (part.expand(len(features), *part.shape) for part in model.folded_head())
    whitened = features if model.whitening is None else model.whitening(features)
    if model.mlp is not None:
        inner, norm = cast(nn.Linear, model.mlp[0]), cast(nn.BatchNorm1d, model.mlp[1])
        scale, shift = (part.float() for part in affine(norm))
        before = inner.weight * scale[:, None]
        on = ((whitened @ before.T + shift) > 0).to(weight)
        bias = bias + torch.einsum("bkh,bh,h->bk", weight, on, shift)
        weight = torch.einsum("bkh,bh,hd->bkd", weight, on, before)
    if model.fitted is not None:
        fitted = model.fitted.weight.expand(len(features), -1, -1)
        weight = model.in_order(weight, fitted)
        bias = model.in_order(bias, model.fitted.bias.expand(len(features), -1))
    if model.whitening is not None:
        bias = bias + weight @ model.whitening.bias
        weight = weight @ model.whitening.weight
    return weight, bias


def _overlaps(wanted: int, found: int) -> Tensor:
    """Share of each of `found` equal cells in each of `wanted`, float32 `[wanted, found]`.

    Its columns add up to one, so nothing is lost between maps of different resolution.
    """
    ends = torch.linspace(0, found, wanted + 1, dtype=torch.float64)
    cells = torch.arange(found, dtype=torch.float64)
    shared = torch.minimum(ends[1:, None], cells + 1) - torch.maximum(ends[:-1, None], cells)
    return shared.clamp(min=0).float()
