"""`HashModel`: normalised pictures to logits; it never binarises."""

from collections.abc import Sequence
from itertools import chain
from typing import cast

import torch
from torch import Tensor, nn

from hashing.config import ModelConfig, Preprocessing
from hashing.errors import UsageError, choose
from hashing.models.backbones import build_backbone, caffe_xavier
from hashing.models.fitted import check_fitted_bits, count_fitted, order_of_bits
from hashing.models.pooling import POOLINGS
from hashing.models.pretrained import load_pretrained

HIDDEN = 512
"""Units of the hidden layer of the head `mlp`."""


class HashModel(nn.Module):
    """Backbone, pooling, head; the head ends in the hash layer.

    The head is whitening (fitted, never trained), the hidden layer of an `mlp`, the hash layer,
    and BatchNorm on the logits while training; all but the last two are there only if asked for.
    Beside them a layer of fitted bits may stand, which is never trained either.

    Made from a configuration alone; `config.weights` is loaded into the backbone. Raises
    UsageError for unknown names or lengths, InputError or ArtefactError for the weights.
    """

    order: Tensor

    def __init__(self, config: ModelConfig, preprocessing: Preprocessing) -> None:
        super().__init__()
        _check_lengths(config.lengths)
        self.config = config
        self.preprocessing = preprocessing
        built = build_backbone(config, preprocessing)
        self.backbone, self._maps = built.network, built.maps
        self.pooling = choose("pooling", config.pooling, POOLINGS)()
        self.channels = self.pooling.width(built.channels)
        _check_whitening(config, self.channels)
        self.embedding = config.discriminants or config.whiten or self.channels
        self.whitening = nn.Linear(self.channels, self.embedding) if config.whiten else None
        self.dropout = nn.Dropout(config.dropout)
        self.mlp = choose("head", config.head, HEADS)(self.embedding, config.dropout)
        check_fitted_bits(config, self.embedding)
        fitted = count_fitted(config)
        learned = self.bits - fitted
        self.hash_layer = nn.Linear(self.embedding if self.mlp is None else HIDDEN, learned)
        caffe_xavier(self.hash_layer)
        self.batchnorm = nn.BatchNorm1d(learned) if config.batchnorm else None
        self.fitted = nn.Linear(self.embedding, fitted) if fitted else None
        self.register_buffer("order", torch.from_numpy(order_of_bits(config)), persistent=False)
        load_pretrained(self.backbone, config, preprocessing)

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

    def forward(self, inputs: Tensor) -> Tensor:
        """Logits `[B, bits]` of normalised pictures float32 `[B, 3, H, W]`.

        Features `[B, D]` may be given in their place where they are known already.
        """
        return self.hash(self.embed(inputs))

    def feature_maps(self, images: Tensor) -> Sequence[Tensor]:
        """The backbone's last maps, `[B, D, h, w]` for each of `config.stages`, deepest last."""
        return self._maps(self.backbone, images)

    def features(self, images: Tensor) -> Tensor:
        """Pooled features `[B, D]`, D being `channels`."""
        pooled: Tensor = self.pooling(self.feature_maps(images))
        return pooled

    def embed(self, inputs: Tensor) -> Tensor:
        """What the trained head takes, `[B, embedding]`: features, whitened if asked for.

        inputs: as of `forward`.
        """
        values = self.features(inputs) if inputs.ndim == 4 else inputs
        return values if self.whitening is None else self.whitening(values)

    def hash(self, embedded: Tensor) -> Tensor:
        """Logits `[B, bits]` of what `embed` gives."""
        values = self.dropout(embedded)
        if self.mlp is not None:
            values = self.mlp(values)
        logits: Tensor = self.hash_layer(values)
        if self.batchnorm is not None:
            logits = self.batchnorm(logits)
        return logits if self.fitted is None else self.in_order(logits, self.fitted(embedded))

    def in_order(self, learned: Tensor, fitted: Tensor) -> Tensor:
        """What belongs to learned and to fitted bits, `[B, learned or fitted, …]`, bit by bit."""
        return torch.cat([learned, fitted], dim=1)[:, self.order]

    def head_parameters(self) -> list[nn.Parameter]:
        """What is trained after pooling, the hash layer first."""
        parts = [self.hash_layer, self.batchnorm, self.mlp]
        return list(chain.from_iterable(part.parameters() for part in parts if part is not None))

    def whiten(self, weight: Tensor, bias: Tensor) -> None:
        """Set the whitening: weight `[embedding, D]` and bias `[embedding]`, kept from then on."""
        if self.whitening is None:
            raise UsageError("expected a model with model.whiten, found one without whitening")
        with torch.no_grad():
            self.whitening.weight.copy_(weight)
            self.whitening.bias.copy_(bias)

    def folded_head(self) -> tuple[Tensor, Tensor]:
        """Weight `[learned, D]` and bias `[learned]` of the hash layer with its BatchNorm in it.

        BatchNorm with its running statistics is a scale and a shift per logit; D is what comes
        before: features, whitened or hidden. All bits are learned but those of `fitted`.
        """
        weight, bias = self.hash_layer.weight.double(), self.hash_layer.bias.double()
        if self.batchnorm is not None:
            scale, shift = affine(self.batchnorm)
            weight, bias = weight * scale[:, None], bias * scale + shift
        return weight.float(), bias.float()


def affine(norm: nn.BatchNorm1d) -> tuple[Tensor, Tensor]:
    """Scale and shift, float64 `[D]`, that a BatchNorm amounts to outside training."""
    # Ours always tracks statistics; torch types them as optional.
    mean, variance = cast(Tensor, norm.running_mean), cast(Tensor, norm.running_var)
    scale = norm.weight.double() / torch.sqrt(variance.double() + norm.eps)
    return scale, norm.bias.double() - mean * scale


def _no_hidden(width: int, dropout: float) -> None:
    """The hash layer alone."""


def _hidden(width: int, dropout: float) -> nn.Sequential:
    """One hidden layer of `HIDDEN` units."""
    return nn.Sequential(
        nn.Linear(width, HIDDEN, bias=False),
        nn.BatchNorm1d(HIDDEN),
        nn.ReLU(),
        nn.Dropout(dropout),
    )


HEADS = {"linear": _no_hidden, "mlp": _hidden}


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
    nested = len(lengths) > 1
    if not ascending or min(lengths, default=0) < 8 or (nested and any(n % 8 for n in lengths)):
        raise UsageError(
            "expected code lengths as ascending multiples of 8, or one of at least 8 bits, found "
            f"{list(lengths)}"
        )


def _check_whitening(config: ModelConfig, channels: int) -> None:
    if not 0 <= config.whiten <= channels:
        raise UsageError(
            f"expected model.whiten from 0 to {channels}, the features of {config.backbone}, "
            f"found {config.whiten}"
        )
    if not 0 <= config.discriminants <= config.whiten:
        raise UsageError(
            f"expected model.discriminants from 0 to {config.whiten}, the components of "
            f"model.whiten, found {config.discriminants}"
        )
