"""What a model folder from a stranger may say: types and sizes, before anything is allocated.

A folder is data, never a programme: its configuration names networks by words that are compared
with types and limits, code from outside only where its user allows it (`hashing.registry`), and
its weights are held against the network that the configuration amounts to.
"""

import math
from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any, get_type_hints

import torch
from torch import Tensor

from hashing.config import ModelConfig, Preprocessing
from hashing.errors import MissingPackageError
from hashing.models.backbones import TIMM
from hashing.models.network import HashModel
from hashing.registry import check_trusted, fits

MOST_BITS = 8192
LARGEST_SIDE = 4096
"""Of the network's input, in pixels."""

MOST_BACKBONES = 8
"""Side by side."""

MOST_CONFIG = 16 << 20
"""Bytes of `config.json`."""

MOST_HEADER = 16 << 20
"""Bytes of a weights file that are not weights."""

STORED = (torch.float16, torch.float32)


def check_fields(values: Mapping[str, Any], kind: type[Any]) -> None:
    """Compare JSON values with the types of a configuration. Raises TypeError."""
    hints = get_type_hints(kind)
    for name, value in values.items():
        if not fits(value, hints[name]):
            raise TypeError(f"{name}: expected {hints[name]}, found {str(value)[:80]!r}")


def check_limits(model: ModelConfig, preprocessing: Preprocessing) -> None:
    """Refuse what no model of ours has. Raises ValueError."""
    numbers = [*preprocessing.mean, *preprocessing.std]
    if len(preprocessing.mean) != 3 or len(preprocessing.std) != 3:
        raise ValueError("mean and std: expected three values each")
    if not all(map(math.isfinite, numbers)) or min(preprocessing.std) <= 0:
        raise ValueError(f"mean and std: expected finite values and std above 0, found {numbers}")
    if not 1 <= preprocessing.size <= LARGEST_SIDE:
        raise ValueError(f"size: expected 1 to {LARGEST_SIDE} px, found {preprocessing.size}")
    if len(model.backbones) > MOST_BACKBONES:
        raise ValueError(f"backbone: expected at most {MOST_BACKBONES} side by side")
    if not model.lengths or max(model.lengths) > MOST_BITS:
        raise ValueError(f"lengths: expected code lengths up to {MOST_BITS} bits")


def skeleton(model: ModelConfig, preprocessing: Preprocessing) -> HashModel:
    """The network of a folder without memory for its weights, and without any weights.

    Raises MissingPackageError where its backbone needs one, UsageError where that is code that
    nobody has allowed, and ValueError where no such network can be made.
    """
    check_backbones(model)
    return _made(lambda: HashModel(replace(model, weights="none"), preprocessing), "meta")


def check_backbones(model: ModelConfig) -> None:
    """Refuse a folder's network that is code from outside, unless its user has allowed it.

    Raises UsageError, as `hashing.registry.check_trusted` does.
    """
    for name in model.backbones:
        if not name.startswith(TIMM):
            check_trusted("backbone", name)


def filled(empty: HashModel, state: Mapping[str, Tensor]) -> HashModel:
    """The network with its weights in place, float32. Raises ValueError where they do not fit."""
    config = empty.config
    # Networks of timm keep constants beside their weights.
    if any(name.startswith(TIMM) for name in config.backbones):
        empty = _made(lambda: HashModel(config, empty.preprocessing), "cpu")
    wide = {name: tensor.float() for name, tensor in state.items()}
    if not all(bool(tensor.isfinite().all()) for tensor in wide.values()):
        raise ValueError("its weights are not all finite")
    counters = [name for name in empty.state_dict() if name.endswith("num_batches_tracked")]
    empty.load_state_dict(wide | {name: torch.tensor(0) for name in counters}, assign=True)
    return empty


def most_bytes(empty: HashModel) -> int:
    """How large a weights file of this network can be."""
    numbers: int = sum(tensor.numel() for tensor in empty.state_dict().values())
    return 4 * numbers + MOST_HEADER


def check_state(empty: HashModel, state: Mapping[str, Tensor]) -> None:
    """Compare names, shapes and dtypes of weights with the network. Raises ValueError."""
    expected = {
        name: tensor.shape
        for name, tensor in empty.state_dict().items()
        if not name.endswith("num_batches_tracked")
    }
    for name in sorted(expected.keys() ^ state.keys()):
        raise ValueError(f"{name[:80]} is {'missing' if name in expected else 'surplus'}")
    for name, tensor in state.items():
        if tensor.shape != expected[name] or tensor.dtype not in STORED:
            raise ValueError(
                f"{name}: expected {list(expected[name])} of float32 or float16, "
                f"found {list(tensor.shape)} of {tensor.dtype}"
            )


def _made(make: Callable[[], HashModel], device: str) -> HashModel:
    try:
        with torch.device(device):
            return make()
    except MissingPackageError:
        raise
    except ModuleNotFoundError as error:
        raise MissingPackageError("its backbone", error.name or str(error)) from error
    except Exception as error:  # libraries raise anything on values that make no sense
        raise ValueError(str(error).partition("\n")[0][:300]) from error
