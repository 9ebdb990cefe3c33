"""Backbones: pictures float32 `[B, 3, H, W]` to feature maps `[B, D, h, w]`, the deepest last.

Parameters keep the names of the library a network comes from, so its weight files fit as they are.
"""

import math
from collections import OrderedDict
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import partial

import torchvision
from torch import Tensor, nn

from hashing.config import ModelConfig, Preprocessing
from hashing.errors import UsageError
from hashing.models.response import ResponseNorm
from hashing.registry import find

Maps = Callable[[nn.Module, Tensor], Sequence[Tensor]]
"""A network and pictures to its feature maps."""


@dataclass(frozen=True, eq=False)
class Backbone:
    """A network and how its maps are read.

    channels: D of each map. maps: gives the maps, in the same order.
    """

    network: nn.Module
    channels: tuple[int, ...]
    maps: Maps


Builder = Callable[[ModelConfig, Preprocessing], Backbone]
"""Takes what the model is to be and the size of its pictures; weights are random."""


def build_backbone(config: ModelConfig, preprocessing: Preprocessing) -> Backbone:
    """The backbone that `config` names, with random weights.

    Of several side by side, one that has fewer maps than `config.stages` gives them all. Raises
    UsageError for an unknown name, a stem that a network lacks and stages that all of them lack.
    """
    parts = [_build(replace(config, backbone=name), preprocessing) for name in config.backbones]
    most = max(len(part.channels) for part in parts)
    if not 1 <= config.stages <= most:
        raise UsageError(
            f"expected model.stages from 1 to {most}, the feature maps of {config.backbone}, "
            f"found {config.stages}"
        )
    if len(parts) == 1:
        return parts[0]
    from hashing.models.side_by_side import join  # which needs what is defined here

    return join(parts)


def _build(config: ModelConfig, preprocessing: Preprocessing) -> Backbone:
    """A single backbone with its last `config.stages` maps, or with all where it has fewer."""
    if config.backbone.startswith(TIMM):
        from hashing.models.timm_backbones import build  # imports timm, which takes a second

        return build(config, preprocessing)
    return _find(config.backbone)(config, preprocessing)


def own_preprocessing(backbone: str) -> Preprocessing:
    """Size, mean and deviation that a backbone was made for; raises UsageError if unknown.

    Of several side by side, which see the same picture, those of the first.
    """
    backbone = ModelConfig(backbone).backbones[0]
    if backbone.startswith(TIMM):
        from hashing.models.timm_backbones import preprocessing

        return preprocessing(backbone)
    _find(backbone)
    return Preprocessing()


def _find(name: str) -> Builder:
    return find("backbone", name, BACKBONES, takes=("config", "preprocessing"))


def _resnet(channels: tuple[int, ...], config: ModelConfig, _: Preprocessing) -> Backbone:
    """ResNet (He et al. 2016); h = H/32 at its end, or H/8 with the CIFAR stem.

    A block that halves its maps does so in its 3x3 convolution, as torchvision has it, or with
    the name's ending `_v1` in the 1x1 convolution before that, as the paper does.
    """
    resnet = torchvision.models.get_model(config.backbone.removesuffix(FIRST), weights=None)
    if config.backbone.endswith(FIRST):
        for stage in (resnet.layer2, resnet.layer3, resnet.layer4):
            stage[0].conv1.stride, stage[0].conv2.stride = (2, 2), (1, 1)
    if config.stem == "cifar":
        resnet.conv1 = _cifar_convolution()
        resnet.maxpool = nn.Identity()
    network = nn.Sequential(OrderedDict(list(resnet.named_children())[:-2]))
    channels = channels[-config.stages :]
    return Backbone(network, channels, partial(_last_maps, len(channels)))


def _last_maps(count: int, network: nn.Module, images: Tensor) -> list[Tensor]:
    """The maps after each of the last `count` parts of a network."""
    maps = []
    for part in network.children():
        images = part(images)
        maps.append(images)
    return maps[-count:]


def _single(network: nn.Module, channels: int) -> Backbone:
    """A network of which only the last map is read."""
    return Backbone(network, (channels,), lambda network, images: [network(images)])


def _densenet121(config: ModelConfig, _: Preprocessing) -> Backbone:
    """DenseNet (Huang et al. 2017); h = H/32, or H/8 with the CIFAR stem."""
    features = torchvision.models.densenet121(weights=None).features
    if config.stem == "cifar":
        features.conv0 = _cifar_convolution()
        features.pool0 = nn.Identity()
    layers = OrderedDict(features=features, relu=nn.ReLU(inplace=True))
    return _single(nn.Sequential(layers), 1024)


