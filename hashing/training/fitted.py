"""Fits the bits that no loss changes (`model.fitted`) before the losses learn the others.

They are fitted by ITQ (Gong & Lazebnik 2011), as `index.py fit` does it, to what the head takes of
the training part.
"""

from collections.abc import Sequence

import numpy as np
import torch
from numpy.typing import NDArray

from hashing.config import Config, ModelConfig
from hashing.errors import InputError, UsageError
from hashing.fit import linear_hash
from hashing.models import HashModel
from hashing.models.fitted import count_fitted, fitted_bits
from hashing.training.examples import Examples


def check_fitted(config: Config) -> None:
    """Raise UsageError where bits cannot be fitted: features have to stay as they are.

    A start has them already.
    """
    if not config.model.fitted:
        return
    fitted_bits(config.model)
    if not config.starts and config.optim.backbone_lr != 0:
        raise UsageError(
            "expected optim.backbone_lr 0 with model.fitted, or a start, found "
            f"{config.optim.backbone_lr:g}: bits are fitted to features that do not change"
        )


def check_pictures(model: ModelConfig, pictures: int) -> None:
    """Raise InputError where so few pictures cannot tell so many bits."""
    bits = count_fitted(model)
    if pictures < bits:
        raise InputError(
            f"expected at least {bits} pictures to fit as many bits, found {pictures}: add "
            "pictures or lower model.fitted"
        )


def fit_bits(network: HashModel, examples: Examples) -> None:
    """Set the layer of the fitted bits of `network`, from the plain pictures' features.

    Its logits vary by one, as BatchNorm has it for those that are learned. Raises InputError where
    the features are the same for all pictures.
    """
    layer = network.fitted
    if layer is None:
        raise UsageError("expected a model with model.fitted, found one without fitted bits")
    counts = np.cumsum([len(added) for added in fitted_bits(network.config)]).tolist()
    features = torch.from_numpy(np.asarray(examples.views[0][examples.trained]))
    with torch.inference_mode():
        embedded = network.embed(features.to(network.device)).float().cpu().numpy()
    weight, bias = whitened_hash(embedded, counts, network.config.fitted_whiten)
    deviation = (embedded @ weight.T).std(axis=0)
    if deviation.min() < 1e-9:
        raise InputError(
            f"expected pictures whose features differ in {len(weight)} ways, as many as there are "
            "fitted bits, found fewer: take other pictures or lower model.fitted"
        )
    with torch.no_grad():
        layer.weight.copy_(torch.from_numpy(weight / deviation[:, None]))
        layer.bias.copy_(torch.from_numpy(bias / deviation))


def whitened_hash(
    embedded: NDArray[np.float32], lengths: Sequence[int], whiten: float
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Weight `[bits, D]` and bias `[bits]` of the layer that hashes features `[N, D]` by ITQ.

    whiten: `model.fitted_whiten`. Each direction is divided by its deviation to this power first.
    What tells known classes apart best then counts for less, which serves classes that nobody
    named, as they differ in other directions (`benchmarks/held_out_artists.py`).
    """
    deviation = embedded.std(axis=0, dtype=np.float64)
    scale = np.power(deviation, -whiten, out=np.zeros_like(deviation), where=deviation > 1e-9)
    weight, bias = linear_hash(embedded * scale, lengths, "itq")
    return weight * scale, bias
