import copy

import pytest
import torch
from torch import nn

from hashing.config import ModelConfig, Preprocessing
from hashing.errors import UsageError
from hashing.models import BACKBONES, HashModel
from hashing.models.response import ResponseNorm

SIZE = Preprocessing(size=64)
CIFAR_STEMS = ["resnet18", "resnet50", "resnet50_v1", "resnet101", "densenet121"]


@pytest.mark.parametrize("name", BACKBONES)
def test_every_backbone_gives_the_channels_it_names(name: str) -> None:
    with torch.device("meta"):
        found = BACKBONES[name](ModelConfig(name), SIZE)
        (maps,) = found.maps(found.network.eval(), torch.empty(2, 3, 64, 64))
    assert (maps.shape[1],) == found.channels


@pytest.mark.parametrize("name", CIFAR_STEMS)
def test_cifar_stem_keeps_a_map_of_a_small_picture(name: str) -> None:
    with torch.device("meta"):
        found = BACKBONES[name](ModelConfig(name, stem="cifar"), SIZE)
        (maps,) = found.maps(found.network.eval(), torch.empty(1, 3, 32, 32))
    assert maps.shape == (1, *found.channels, 4, 4)


@pytest.mark.parametrize("name", sorted(set(BACKBONES) - set(CIFAR_STEMS)))
def test_cifar_stem_is_refused_where_there_is_none(name: str) -> None:
    with pytest.raises(UsageError, match="no cifar stem"):
        BACKBONES[name](ModelConfig(name, stem="cifar"), SIZE)


def test_small_cnn_is_fully_connected_at_32_px_and_takes_larger_pictures() -> None:
    network = BACKBONES["small_cnn"](ModelConfig("small_cnn"), SIZE).network
    assert network(torch.rand(1, 3, 32, 32)).shape == (1, 500, 1, 1)
    assert network(torch.rand(1, 3, 64, 64)).shape == (1, 500, 5, 5)


def test_small_cnn_of_2016_starts_as_in_caffe() -> None:
    network = BACKBONES["small_cnn_2016"](ModelConfig("small_cnn_2016"), SIZE).network
    assert isinstance(network, nn.Sequential)
    convolutions = [layer for layer in network if isinstance(layer, nn.Conv2d)]
    assert [tuple(layer.weight.shape) for layer in convolutions] == [
        (32, 3, 5, 5),
        (32, 32, 5, 5),
        (64, 32, 5, 5),
        (500, 64, 4, 4),
    ]
    for layer in convolutions:
        fan_in = layer.weight[0].numel()
        assert layer.weight.var().item() * fan_in == pytest.approx(1, rel=0.1)
        assert layer.bias is not None
        assert not layer.bias.any()


def test_response_norm_by_hand() -> None:
    maps = torch.arange(2 * 3 * 3, dtype=torch.float64).reshape(1, 2, 3, 3) * 40
    found = ResponseNorm()(maps)
    # The centre sees its whole channel, the corner only four of its nine neighbours.
    centre = 13 * 40 / (1 + 5e-5 * sum((40 * v) ** 2 for v in range(9, 18)) / 9) ** 0.75
    corner = 9 * 40 / (1 + 5e-5 * sum((40 * v) ** 2 for v in (9, 10, 12, 13)) / 9) ** 0.75
    assert found[0, 1, 1, 1].item() == pytest.approx(centre)
    assert found[0, 1, 0, 0].item() == pytest.approx(corner)
    wide = (maps * 3 - 500).requires_grad_()
    assert torch.autograd.gradcheck(ResponseNorm(), wide)


def test_small_cnn_has_no_normalisation_of_a_batch() -> None:
    config = ModelConfig("small_cnn", lengths=(16,), batchnorm=False)
    model = HashModel(config, Preprocessing(size=32))
    assert not any(isinstance(layer, nn.modules.batchnorm._BatchNorm) for layer in model.modules())


def test_stages_are_the_last_maps_of_a_resnet() -> None:
    config = ModelConfig("resnet18", stages=3)
    found = BACKBONES["resnet18"](config, SIZE)
    maps = found.maps(found.network.eval(), torch.rand(1, 3, 64, 64))
    assert [tuple(one.shape[1:]) for one in maps] == [(128, 8, 8), (256, 4, 4), (512, 2, 2)]
    assert found.channels == (128, 256, 512)


@pytest.mark.parametrize(("name", "stages", "most"), [("resnet18", 5, 4), ("vgg16", 2, 1)])
def test_stages_that_a_network_lacks_are_refused(name: str, stages: int, most: int) -> None:
    with pytest.raises(UsageError, match=rf"from 1 to {most}, the feature maps of {name}"):
        HashModel(ModelConfig(name, stages=stages), SIZE)


@pytest.mark.long
@pytest.mark.parametrize("name", ["small_cnn", "small_cnn_2016"])
def test_a_compiled_network_has_the_same_gradients(name: str) -> None:
    torch.manual_seed(0)
    model = HashModel(ModelConfig(name, lengths=(16,), batchnorm=False), Preprocessing(size=32))
    model.double()
    compiled = copy.deepcopy(model)
    compiled.compile()
    images = torch.randn(4, 3, 32, 32).double()
    for network in (model, compiled):
        network(images).square().sum().backward()
    for ours, theirs in zip(compiled.parameters(), model.parameters(), strict=True):
        torch.testing.assert_close(ours.grad, theirs.grad)


def test_average_pooling_is_one_whose_gradient_a_compiler_gets_right() -> None:
    """See `_average`; the long test above compiles."""
    network = HashModel(ModelConfig("small_cnn", lengths=(16,)), Preprocessing(size=32))
    found = [module for module in network.modules() if isinstance(module, nn.AvgPool2d)]
    assert [pool.count_include_pad for pool in found] == [False, False]
    maps = torch.randn(2, 3, 8, 7)
    assert torch.equal(found[0](maps), nn.AvgPool2d(3, 2, ceil_mode=True)(maps))
