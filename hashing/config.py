"""Every configuration dataclass: frozen, typed, nothing imported but the standard library.

Names (backbones, losses, data sets) are checked where they are looked up, not here.
"""

from dataclasses import dataclass
from typing import Literal


@dataclass(frozen=True)
class Preprocessing:
    """How a decoded picture becomes the network's input; part of a model's fingerprint.

    size: side of the square picture in pixels.
    fit: `crop` cuts the centre square out, `stretch` scales both sides to `size`.
    mean, std: per channel (red, green, blue) of pictures scaled to 0 … 1; ImageNet's by default.
    """

    size: int = 224
    fit: Literal["crop", "stretch"] = "crop"
    mean: tuple[float, float, float] = (0.485, 0.456, 0.406)
    std: tuple[float, float, float] = (0.229, 0.224, 0.225)


@dataclass(frozen=True)
class ModelConfig:
    """The network that turns a picture into logits.

    backbone: a name in `hashing.models.BACKBONES`.
    weights: the backbone's start: `none` (random), `imagenet`, a weights file or a model folder.
    stem: `cifar` replaces the first layers by one 3x3 convolution of stride 1, for 32 px.
    pooling: from the feature map to features, `average` or generalised mean (`gem`).
    lengths: code lengths in bits, ascending multiples of 8; a shorter code is a prefix.
    batchnorm: BatchNorm on the logits while training, folded into the hash layer on saving.
    """

    backbone: str = "resnet50"
    weights: str = "none"
    stem: Literal["imagenet", "cifar"] = "imagenet"
    pooling: Literal["average", "gem"] = "average"
    lengths: tuple[int, ...] = (16, 32, 64, 128)
    batchnorm: bool = True
