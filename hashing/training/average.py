"""The average of several models' weights as one model: a "model soup" (Wortsman et al. 2022).

Models that went on from the same weights, by other settings or other pictures, lie so near to each
other that what is halfway between them is a model too, often a better one, at the cost of one.
"""

from collections.abc import Sequence
from pathlib import Path

import torch
from torch import Tensor
from torch.nn.modules.batchnorm import _BatchNorm

from hashing.config import Config
from hashing.data import read_ahead, shuffled_batches
from hashing.errors import UsageError
from hashing.models import HashModel, load_model, normalise
from hashing.training.examples import Examples, Rows
from hashing.training.runtime import Runtime

BATCHES = 100
"""So many tell the statistics of BatchNorm; they settle long before."""

FITTED = ("whitening.", "fitted.")
"""What is fitted and not learned: two that differ have nothing between them."""


def average_weights(folders: Sequence[Path]) -> dict[str, Tensor]:
    """The mean of every weight of the models in `folders`.

    One model's weights stay as they are, to the last bit. Raises UsageError for two that differ in
    a weight's shape, or that were fitted to different features: no weights between them fit either.
    """
    states = _states(folders)
    first, *others = states
    for folder, state in zip(folders[1:], others, strict=True):
        for name, weight in first.items():
            other, fitted = state[name], name.startswith(FITTED)
            if other.shape != weight.shape or (fitted and not torch.equal(other, weight)):
                raise UsageError(
                    f"expected starts that share the {'values' if fitted else 'shape'} of {name}, "
                    f"found others in {folder} than in {folders[0]}: average models that went on "
                    "from one"
                )
    return {name: _mean([state[name] for state in states]) for name in first}


def renew_norms(network: HashModel, config: Config, examples: Examples, runtime: Runtime) -> None:
    """Take statistics of BatchNorm anew, from plain pictures that are learned from.

    Averaged weights give other maps than any model whose statistics were averaged with them
    (Izmailov et al. 2018, "Averaging Weights Leads to Wider Optima and Better Generalization").
    Where all starts have the same, they were held while these learned, and what was fitted or
    learned after them counts on it: they stay.
    """
    first, *others = _states(config.starts)
    norms = {
        name: module
        for name, module in network.named_modules()
        if isinstance(module, _BatchNorm)
        and any(_statistics(state, name) != _statistics(first, name) for state in others)
    }
    if not norms:
        return
    train = config.train
    batches = shuffled_batches(examples.trained, train.batch, seed=train.seed, epoch=0)[:BATCHES]

    def read(rows: Rows) -> Tensor:
        return torch.from_numpy(examples.squares[rows])

    network.eval()
    momenta = {name: norm.momentum for name, norm in norms.items()}
    for norm in norms.values():
        norm.reset_running_stats()
        norm.momentum = None  # the mean of all batches
        norm.train()
    with runtime.progress(batches.size, "encoding for the norms", "pictures") as bar:
        for squares in read_ahead(read, batches):
            with torch.no_grad():
                network(normalise(squares.to(network.device), network.preprocessing))
            bar.advance(len(squares))
    for name, norm in norms.items():
        norm.momentum = momenta[name]
    network.eval()


def _states(folders: Sequence[Path]) -> list[dict[str, Tensor]]:
    return [load_model(folder).state_dict() for folder in folders]


def _statistics(state: dict[str, Tensor], norm: str) -> list[list[float]]:
    return [state[f"{norm}.{name}"].tolist() for name in ("running_mean", "running_var")]


def _mean(tensors: Sequence[Tensor]) -> Tensor:
    """Of one value for each model; counts are the first's."""
    if len(tensors) == 1 or not tensors[0].is_floating_point():
        return tensors[0]
    return torch.stack([tensor.double() for tensor in tensors]).mean(0).to(tensors[0].dtype)
