"""Fits what no loss learns, before the losses learn the rest: whitening, discriminants and bits.

All of it is fitted to what the backbone gives of the plain pictures that are learned from. Bits
(`model.fitted`) are fitted by ITQ (Gong & Lazebnik 2011), as `index.py fit` does it, to what the
head takes of them.
"""

from collections.abc import Iterable, Mapping, Sequence

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from hashing.config import Config, ModelConfig
from hashing.errors import InputError, UsageError
from hashing.fit import linear_hash
from hashing.models import (
    HashModel,
    check_discriminants,
    check_whitening,
    fit_discriminants,
    fit_whitening,
)
from hashing.models.discriminants import LabelsOf
from hashing.models.fitted import count_fitted, fitted_bits
from hashing.training.evaluation import compute_features
from hashing.training.examples import Examples
from hashing.training.runtime import Runtime


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


def check_to_fit(config: Config, examples: Examples) -> None:
    """Raise InputError or UsageError where the examples do not tell what the model asks for.

    A start has all of it already.
    """
    if config.starts:
        return
    model, pictures = config.model, len(examples.trained)
    if model.whiten:
        check_whitening(pictures, model.whiten)
        check_discriminants(
            model.discriminants,
            [
                count_classes(examples.labels[field][examples.trained])
                for field, counts in config.data.fields.items()
                if counts
            ],
        )
    bits = count_fitted(model)
    if pictures < bits:
        raise InputError(
            f"expected at least {bits} pictures to fit as many bits, found {pictures}: add "
            "pictures or lower model.fitted"
        )


def count_classes(labels: LabelsOf) -> int:
    """Classes that some of these pictures carry."""
    if labels.ndim == 2:
        return int(labels.any(axis=0).sum())
    return len(np.unique(labels[labels >= 0]))


def fit_to_features(
    network: HashModel, examples: Examples, fields: Mapping[str, float], runtime: Runtime
) -> None:
    """Fit what no loss learns: whitening, with discriminants of `fields`, and fitted bits."""
    if network.config.whiten:
        features = _plain_features(network, examples, runtime)
        labels = [
            (examples.labels[field][examples.trained], counts) for field, counts in fields.items()
        ]
        network.whiten(*whitening_layer(features, labels, network.config))
    if network.config.fitted:
        _fit_bits(network, examples)


def _plain_features(
    network: HashModel, examples: Examples, runtime: Runtime
) -> NDArray[np.float32]:
    """Features of the plain pictures that are learned from; a frozen backbone's are known."""
    rows = examples.trained
    if examples.views:
        return np.asarray(examples.views[0][rows])
    with runtime.progress(len(rows), "encoding for the whitening", "pictures") as bar:
        return compute_features(network, examples, rows, bar.advance)


def whitening_layer(
    features: NDArray[np.float32], labels: Iterable[tuple[LabelsOf, float]], model: ModelConfig
) -> tuple[Tensor, Tensor]:
    """Weight and bias of the layer from features `[N, D]` to what the head takes.

    Where `model` asks for discriminants of `labels` (as `fit_discriminants` takes them), those
    follow the whitening in the same layer.
    """
    weight, bias = fit_whitening(features, model.whiten)
    if not model.discriminants:
        return weight, bias
    whitened = features @ weight.numpy().T + bias.numpy()
    outer, shift = fit_discriminants(whitened, labels, model.discriminants)
    return outer @ weight, outer @ bias + shift


def _fit_bits(network: HashModel, examples: Examples) -> None:
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
