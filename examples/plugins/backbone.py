"""A backbone of your own: `--model.backbone backbone:tiny`.

A folder of a model that has it is loaded where `ARTHASH_PLUGINS=backbone` allows its import.
"""

from collections.abc import Sequence

from torch import Tensor, nn

from hashing.config import ModelConfig, Preprocessing
from hashing.models import Backbone


def tiny(config: ModelConfig, preprocessing: Preprocessing) -> Backbone:
    """Two convolutions: pictures float32 `[B, 3, H, W]` to a map `[B, 32, H/4, W/4]`."""
    network = nn.Sequential(
        nn.Conv2d(3, 16, 3, stride=2, padding=1),
        nn.ReLU(),
        nn.Conv2d(16, 32, 3, stride=2, padding=1),
        nn.ReLU(),
    )
    return Backbone(network, (32,), last_map)


def last_map(network: nn.Module, images: Tensor) -> Sequence[Tensor]:
    """The one map of this network."""
    return [network(images)]
