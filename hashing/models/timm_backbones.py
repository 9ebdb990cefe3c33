"""Backbones of timm (Wightman 2019), convolutional and attentional, by the name `timm:NAME`."""

import difflib
import logging
from collections.abc import Sequence
from functools import partial
from typing import Any

import timm
from torch import Tensor

from hashing.config import ModelConfig, Preprocessing
from hashing.errors import InputError, UsageError
from hashing.models.backbones import TIMM, Backbone, only_imagenet_stem

log = logging.getLogger(__name__)


def build(config: ModelConfig, preprocessing: Preprocessing) -> Backbone:
    """The network without its classifier, with random weights.

    Its maps are those that timm names, one for each resolution (for each block of a ViT), and at
    the end the one its own classifier pools, where that is another. Raises UsageError for a name
    that timm does not know and a network without feature maps.
    """
    only_imagenet_stem(config)
    network = _create(config.backbone, preprocessing, pretrained=False)
    if not hasattr(network, "forward_intermediates"):
        raise UsageError(
            f"expected a model with feature maps, found {config.backbone}: it has none"
        )
    channels = [int(stage["num_chs"]) for stage in network.feature_info]
    headed = network.num_features != channels[-1]
    if headed:
        channels.append(int(network.num_features))
    channels = channels[-config.stages :]
    return Backbone(network, tuple(channels), partial(_maps, len(channels) - headed, headed))


def preprocessing(backbone: str) -> Preprocessing:
    """What the model's weights were trained with."""
    known = timm.get_pretrained_cfg(_name(backbone))
    if known is None:
        return Preprocessing()
    mean, std = (tuple(map(float, values)) for values in (known.mean, known.std))
    return Preprocessing(size=int(known.input_size[1]), mean=mean, std=std)  # type: ignore[arg-type]


def imagenet_state(backbone: str, preprocessing: Preprocessing) -> dict[str, Tensor]:
    """Weights that timm downloads; raises InputError where they cannot be had."""
    log.warning("downloading the ImageNet weights of %s", backbone)
    try:
        network = _create(backbone, preprocessing, pretrained=True)
    except (OSError, RuntimeError) as error:
        reason = str(error).splitlines()[0]
        raise InputError(
            f"the ImageNet weights of {backbone} could not be had ({reason}): fetch them elsewhere "
            "and give the file's path instead of imagenet"
        ) from error
    state: dict[str, Tensor] = network.state_dict()
    return state


def _name(backbone: str) -> str:
    """Timm's own name; nothing else, for timm also takes paths and addresses."""
    name = backbone.removeprefix(TIMM)
    if not timm.is_model(name) or ":" in name or "/" in name:
        nearest = difflib.get_close_matches(name, timm.list_models(), n=1)
        hint = f"did you mean {TIMM}{nearest[0]}?" if nearest else "timm.list_models() has them all"
        raise UsageError(f"timm knows no model {name!r}; {hint}")
    return name


def _create(backbone: str, preprocessing: Preprocessing, *, pretrained: bool) -> Any:
    """Networks for one size of pictures, such as ViTs, are made for the one that is asked for."""
    name = _name(backbone)
    known = timm.get_pretrained_cfg(name)
    options: dict[str, Any] = {"num_classes": 0}
    if known and known.fixed_input_size:
        options["img_size"] = preprocessing.size
    return timm.create_model(name, pretrained=pretrained, **options)


def _maps(between: int, headed: bool, network: Any, images: Tensor) -> Sequence[Tensor]:
    """The last `between` maps on the way, and the final one if it is another (`headed`)."""
    if not between:
        return [network.forward_features(images)]
    last, maps = network.forward_intermediates(images, indices=between, norm=True)
    return [*maps, last] if headed else list(maps)
