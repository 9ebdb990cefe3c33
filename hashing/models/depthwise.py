"""Depthwise convolutions with gradients of our own, with which a CPU trains twice as fast.

For the gradient of a depthwise convolution's weights oneDNN (torch's library on CPUs) is slow, in
bfloat16 most of all, where it takes two thirds of a training step of an EfficientNet. The sums
are simple: each channel of the input, shifted to each place of the window, times the channel of
the output's gradient. The gradient of the input is a convolution by the turned kernel.
"""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from functools import cache
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn
from torch.nn import functional

BLOCK = 128
"""Channels whose sums fit into the first cache."""


class DepthwiseConv2d(nn.Conv2d):
    """The same as a depthwise `nn.Conv2d`, to rounding, with faster gradients."""

    def forward(self, maps: Tensor) -> Tensor:
        """From `[B, D, h, w]`, best in the memory format channels_last, to `[B, D, h', w']`."""
        if not torch.is_grad_enabled() or torch.compiler.is_compiling():
            return super().forward(maps)
        stride, padding = self.stride[0], int(self.padding[0])
        found: Tensor = _Depthwise.apply(maps, self.weight, stride, padding)
        return found if self.bias is None else found + self.bias[:, None, None]


class SameDepthwiseConv2d(DepthwiseConv2d):
    """One that pads as TensorFlow does, so that h' is h / stride rounded up (timm's `tf_…`)."""

    def forward(self, maps: Tensor) -> Tensor:
        """From `[B, D, h, w]` to `[B, D, h', w']`."""
        side, stride = self.kernel_size[0], self.stride[0]
        around = [0, 0]  # none between channels, which stand last: padding keeps that order
        for length in (maps.shape[3], maps.shape[2]):
            gap = max((-(-length // stride) - 1) * stride + side - length, 0)
            around += [gap // 2, gap - gap // 2]
        padded = functional.pad(maps.permute(0, 2, 3, 1), around)
        return super().forward(padded.permute(0, 3, 1, 2))


class _Depthwise(torch.autograd.Function):
    """Maps `[B, D, h, w]` and a kernel `[D, 1, k, k]` to maps `[B, D, h', w']`."""

    @staticmethod
    def forward(ctx: Any, maps: Tensor, weight: Tensor, stride: int, padding: int) -> Tensor:
        device = maps.device.type
        if torch.is_autocast_enabled(device):
            kind = torch.get_autocast_dtype(device)
            maps, weight = maps.to(kind), weight.to(kind)
        ctx.save_for_backward(maps, weight)
        ctx.stride, ctx.padding = stride, padding
        return functional.conv2d(maps, weight, None, stride, padding, 1, len(weight))

    @staticmethod
    def backward(ctx: Any, *gradients: Tensor) -> tuple[Tensor | None, Tensor, None, None]:
        maps, weight = ctx.saved_tensors
        gradient = gradients[0].contiguous(memory_format=torch.channels_last)
        before = None
        if ctx.needs_input_grad[0]:
            before = _input_gradient(gradient, weight, maps.shape, ctx.stride, ctx.padding)
        return before, _weight_gradient(maps, gradient, weight, ctx.stride, ctx.padding), None, None


def _input_gradient(
    gradient: Tensor, weight: Tensor, shape: torch.Size, stride: int, padding: int
) -> Tensor:
    """`[B, D, h, w]`: the gradient, its places `stride` apart, convolved by the turned kernel."""
    side = weight.shape[-1]
    if stride > 1:
        height, width = (length + 2 * padding - side + 1 for length in shape[2:])
        spread = gradient.new_zeros(shape[0], height, width, shape[1]).permute(0, 3, 1, 2)
        spread[:, :, ::stride, ::stride] = gradient
        gradient = spread
    turned = weight.flip(2, 3)
    return functional.conv2d(gradient, turned, None, 1, side - 1 - padding, 1, len(weight))


def _weight_gradient(
    maps: Tensor, gradient: Tensor, weight: Tensor, stride: int, padding: int
) -> Tensor:
    """`[D, 1, k, k]`, each block of channels summed in one thread and in one order."""
    pixels, changes = (_pixels(tensor) for tensor in (maps, gradient))
    sums = np.zeros((*weight.shape[2:], len(weight)), pixels.dtype)
    add = _compiled()
    with ThreadPoolExecutor(torch.get_num_threads()) as pool:
        blocks = range(0, len(weight), BLOCK)
        list(pool.map(lambda b: add(pixels, changes, sums, stride, padding, b, b + BLOCK), blocks))
    found: Tensor = torch.from_numpy(sums).permute(2, 0, 1)[:, None].to(weight.dtype)
    return found


def _pixels(maps: Tensor) -> NDArray[Any]:
    """`[B, h, w, D]`, in float32 where the maps have fewer digits."""
    wide = maps.detach().permute(0, 2, 3, 1).to(torch.promote_types(maps.dtype, torch.float32))
    array: NDArray[Any] = wide.contiguous().numpy()
    return array


@cache
def _compiled() -> Callable[..., None]:
    """`_add`, compiled; numba is imported where such a network is trained, and nowhere else."""
    from numba import njit

    compiled: Callable[..., None] = njit(nogil=True, fastmath=True)(_add)
    return compiled


def _add(
    pixels: NDArray[Any],
    changes: NDArray[Any],
    sums: NDArray[Any],
    stride: int,
    padding: int,
    begin: int,
    end: int,
) -> None:
    """Add to sums `[k, k, D]` of channels begin … end what pixels and changes `[B, h, w, D]` give.

    sums[i, j, c] = Σ pixels[b, s·y + i − p, s·x + j − p, c] · changes[b, y, x, c] over all b, y
    and x for which the pixel lies in the map, s and p being stride and padding.
    """
    height, width = pixels.shape[1:3]
    end = min(end, pixels.shape[3])
    block = np.zeros((sums.shape[0], sums.shape[1], end - begin), sums.dtype)
    for b in range(len(changes)):
        for y in range(changes.shape[1]):
            for i in range(sums.shape[0]):
                down = y * stride + i - padding
                if down < 0 or down >= height:
                    continue
                for x in range(changes.shape[2]):
                    change = changes[b, y, x, begin:end]
                    for j in range(sums.shape[1]):
                        across = x * stride + j - padding
                        if across < 0 or across >= width:
                            continue
                        pixel, total = pixels[b, down, across, begin:end], block[i, j]
                        for c in range(len(change)):
                            total[c] += pixel[c] * change[c]
    sums[:, :, begin:end] = block


def use_depthwise(network: nn.Module) -> None:
    """Turn the depthwise convolutions in `network` into `DepthwiseConv2d`, where they stand.

    Parameters, their names and their order stay.
    """
    for module in network.modules():
        if isinstance(module, nn.Conv2d) and _is_depthwise(module):
            if type(module) is nn.Conv2d:
                module.__class__ = DepthwiseConv2d
            elif type(module).__name__ == "Conv2dSame":  # timm's, with its padding left at zero
                module.__class__ = SameDepthwiseConv2d


def _is_depthwise(layer: nn.Conv2d) -> bool:
    """Whether every channel has one square window of its own, and zeros around."""
    return (
        layer.groups == layer.in_channels == layer.out_channels > 1
        and layer.kernel_size[0] == layer.kernel_size[1]
        and layer.stride[0] == layer.stride[1]
        and layer.padding in {(n, n) for n in range(layer.kernel_size[0])}
        and layer.dilation == (1, 1)
        and layer.padding_mode == "zeros"
    )
