import copy

import pytest
import torch
from torch import nn

from hashing.config import ModelConfig, Preprocessing
from hashing.models import HashModel, use_products
from hashing.models.products import LARGEST_MAP, ProductConv2d

PLAIN = [
    nn.Conv2d(8, 16, 1, bias=False),
    nn.Conv2d(8, 16, 1, stride=2),
    nn.Conv2d(8, 16, 3, padding=1, bias=False),
    nn.Conv2d(8, 16, 3, stride=2, padding=1),
    nn.Conv2d(8, 16, 3),
    nn.Conv2d(8, 16, 5),
]
SHAPES = [(3, 3), (5, 4), (5, 5), (LARGEST_MAP, 6), (LARGEST_MAP + 1, 9)]


@pytest.mark.parametrize(
    ("layer", "shape"),
    [(layer, shape) for layer in PLAIN for shape in SHAPES if layer.kernel_size <= shape],
    ids=str,
)
def test_outputs_and_gradients_are_those_of_the_convolution(
    layer: nn.Conv2d, shape: tuple[int, int]
) -> None:
    product = copy.deepcopy(layer).double()
    expected_layer = copy.deepcopy(product)
    use_products(product)
    assert type(product) is ProductConv2d
    maps = torch.randn(2, 8, *shape, dtype=torch.double, requires_grad=True)
    expected, found = expected_layer(maps), product(maps)
    torch.testing.assert_close(found, expected)
    weights = torch.randn_like(expected)
    theirs = torch.autograd.grad((expected * weights).sum(), [maps, *expected_layer.parameters()])
    ours = torch.autograd.grad((found * weights).sum(), [maps, *product.parameters()])
    for mine, other in zip(ours, theirs, strict=True):
        torch.testing.assert_close(mine, other)


@pytest.mark.parametrize(
    "layer",
    [
        nn.Conv2d(8, 8, 3, groups=2),
        nn.Conv2d(8, 8, 3, dilation=2),
        nn.Conv2d(8, 8, 3, padding="same"),
        nn.Conv2d(8, 8, 3, padding=1, padding_mode="reflect"),
        nn.Conv2d(8, 8, (1, 3)),
        nn.Conv2d(8, 8, 3, stride=(1, 2)),
        nn.Conv2d(8, 8, 1, padding=1),
        nn.Conv2d(8, 8, 5, padding=1),
    ],
    ids=str,
)
def test_other_convolutions_stay(layer: nn.Conv2d) -> None:
    use_products(layer)
    assert type(layer) is nn.Conv2d


def test_a_resnet_keeps_its_parameters_and_logits() -> None:
    network = HashModel(ModelConfig("resnet18", lengths=(16,)), Preprocessing(size=32)).eval()
    images = torch.randn(2, 3, 32, 32)
    expected, names = network(images), list(network.state_dict())
    use_products(network)
    assert list(network.state_dict()) == names
    assert sum(isinstance(module, ProductConv2d) for module in network.modules()) == 19
    torch.testing.assert_close(network(images), expected, rtol=1e-4, atol=1e-4)


def test_without_gradients_the_convolution_itself_is_asked(monkeypatch: pytest.MonkeyPatch) -> None:
    product = copy.deepcopy(PLAIN[0])
    use_products(product)
    maps = torch.randn(2, 8, 4, 4)
    expected = product(maps)

    def linear(*arguments: object) -> None:
        raise AssertionError("expected no product, ten times as long in bf16")

    monkeypatch.setattr("hashing.models.products.functional.linear", linear)
    with torch.inference_mode():
        torch.testing.assert_close(product(maps), expected)
