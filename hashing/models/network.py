"""`HashModel`: normalised pictures to logits; it never binarises."""

from dataclasses import dataclass
from typing import cast

import torch
from torch import Tensor, nn

from hashing.config import ModelConfig, Preprocessing
from hashing.errors import UsageError, choose
from hashing.models.backbones import BACKBONES, caffe_xavier
from hashing.models.pretrained import load_pretrained


@dataclass(frozen=True, eq=False)
class Explanation:
    """Each logit as a sum over regions: `logits = contributions.sum((2, 3)) + bias`.

    contributions: float32 `[B, bits, h, w]`, one value per cell of the feature map.
    bias: float32 `[bits]`, the share that no region has.
    """

    contributions: Tensor
    bias: Tensor


class HashModel(nn.Module):
    """Backbone, pooling, linear hash layer, and BatchNorm on the logits while training.

    Made from a configuration alone; `config.weights` is loaded into the backbone. Raises
    UsageError for unknown names or lengths, InputError or ArtefactError for the weights.
    """

    def __init__(self, config: ModelConfig, preprocessing: Preprocessing) -> None:
        super().__init__()
        _check_lengths(config.lengths)
        self.config = config
        self.preprocessing = preprocessing
        build = choose("backbone", config.backbone, BACKBONES)
        self.backbone, self.channels = build(config.stem)
        self.pooling = choose("pooling", config.pooling, POOLINGS)()
        self.hash_layer = nn.Linear(self.channels, self.bits)
        caffe_xavier(self.hash_layer)
        self.batchnorm = nn.BatchNorm1d(self.bits) if config.batchnorm else None
        load_pretrained(self.backbone, config)

    @property
    def lengths(self) -> tuple[int, ...]:
        """Code lengths in bits, ascending; each is a prefix of the next."""
        return self.config.lengths

    @property
    def bits(self) -> int:
        """The longest code length."""
        return self.config.lengths[-1]

    @property
    def device(self) -> torch.device:
        """Where the weights are."""
        return self.hash_layer.weight.device

    def forward(self, images: Tensor) -> Tensor:
        """Logits `[B, bits]` of normalised pictures float32 `[B, 3, H, W]`."""
        logits: Tensor = self.hash_layer(self.features(images))
        return logits if self.batchnorm is None else self.batchnorm(logits)

    def feature_map(self, images: Tensor) -> Tensor:
        """The backbone's output `[B, D, h, w]`."""
        maps: Tensor = self.backbone(images)
        return maps

    def features(self, images: Tensor) -> Tensor:
        """Pooled features `[B, D]`."""
        pooled: Tensor = self.pooling(self.feature_map(images))
        return pooled

    def folded_head(self) -> tuple[Tensor, Tensor]:
        """Weight `[bits, D]` and bias `[bits]` of the one linear layer the head amounts to.

        BatchNorm with its running statistics is a scale and a shift per logit.
        """
        weight, bias = self.hash_layer.weight.double(), self.hash_layer.bias.double()
        norm = self.batchnorm
        if norm is not None:
            # A logit's BatchNorm always tracks statistics; torch types them as optional.
            mean, variance = cast(Tensor, norm.running_mean), cast(Tensor, norm.running_var)
            scale = norm.weight.double() / torch.sqrt(variance.double() + norm.eps)
            weight, bias = weight * scale[:, None], (bias - mean) * scale + norm.bias
        return weight.float(), bias.float()

    @torch.inference_mode()
    def explain(self, images: Tensor) -> Explanation:
        """Which regions of normalised pictures `[B, 3, H, W]` raise or lower each logit.

        Exact, because averaging over regions and the hash layer are both linear. Raises
        UsageError with another pooling.
        """
        if self.config.pooling != "average":
            raise UsageError(
                f"expected a model with average pooling to explain its bits, "
                f"found {self.config.pooling}: its regions do not add up"
            )
        weight, bias = self.folded_head()
        maps = self.feature_map(images).float()
        contributions = torch.einsum("bdhw,kd->bkhw", maps, weight) / maps[0, 0].numel()
        return Explanation(contributions, bias)


class Average(nn.Module):
    """Mean over the feature map."""

    def forward(self, maps: Tensor) -> Tensor:
        """From `[B, D, h, w]` to `[B, D]`."""
        return maps.mean((2, 3))


class GeM(nn.Module):
    """Generalised mean (Radenović et al. 2019, eq. 3): (mean x^p)^(1/p) with p learned, from 3."""

    def __init__(self) -> None:
        super().__init__()
        self.p = nn.Parameter(torch.tensor(3.0))

    def forward(self, maps: Tensor) -> Tensor:
        """From `[B, D, h, w]` to `[B, D]`, in float32 because powers overflow half precision."""
        with torch.autocast(maps.device.type, enabled=False):
            powers = maps.float().clamp(min=1e-6).pow(self.p)
            return powers.mean((2, 3)).pow(1 / self.p)


POOLINGS: dict[str, type[nn.Module]] = {"average": Average, "gem": GeM}


def normalise(squares: Tensor, preprocessing: Preprocessing) -> Tensor:
    """Pictures uint8 `[B, S, S, 3]` to the network's input float32 `[B, 3, S, S]`."""
    mean, std = (
        255 * torch.tensor(values, device=squares.device)[:, None, None]
        for values in (preprocessing.mean, preprocessing.std)
    )
    # Planes first: arithmetic on three interleaved channels is several times slower.
    planes = squares.permute(0, 3, 1, 2).to(torch.float32, memory_format=torch.contiguous_format)
    return planes.sub_(mean).div_(std)


def _check_lengths(lengths: tuple[int, ...]) -> None:
    ascending = list(lengths) == sorted(set(lengths))
    if not lengths or not ascending or any(length <= 0 or length % 8 for length in lengths):
        raise UsageError(
            f"expected code lengths as ascending multiples of 8, found {list(lengths)}"
        )
