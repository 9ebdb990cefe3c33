"""Bits that no label changes, so that a code keeps of the features what labels do not say.

Codes that are learned from labels alone forget the rest, such as what the works of one hand have in
common whose name was never told. A share of the bits of every length (`model.fitted`) is therefore
fitted to the features of the training part by ITQ (Gong & Lazebnik 2011), as `index.py fit` does it
without labels, and the losses learn the others around them.
"""

from collections.abc import Callable

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from hashing.config import Config, ModelConfig
from hashing.errors import UsageError
from hashing.fit import linear_hash
from hashing.models import HashModel
from hashing.training.examples import Examples


def fitted_bits(config: ModelConfig) -> list[NDArray[np.intp]]:
    """Places of the fitted bits that each length adds to the next shorter one: its last.

    Raises UsageError where `config.fitted` of a length's bits is no whole number from 1, or all.
    """
    found, before = [], 0
    for length in config.lengths:
        count = round(length * config.fitted)
        if not 0 < count < length or abs(count - length * config.fitted) > 1e-6:
            raise UsageError(
                f"expected model.fitted to be a share that gives whole bits of {length}, such as "
                f"0.25, found {config.fitted:g}"
            )
        found.append(np.arange(length - (count - before), length))
        before = count
    return found


def check_fitted(config: Config) -> None:
    """Raise UsageError where bits cannot be fitted: features have to stay as they are."""
    model = config.model
    if not model.fitted:
        return
    fitted_bits(model)
    asked: list[tuple[str, object, object]] = [
        ("optim.backbone_lr", config.optim.backbone_lr, 0),
        ("model.head", model.head, "linear"),
        ("model.batchnorm", model.batchnorm, True),
        ("start", config.start, None),
    ]
    for name, found, expected in asked:
        if found != expected:
            raise UsageError(
                f"expected {name} {str(expected).lower()} with model.fitted, found "
                f"{str(found).lower()}: bits are fitted to features that do not change"
            )


def fit_bits(network: HashModel, examples: Examples) -> None:
    """Set the rows of the hash layer whose bits are fitted, from the plain pictures' features."""
    places = fitted_bits(network.config)
    counts = np.cumsum([len(added) for added in places]).tolist()
    features = torch.from_numpy(np.asarray(examples.views[0][examples.trained]))
    with torch.inference_mode():
        embedded = network.embed(features.to(network.device)).float().cpu().numpy()
    weight, bias = linear_hash(embedded, counts, "itq")
    rows = torch.from_numpy(np.concatenate(places))
    with torch.no_grad():
        network.hash_layer.weight[rows] = torch.from_numpy(weight).to(network.hash_layer.weight)
        network.hash_layer.bias[rows] = torch.from_numpy(bias).to(network.hash_layer.bias)


def hold_bits(network: HashModel) -> None:
    """Let no gradient change the fitted bits: neither their rows nor how these are normalised.

    Decay scales a row as a whole, which BatchNorm undoes.
    """
    free = torch.ones(network.bits, dtype=torch.bool)
    free[torch.from_numpy(np.concatenate(fitted_bits(network.config)))] = False
    for layer in (network.hash_layer, network.batchnorm):
        for parameter in () if layer is None else layer.parameters():
            parameter.register_hook(  # type: ignore[no-untyped-call]
                _masked(free.to(parameter.device))
            )


def _masked(free: Tensor) -> Callable[[Tensor], Tensor]:
    def mask(gradient: Tensor) -> Tensor:
        return gradient * free.view(-1, *[1] * (gradient.ndim - 1))

    return mask
