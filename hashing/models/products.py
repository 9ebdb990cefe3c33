"""Convolutions as matrix products, with which a CPU trains a ResNet up to twice as fast.

The field calls it im2col (Chellapilla, Puri & Simard 2006).

For the gradient of its weights a convolution of oneDNN (torch's library on CPUs) goes through the
pictures one by one; where a map has few places, each is too little work for a matrix unit. A
product goes through the places of all pictures at once. A window as large as its map is a fully
connected layer.
"""

from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional

LARGEST_MAP = 6
"""Side of the largest map whose 3x3 windows are copied; on larger ones the copies cost more."""


class ProductConv2d(nn.Conv2d):
    """The same as `nn.Conv2d`, to rounding, by one matrix product where that is faster."""

    def forward(self, maps: Tensor) -> Tensor:
        """From `[B, D, h, w]`, best in the memory format channels_last, to `[B, D', h', w']`."""
        side, stride = self.kernel_size[0], self.stride[0]
        whole = self.padding[0] == 0 and maps.shape[2:] == (side, side)
        small = side == 1 or (side == 3 and max(maps.shape[2:]) <= LARGEST_MAP)
        # Without gradients nothing is won, and a product in bf16 takes ten times as long.
        if not torch.is_grad_enabled() or not (whole or small):
            return super().forward(maps)
        pixels = maps.permute(0, 2, 3, 1)
        if whole:
            windows = pixels.flatten(1)[:, None, None]
        elif side == 1:
            windows = pixels[:, ::stride, ::stride]
        else:
            around = int(self.padding[0])
            pixels = functional.pad(pixels, (0, 0, around, around, around, around))
            windows = _Windows.apply(pixels, side, stride)
        weight = self.weight.permute(0, 2, 3, 1).flatten(1)
        return functional.linear(windows, weight, self.bias).permute(0, 3, 1, 2)


class _Windows(torch.autograd.Function):
    """Every window of maps `[B, h, w, D]` as one row: `[B, h', w', side² · D]`."""

    @staticmethod
    def forward(ctx: Any, pixels: Tensor, side: int, stride: int) -> Tensor:
        ctx.shape, ctx.window = pixels.shape, (side, stride)
        return torch.cat(_shifted(pixels, side, stride), dim=3)

    @staticmethod
    def backward(ctx: Any, *gradients: Tensor) -> tuple[Tensor, None, None]:
        total = gradients[0].new_zeros(ctx.shape)
        places = _shifted(total, *ctx.window)
        for place, share in zip(places, gradients[0].chunk(len(places), 3), strict=True):
            place += share
        return total, None, None


def _shifted(pixels: Tensor, side: int, stride: int) -> list[Tensor]:
    """For each place of a window, the pixels that it meets: views of `[B, h', w', D]`."""
    down, across = (1 + (length - side) // stride for length in pixels.shape[1:3])
    return [
        pixels[:, top : top + stride * down : stride, left : left + stride * across : stride]
        for top in range(side)
        for left in range(side)
    ]


def use_products(network: nn.Module) -> None:
    """Turn what is a product in `network` into `ProductConv2d`, where it stands.

    These are convolutions of 1x1 and 3x3, and other square windows, where a map has their size.
    Parameters, their names and their order stay.
    """
    for module in network.modules():
        if type(module) is nn.Conv2d and _is_plain(module):
            module.__class__ = ProductConv2d


def _is_plain(layer: nn.Conv2d) -> bool:
    """Whether it is what `ProductConv2d` computes: square windows, no groups, zeros around."""
    down, across = layer.kernel_size
    return (
        down == across
        and (layer.padding == (0, 0) or (down, layer.padding) == (3, (1, 1)))
        and layer.stride[0] == layer.stride[1]
        and layer.groups == 1
        and layer.dilation == (1, 1)
        and layer.padding_mode == "zeros"
    )
