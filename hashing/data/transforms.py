"""Augmentation: parameters drawn per picture on the CPU, applied per batch on the device.

The parameters of a picture depend on (seed, epoch, row) alone, not on its batch, its process or
the device. Pictures go in as uint8 `[B, S, S, 3]` and come out as normalised float32
`[B, 3, s, s]`. Nothing here touches a global random state.
"""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.nn import functional

from hashing.config import Preprocessing
from hashing.data.random import Stream, uniforms
from hashing.device import pinned


@dataclass(frozen=True)
class Augmentation:
    """How far a picture may be changed.

    area: smallest share of the square that a crop keeps; 1 crops nothing.
    ratio: largest ratio of a crop's sides, for the crop is scaled to a square.
    shift: largest shift to each side as a share of the square; the gap mirrors the picture.
    flip: probability of a left-right flip.
    brightness, contrast, saturation: largest change of each factor around 1.
    hue: largest turn of the colour circle, as a share of it.
    erase: probability that a patch of a quarter to half the side turns grey.
    """

    area: float = 1.0
    ratio: float = 1.0
    shift: float = 0.0
    flip: float = 0.0
    brightness: float = 0.0
    contrast: float = 0.0
    saturation: float = 0.0
    hue: float = 0.0
    erase: float = 0.0


_STANDARD = Augmentation(area=0.5, ratio=4 / 3, flip=0.5)

AUGMENTATIONS: dict[str, Augmentation] = {
    "none": Augmentation(),
    "flip": Augmentation(flip=0.5),
    "jitter": Augmentation(flip=0.5, brightness=0.05, contrast=0.05),
    "shift": Augmentation(shift=1 / 8, flip=0.5),
    "standard": _STANDARD,
    "colour": replace(_STANDARD, brightness=0.3, contrast=0.3, saturation=0.3, hue=0.03),
    "recolour": replace(_STANDARD, brightness=0.4, contrast=0.4, saturation=1.0, hue=0.5),
    "strong": Augmentation(0.2, 4 / 3, 0.0, 0.5, 0.4, 0.4, 0.4, 0.05, 0.25),
}
"""`shift` is the custom for CIFAR (4 px of 32), `jitter` OrthoHash's for it at 224 px, `standard`
for larger pictures; `recolour` turns hues all the way round and may take colour away, where only
form is to count."""

_DRAWS = 15
_BRIGHTNESS = (0.299, 0.587, 0.114)
_TO_YIQ = torch.tensor([_BRIGHTNESS, [0.596, -0.274, -0.322], [0.211, -0.523, 0.312]])
"""Brightness and two axes of colour; turning these two changes the hue alone."""


@dataclass(frozen=True, eq=False)
class Draws:
    """One batch's parameters, float32; None where an augmentation leaves the picture alone.

    boxes: `[B, 4]` crop as left, top, width, height in shares of the square.
    flips: bool `[B]`.
    colours: `[B, 3, 3]` matrix on red, green, blue.
    contrasts: `[B]` factor around the picture's mean brightness.
    patches: `[B, 3]` erased square as left, top, side in shares; side 0 erases nothing.
    """

    boxes: Tensor | None
    flips: Tensor
    colours: Tensor | None
    contrasts: Tensor | None
    patches: Tensor | None

    def pinned(self, device: torch.device) -> "Draws":
        """The same where a copy to `device` need not wait."""
        return self._each(lambda values: pinned(values, device))

    def to(self, device: torch.device) -> "Draws":
        """The same on a device."""
        return self._each(lambda values: values.to(device, non_blocking=True))

    def _each(self, change: Callable[[Tensor], Tensor]) -> "Draws":
        changed = {name: change(x) for name, x in vars(self).items() if x is not None}
        return replace(self, **changed)


def draw(augmentation: Augmentation, seed: int, epoch: int, rows: NDArray[np.int64]) -> Draws:
    """The parameters of pictures `rows` `[B]` in this epoch, on the CPU."""
    a = augmentation
    numbers = torch.from_numpy(uniforms(Stream.AUGMENT, seed, epoch, rows, _DRAWS)).T
    signed = 2 * numbers - 1
    moves = a.area < 1 or a.ratio > 1 or a.shift > 0
    recolours = a.brightness > 0 or a.saturation > 0 or a.hue > 0
    return Draws(
        boxes=_draw_boxes(a, numbers[0:4], signed[4:6]) if moves else None,
        flips=numbers[6] < a.flip,
        colours=_draw_colours(a, *signed[7:10]) if recolours else None,
        contrasts=1 + a.contrast * signed[10] if a.contrast > 0 else None,
        patches=_draw_patches(a, *numbers[11:15]) if a.erase > 0 else None,
    )


