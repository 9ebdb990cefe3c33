"""What a CPU computes once for many pictures, by ONNX Runtime: in a third of the time or less."""

from collections.abc import Callable

import numpy as np
import torch
from torch import Tensor

from hashing.encoding.onnx import OnnxNetwork, Output, asked_of
from hashing.encoding.runner import ACCELERATE_FROM
from hashing.encoding.runner import TOLERANCE as LOGITS
from hashing.models import HashModel

TOLERANCE: dict[Output, float] = {"logits": LOGITS, "features": 1e-3}
"""Largest difference between runtimes, in standard deviations of all that is compared: for features
ten times what logits are allowed, since a logit is a sum over thousands of them."""


def by_onnx(
    network: HashModel, images: Tensor, count: int, output: Output = "features"
) -> Callable[[Tensor], Tensor] | None:
    """The network's output by ONNX Runtime, of `count` pictures that begin with `images`.

    None on a GPU, for few pictures, where it fails, and where it differs on these pictures.
    """
    if count < ACCELERATE_FROM or network.device.type != "cpu":
        return None
    try:
        run = OnnxNetwork(network, output).run
        expected, found = asked_of(network, output)(images).numpy(), run(images)
    except Exception:  # noqa: BLE001 (not installed, or an exporter's failure: PyTorch goes on)
        return None
    if np.abs(found - expected).max() > TOLERANCE[output] * expected.std():
        return None
    return lambda images: torch.from_numpy(run(images))
