"""Backbones: pictures float32 `[B, 3, H, W]` to a feature map `[B, D, h, w]`.

Parameters keep torchvision's names, so its weight files fit as they are.
"""

import math
from collections import OrderedDict
from collections.abc import Callable
from functools import partial

import torchvision
from torch import Tensor, nn
from torch.nn import functional as F

from hashing.errors import UsageError

Builder = Callable[[str], tuple[nn.Module, int]]
"""Takes the stem's name; returns the network and its number of channels D."""


def _resnet(name: str, channels: int, stem: str) -> tuple[nn.Module, int]:
    """ResNet (He et al. 2016); h = H/32, or H/8 with the CIFAR stem."""
    resnet = torchvision.models.get_model(name, weights=None)
    if stem == "cifar":
        resnet.conv1 = _cifar_convolution()
        resnet.maxpool = nn.Identity()
    return nn.Sequential(OrderedDict(list(resnet.named_children())[:-2])), channels


def _densenet121(stem: str) -> tuple[nn.Module, int]:
    """DenseNet (Huang et al. 2017); h = H/32, or H/8 with the CIFAR stem."""
    features = torchvision.models.densenet121(weights=None).features
    if stem == "cifar":
        features.conv0 = _cifar_convolution()
        features.pool0 = nn.Identity()
    return nn.Sequential(OrderedDict(features=features, relu=nn.ReLU(inplace=True))), 1024


def _vgg16(stem: str) -> tuple[nn.Module, int]:
    """The convolutions of VGG16 (Simonyan & Zisserman 2015); h = H/32."""
    _only_imagenet_stem("vgg16", stem)
    return nn.Sequential(OrderedDict(features=torchvision.models.vgg16(weights=None).features)), 512


def _small_cnn(stem: str, *, as_of_2016: bool) -> tuple[nn.Module, int]:
    """The small network of Liu et al. 2016 ("Deep Supervised Hashing"), for 32 px and above.

    Its first fully connected layer is written as a 4x4 convolution, which is the same at 32 px
    (h = 1) and makes any larger picture possible. `as_of_2016` adds what the authors' Caffe model
    has besides: response normalisation and Caffe's Xavier initialisation.
    """
    _only_imagenet_stem("small_cnn", stem)
    norm = ResponseNorm if as_of_2016 else nn.Identity
    network = nn.Sequential(
        nn.Conv2d(3, 32, 5, padding=2),
        nn.MaxPool2d(3, 2, ceil_mode=True),
        nn.ReLU(inplace=True),
        norm(),
        nn.Conv2d(32, 32, 5, padding=2),
        nn.AvgPool2d(3, 2, ceil_mode=True),
        nn.ReLU(inplace=True),
        norm(),
        nn.Conv2d(32, 64, 5, padding=2),
        nn.ReLU(inplace=True),
        nn.AvgPool2d(3, 2, ceil_mode=True),
        nn.Conv2d(64, 500, 4),
        nn.ReLU(inplace=True),
    )
    if as_of_2016:
        for layer in network:
            if isinstance(layer, nn.Conv2d):
                caffe_xavier(layer)
    return network, 500


class ResponseNorm(nn.Module):
    """Local response normalisation within each channel, Caffe's `WITHIN_CHANNEL`.

    x / (1 + α·m)^β, m being the mean of x² over 3x3 neighbours (zeros outside the picture);
    α = 5e-5 and β = 0.75 are the DSH authors' values.
    """

    def forward(self, maps: Tensor) -> Tensor:
        """Same shape as the feature map `[B, D, h, w]`."""
        energy = F.avg_pool2d(maps.square(), 3, stride=1, padding=1)
        return maps / (1 + 5e-5 * energy) ** 0.75


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


def _only_imagenet_stem(name: str, stem: str) -> None:
    if stem != "imagenet":
        raise UsageError(f"{name} has no {stem} stem: use stem: imagenet, or a ResNet or DenseNet")


BACKBONES: dict[str, Builder] = {
    "resnet18": partial(_resnet, "resnet18", 512),
    "resnet50": partial(_resnet, "resnet50", 2048),
    "resnet101": partial(_resnet, "resnet101", 2048),
    "vgg16": _vgg16,
    "densenet121": _densenet121,
    "small_cnn": partial(_small_cnn, as_of_2016=False),
    "small_cnn_2016": partial(_small_cnn, as_of_2016=True),
}
