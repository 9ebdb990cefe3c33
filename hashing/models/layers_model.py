"""ResNet50 as Keras has it, in a layers model of TensorFlow.js, under torchvision's names.

Keras took its ImageNet weights over from those of He et al. ("Deep Residual Learning for Image
Recognition", 2016). They differ from torchvision's in what they expect of a picture and in the
convolution of a stage's first block that takes every second pixel: theirs is the first, of one
pixel, as in our `resnet50_v1`, and torchvision's the second, of three. The weights fit either;
`resnet50` is to learn on from them before it is used.
"""

import json
import math
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor

from hashing.config import Preprocessing
from hashing.errors import ArtefactError
from hashing.files import read_regular

_BLOCKS = {2: "abc", 3: "abcd", 4: "abcdef", 5: "abc"}
_THEIR_EPSILON, _OUR_EPSILON = 1e-3, 1e-5
"""What BatchNorm adds to the variance."""

_THEIR_MEAN = (123.68, 116.779, 103.939)
"""Of red, green and blue, in levels."""


def layers_model_state(file: Path, preprocessing: Preprocessing) -> dict[str, Tensor]:
    """The state dict of torchvision's resnet50, float32, of a `model.json` and its shards.

    Theirs takes blue, green, red from 0 to 255 without their mean: the first convolution is
    turned round and scaled to what `preprocessing` gives, and what lies between the means is its
    bias (around the picture, which is padded, there is none). The bias of a convolution goes to the
    mean of its BatchNorm.

    Raises ArtefactError where the files are not such a model, or not whole.
    """
    theirs = _tensors(file)
    ours: dict[str, Tensor] = {}
    try:
        for their_conv, their_norm, conv, norm in _layers():
            kernel = theirs[f"{their_conv}/kernel"].permute(3, 2, 0, 1)
            bias = theirs[f"{their_conv}/bias"]
            if conv == "conv1":
                kernel = kernel.flip(1)
                between = 255 * torch.tensor(preprocessing.mean) - torch.tensor(_THEIR_MEAN)
                bias = bias + kernel.sum((2, 3)) @ between
                kernel = kernel * (255 * torch.tensor(preprocessing.std))[:, None, None]
            ours[f"{conv}.weight"] = kernel.contiguous()
            ours[f"{norm}.weight"] = theirs[f"{their_norm}/gamma"]
            ours[f"{norm}.bias"] = theirs[f"{their_norm}/beta"]
            mean = theirs[f"{their_norm}/moving_mean"]
            ours[f"{norm}.running_mean"] = mean - bias
            variance = theirs[f"{their_norm}/moving_variance"]
            ours[f"{norm}.running_var"] = variance + _THEIR_EPSILON - _OUR_EPSILON
    except (KeyError, RuntimeError) as error:
        raise ArtefactError(
            f"expected Keras's ResNet50 in {file}, found another: {error}"
        ) from None
    return ours


def _layers() -> Iterator[tuple[str, str, str, str]]:
    """Convolution and BatchNorm, theirs and ours, of every layer."""
    yield "conv1", "bn_conv1", "conv1", "bn1"
    for stage, letters in _BLOCKS.items():
        for block, letter in enumerate(letters):
            theirs, ours = f"{stage}{letter}_branch", f"layer{stage - 1}.{block}"
            for n, part in enumerate("abc", 1):
                yield (
                    f"res{theirs}2{part}",
                    f"bn{theirs}2{part}",
                    f"{ours}.conv{n}",
                    f"{ours}.bn{n}",
                )
            if not block:
                downsample = f"{ours}.downsample"
                yield f"res{theirs}1", f"bn{theirs}1", f"{downsample}.0", f"{downsample}.1"


def _tensors(file: Path) -> dict[str, Tensor]:
    """Name → tensor of every weight, float32, as the manifest of a layers model says."""
    try:
        groups: list[Any] = json.loads(read_regular(file))["weightsManifest"]
        return {name: tensor for group in groups for name, tensor in _group(file.parent, group)}
    except OSError as error:
        raise ArtefactError(f"the weights file {file} cannot be read: {error}") from error
    except (
        ValueError,
        TypeError,
        KeyError,
        AttributeError,
        OverflowError,
        RecursionError,
    ) as error:
        raise ArtefactError(
            f"expected a layers model of TensorFlow.js with float32 weights in {file}: {error!r}"
        ) from error


def _group(folder: Path, group: dict[str, Any]) -> Iterator[tuple[str, Tensor]]:
    """The weights of one group, which lie one after the other in its shards."""
    # A model from elsewhere names its shards; they lie beside it, wherever it says.
    stored = b"".join(read_regular(folder / Path(name).name) for name in group["paths"])
    place = 0
    for weight in group["weights"]:
        if weight["dtype"] != "float32" or "quantization" in weight:
            raise ValueError(f"{weight['name']} is {weight['dtype']} or quantised")
        shape = [int(side) for side in weight["shape"]]
        count = math.prod(shape)
        if min(shape, default=1) < 0 or place + 4 * count > len(stored):
            raise ValueError(f"{weight['name']} ends after the {len(stored):,} bytes of its shards")
        values = np.frombuffer(stored, "<f4", count, place).astype(np.float32)
        yield weight["name"], torch.from_numpy(values).reshape(shape)
        place += 4 * count