def apply(squares: Tensor, draws: Draws, size: int, preprocessing: Preprocessing) -> Tensor:
    """Pictures uint8 `[B, S, S, 3]` to normalised float32 `[B, 3, size, size]`, on their device."""
    device = squares.device
    draws = draws.to(device)
    images = squares.permute(0, 3, 1, 2).float() / 255
    images = _resample(images, draws.boxes, draws.flips, size)
    if draws.colours is not None:
        images = torch.einsum("bij,bjhw->bihw", draws.colours, images)
    if draws.contrasts is not None:
        means = torch.einsum("j,bjhw->b", _constants(_BRIGHTNESS, device), images) / size**2
        images = torch.lerp(
            means[:, None, None, None], images, draws.contrasts[:, None, None, None]
        )
    mean, std = (
        _constants(values, device)[:, None, None]
        for values in (preprocessing.mean, preprocessing.std)
    )
    images = (images.clamp(0, 1) - mean) / std
    return images if draws.patches is None else _erase(images, draws.patches)


def _draw_boxes(augmentation: Augmentation, numbers: Tensor, shifts: Tensor) -> Tensor:
    area = 1 - (1 - augmentation.area) * numbers[0]
    ratio = augmentation.ratio ** (2 * numbers[1] - 1)
    sides = torch.stack([area * ratio, area / ratio]).sqrt().clamp(max=1)
    corners = (1 - sides) * numbers[2:4] + augmentation.shift * shifts
    return torch.cat([corners, sides]).T


def _draw_colours(augmentation: Augmentation, bright: Tensor, vivid: Tensor, hue: Tensor) -> Tensor:
    brightness = 1 + augmentation.brightness * bright
    saturation = 1 + augmentation.saturation * vivid
    angle = 2 * math.pi * augmentation.hue * hue
    turn = torch.zeros(len(hue), 3, 3)
    turn[:, 0, 0] = 1
    turn[:, 1, 1] = turn[:, 2, 2] = saturation * angle.cos()
    turn[:, 2, 1] = saturation * angle.sin()
    turn[:, 1, 2] = -turn[:, 2, 1]
    colours: Tensor = torch.linalg.inv(_TO_YIQ) @ turn @ _TO_YIQ
    return brightness[:, None, None] * colours


def _draw_patches(
    augmentation: Augmentation, chance: Tensor, extent: Tensor, left: Tensor, top: Tensor
) -> Tensor:
    side = torch.where(chance < augmentation.erase, 0.25 + 0.25 * extent, 0)
    return torch.stack([left * (1 - side), top * (1 - side), side], dim=1)


def _resample(images: Tensor, boxes: Tensor | None, flips: Tensor, size: int) -> Tensor:
    """Cut out the boxes, flip, and scale to `size`."""
    factor = images.shape[-1] // size
    if factor > 1:  # bilinear sampling alone would skip pixels
        images = functional.avg_pool2d(images, factor)
    side = images.shape[-1]
    if boxes is None and side == size:
        return torch.where(flips[:, None, None, None], images.flip(3), images)
    if boxes is None:
        boxes = _constants((0.0, 0, 1, 1), images.device).expand(len(images), 4)
    # Corners on whole pixels: a mere shift then blurs nothing.
    corners, extents = (boxes[:, :2] * side).round() / side, boxes[:, 2:]
    affine = torch.zeros(len(images), 2, 3, device=images.device)
    affine[:, 0, 0] = torch.where(flips, -extents[:, 0], extents[:, 0])
    affine[:, 1, 1] = extents[:, 1]
    affine[:, :, 2] = 2 * corners + extents - 1
    grid = functional.affine_grid(affine, [len(images), 3, size, size], align_corners=False)
    sampled: Tensor = functional.grid_sample(
        images, grid, padding_mode="reflection", align_corners=False
    )
    return sampled


def _constants(values: Sequence[float], device: torch.device) -> Tensor:
    """Float32 `[n]`, filled on the device: a copy from the host would wait for all before it."""
    return torch.stack([torch.full((), float(value), device=device) for value in values])


def _erase(images: Tensor, patches: Tensor) -> Tensor:
    """Set the patches to 0, the mean colour."""
    size = images.shape[-1]
    places = (torch.arange(size, device=images.device) + 0.5) / size
    ends = patches[:, :2] + patches[:, 2:]
    across, down = (
        (places >= patches[:, axis, None]) & (places < ends[:, axis, None]) for axis in (0, 1)
    )
    return images.masked_fill((down[:, :, None] & across[:, None, :])[:, None], 0)
