import copy

import pytest
import timm
import torch
from torch import Tensor, nn

from hashing.models import use_depthwise
from hashing.models.depthwise import BLOCK, DepthwiseConv2d, SameDepthwiseConv2d

LAYERS = [
    nn.Conv2d(6, 6, 3, padding=1, groups=6, bias=False),
    nn.Conv2d(6, 6, 5, stride=2, padding=2, groups=6),
    nn.Conv2d(6, 6, 3, stride=3, groups=6),
    nn.Conv2d(BLOCK + 2, BLOCK + 2, 3, padding=2, groups=BLOCK + 2),
]


def _gradients(layer: nn.Conv2d, maps: Tensor, weights: Tensor) -> list[Tensor]:
    found = layer(maps)
    return [found, *torch.autograd.grad((found * weights).sum(), [maps, *layer.parameters()])]


@pytest.mark.parametrize("layer", LAYERS, ids=str)
@pytest.mark.parametrize("shape", [(5, 5), (8, 7)])
def test_outputs_and_gradients_are_those_of_the_convolution(
    layer: nn.Conv2d, shape: tuple[int, int]
) -> None:
    ours = copy.deepcopy(layer).double()
    theirs = copy.deepcopy(ours)
    use_depthwise(ours)
    assert type(ours) is DepthwiseConv2d
    maps = torch.randn(2, layer.in_channels, *shape, dtype=torch.double, requires_grad=True)
    weights = torch.randn_like(theirs(maps))
    for found, expected in zip(
        _gradients(ours, maps, weights), _gradients(theirs, maps, weights), strict=True
    ):
        torch.testing.assert_close(found, expected)


@pytest.mark.parametrize("side", [5, 8, 9])
def test_an_efficientnet_of_timm_learns_the_same(side: int) -> None:
    from timm.layers import Conv2dSame

    theirs = Conv2dSame(4, 4, 5, stride=2, groups=4, bias=False).double()
    ours = copy.deepcopy(theirs)
    use_depthwise(ours)
    assert type(ours) is SameDepthwiseConv2d
    maps = torch.randn(2, 4, side, side + 1, dtype=torch.double, requires_grad=True)
    weights = torch.randn_like(theirs(maps))
    for found, expected in zip(
        _gradients(ours, maps, weights), _gradients(theirs, maps, weights), strict=True
    ):
        torch.testing.assert_close(found, expected)


def test_every_depthwise_layer_of_lite0_is_found_and_names_stay() -> None:
    network = timm.create_model("tf_efficientnet_lite0")
    names = list(network.state_dict())
    depthwise = [m for m in network.modules() if isinstance(m, nn.Conv2d) and m.groups > 1]
    use_depthwise(network)
    assert len(depthwise) == 16
    assert all(isinstance(layer, DepthwiseConv2d) for layer in depthwise)
    assert list(network.state_dict()) == names


def test_in_bfloat16_sums_are_made_in_float32() -> None:
    layer = nn.Conv2d(4, 4, 3, padding=1, groups=4, bias=False)
    use_depthwise(layer)
    maps = torch.rand(8, 4, 32, 32).bfloat16().float()
    with torch.autocast("cpu", torch.bfloat16):
        found = layer(maps)
    assert found.dtype == torch.bfloat16
    found.float().sum().backward()
    # The middle of the window meets every pixel once; in bfloat16 the sum would stall at 256.
    middle = layer.weight.grad[:, 0, 1, 1] if layer.weight.grad is not None else torch.zeros(4)
    expected = maps.double().sum((0, 2, 3)).float()
    torch.testing.assert_close(middle, expected.bfloat16().float(), rtol=1e-2, atol=0)


@pytest.mark.parametrize(
    "layer",
    [
        nn.Conv2d(4, 4, 3, padding=1, groups=2),
        nn.Conv2d(4, 8, 3, groups=4),
        nn.Conv2d(4, 4, 3, groups=4, dilation=2),
        nn.Conv2d(4, 4, 3, groups=4, padding=3),
        nn.Conv2d(4, 4, 3, groups=4, padding=1, padding_mode="reflect"),
        nn.Conv2d(4, 4, (1, 3), groups=4),
        nn.Conv2d(1, 1, 3),
    ],
    ids=str,
)
def test_other_convolutions_stay(layer: nn.Conv2d) -> None:
    use_depthwise(layer)
    assert type(layer) is nn.Conv2d
