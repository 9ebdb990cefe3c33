"""The average of several models' weights as one model: a "model soup" (Wortsman et al. 2022).

Models that went on from the same weights, by other settings or other pictures, lie so near to each
other that what is halfway between them is a model too, often a better one, at the cost of one.
"""

from collections.abc import Sequence
from pathlib import Path

import torch
from torch import Tensor

from hashing.errors import UsageError
from hashing.models import load_model

FITTED = ("whitening.", "fitted.")
"""What is fitted and not learned: two that differ have nothing between them."""


def average_weights(folders: Sequence[Path]) -> dict[str, Tensor]:
    """The mean of every weight of the models in `folders`, and of every statistic of their norms.

    Statistics are not taken anew, as Izmailov et al. (2018) do: of plain pictures they are not
    those of training, and two ResNet50 by 500 pictures a class of CIFAR-10 then found less.
    One model's weights stay as they are, to the last bit. Raises UsageError for two that differ in
    a weight's shape, or that were fitted to different features: no weights between them fit either.
    """
    states = [load_model(folder).state_dict() for folder in folders]
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


def _mean(tensors: Sequence[Tensor]) -> Tensor:
    """Of one value for each model; counts are the first's."""
    if len(tensors) == 1 or not tensors[0].is_floating_point():
        return tensors[0]
    return torch.stack([tensor.double() for tensor in tensors]).mean(0).to(tensors[0].dtype)
