"""Several backbones that see the same picture side by side: the name is `NAME + NAME`.

Networks that differ in depth and width err differently; pooled features of both, reduced by
whitening, describe a picture better than those of a larger one alone, and no weights change.
"""

from collections.abc import Iterator, Sequence
from dataclasses import replace
from functools import partial
from typing import cast

from torch import Tensor, nn

from hashing.config import ModelConfig
from hashing.models.backbones import Backbone, Maps


def join(parts: Sequence[Backbone]) -> Backbone:
    """The backbones as one, with the maps of each in their order."""
    return Backbone(
        nn.ModuleList(part.network for part in parts),
        tuple(channels for part in parts for channels in part.channels),
        partial(_maps, [part.maps for part in parts]),
    )


def parts_of(network: nn.Module, config: ModelConfig) -> Iterator[tuple[nn.Module, ModelConfig]]:
    """Each backbone of a network that `join` made, and the configuration of it alone."""
    for part, name in zip(cast(nn.ModuleList, network), config.backbones, strict=True):
        yield part, replace(config, backbone=name)


def _maps(each: Sequence[Maps], network: nn.Module, images: Tensor) -> list[Tensor]:
    parts = cast(nn.ModuleList, network)
    return [one for maps, part in zip(each, parts, strict=True) for one in maps(part, images)]