def _vgg16(config: ModelConfig, _: Preprocessing) -> Backbone:
    """The convolutions of VGG16 (Simonyan & Zisserman 2015); h = H/32."""
    only_imagenet_stem(config)
    layers = OrderedDict(features=torchvision.models.vgg16(weights=None).features)
    return _single(nn.Sequential(layers), 512)


def _vgg16_bn(config: ModelConfig, _: Preprocessing) -> Backbone:
    """The same with BatchNorm after every convolution, which trains from scratch too."""
    only_imagenet_stem(config)
    layers = OrderedDict(features=torchvision.models.vgg16_bn(weights=None).features)
    return _single(nn.Sequential(layers), 512)


def _alexnet(config: ModelConfig, preprocessing: Preprocessing) -> Backbone:
    """AlexNet (Krizhevsky et al. 2012) up to its last hidden layer, 4,096 units; h = 1.

    Most hashing papers replace its classifier by their hash layer, as this does.
    """
    only_imagenet_stem(config)
    if preprocessing.size < 63:
        raise UsageError(
            f"expected pictures of at least 63 px for alexnet, found {preprocessing.size}: "
            "set preprocessing.size, 224 as it was made for"
        )
    made = torchvision.models.alexnet(weights=None)
    layers = OrderedDict(
        features=made.features,
        avgpool=made.avgpool,
        flatten=nn.Flatten(),
        classifier=made.classifier[:-1],
        unflatten=nn.Unflatten(1, (4096, 1, 1)),
    )
    return _single(nn.Sequential(layers), 4096)


def _average() -> nn.AvgPool2d:
    """Of 3x3 windows, the last of which may hang over.

    There is no padding to count, but only where none is counted does torch.compile divide the
    gradients of such a window by as many pixels as it has (pytorch/pytorch#198119).
    """
    return nn.AvgPool2d(3, 2, ceil_mode=True, count_include_pad=False)


def _small_cnn(as_of_2016: bool, config: ModelConfig, _: Preprocessing) -> Backbone:
    """The small network of Liu et al. 2016 ("Deep Supervised Hashing"), for 32 px and above.

    Its first fully connected layer is written as a 4x4 convolution, which is the same at 32 px
    (h = 1) and makes any larger picture possible. `as_of_2016` adds what the authors' Caffe model
    has besides: response normalisation and Caffe's Xavier initialisation.
    """
    only_imagenet_stem(config)
    norm = ResponseNorm if as_of_2016 else nn.Identity
    network = nn.Sequential(
        nn.Conv2d(3, 32, 5, padding=2),
        nn.MaxPool2d(3, 2, ceil_mode=True),
        nn.ReLU(inplace=True),
        norm(),
        nn.Conv2d(32, 32, 5, padding=2),
        _average(),
        nn.ReLU(inplace=True),
        norm(),
        nn.Conv2d(32, 64, 5, padding=2),
        nn.ReLU(inplace=True),
        _average(),
        nn.Conv2d(64, 500, 4),
        nn.ReLU(inplace=True),
    )
    if as_of_2016:
        for layer in network:
            if isinstance(layer, nn.Conv2d):
                caffe_xavier(layer)
    return _single(network, 500)


def caffe_xavier(layer: nn.Conv2d | nn.Linear) -> None:
    """Caffe's Xavier initialisation: variance 1 / fan-in, bias zero; keeps a signal's scale."""
    bound = math.sqrt(3 / layer.weight[0].numel())
    nn.init.uniform_(layer.weight, -bound, bound)
    if layer.bias is not None:
        nn.init.zeros_(layer.bias)


def _cifar_convolution() -> nn.Conv2d:
    convolution = nn.Conv2d(3, 64, 3, stride=1, padding=1, bias=False)
    nn.init.kaiming_normal_(convolution.weight, mode="fan_out", nonlinearity="relu")
    return convolution


def only_imagenet_stem(config: ModelConfig) -> None:
    """Raise UsageError where another stem is asked for."""
    if config.stem != "imagenet":
        raise UsageError(
            f"{config.backbone} has no {config.stem} stem: use stem: imagenet, "
            "or a ResNet or DenseNet"
        )


TIMM = "timm:"
"""What the name of a model of timm begins with."""

FIRST = "_v1"
"""What the name of a ResNet ends with that halves its maps where the paper does."""

BACKBONES: dict[str, Builder] = {
    "resnet18": partial(_resnet, (64, 128, 256, 512)),
    "resnet50": partial(_resnet, (256, 512, 1024, 2048)),
    "resnet50_v1": partial(_resnet, (256, 512, 1024, 2048)),
    "resnet101": partial(_resnet, (256, 512, 1024, 2048)),
    "vgg16": _vgg16,
    "vgg16_bn": _vgg16_bn,
    "alexnet": _alexnet,
    "densenet121": _densenet121,
    "small_cnn": partial(_small_cnn, False),
    "small_cnn_2016": partial(_small_cnn, True),
}
