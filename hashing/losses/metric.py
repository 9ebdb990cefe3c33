"""Losses and miners of pytorch-metric-learning, by name and arguments."""

import inspect
from collections.abc import Mapping
from typing import Any

from pytorch_metric_learning import distances, losses, miners, reducers, regularizers
from pytorch_metric_learning.losses.mixins import WeightMixin
from pytorch_metric_learning.utils.common_functions import TorchInitWrapper
from torch import Tensor, nn

from hashing.errors import UsageError, unknown
from hashing.losses.base import HashingLoss

ROOMS = (losses, miners, distances, reducers, regularizers)

PARTS = ("loss", "miner", "distance", "reducer", "embedding_regularizer", "weight_regularizer")
"""Arguments that are objects of the library."""

MEMORY = ("queue_idx", "has_been_filled")
"""Where a `CrossBatchMemory` stands; its own state leaves this out."""


class MetricLoss(HashingLoss):
    """A loss of pytorch-metric-learning and, where wanted, a miner of its pairs.

    name: the class, such as `MultiSimilarityLoss`.
    args: its arguments. Those in `PARTS` are themselves names, or mappings of `name` and
    arguments. `num_classes` and `embedding_size` are filled in; every loss takes a `miner`. What
    a loss learns for each class starts with a length of about 1.

    Raises UsageError for unknown names and arguments. The parameters of the loss are this
    module's; the memory of `CrossBatchMemory` is in its state.
    """

    def __init__(self, name: str, classes: int, bits: int, args: Mapping[str, Any]) -> None:
        super().__init__()
        known = {"num_classes": classes, "embedding_size": bits}
        self.miner = None
        if "miner" in args and "miner" not in _parameters(_find(name)):
            self.miner = _make(args["miner"], known)
            args = {key: value for key, value in args.items() if key != "miner"}
        self.inner = _make({"name": name, **args}, known)

    def compute(self, logits: Tensor, labels: Tensor) -> Tensor:
        """The loss of the embeddings; most of them normalise first."""
        room = getattr(self.inner, "memory_size", len(labels))
        if room < len(labels):
            raise UsageError(
                f"expected a memory_size of at least the batch, {len(labels)}, found {room}"
            )
        chosen = self.miner(logits, labels) if self.miner is not None else None
        loss: Tensor = self.inner(logits, labels, chosen)
        return loss

    def get_extra_state(self) -> dict[str, int]:
        """The position in the cross-batch memory."""
        return {key: int(getattr(self.inner, key)) for key in MEMORY if hasattr(self.inner, key)}

    def set_extra_state(self, state: dict[str, int]) -> None:
        """Put the memory's position back."""
        for key, value in state.items():
            setattr(self.inner, key, type(getattr(self.inner, key))(value))


def is_metric_loss(name: str) -> bool:
    """Whether pytorch-metric-learning has a loss of this name."""
    return inspect.isclass(getattr(losses, name, None))


def metric_losses() -> list[str]:
    """The names of all its losses."""
    return [name for name in vars(losses) if name.endswith("Loss") or name == "CrossBatchMemory"]


def _make(given: str | Mapping[str, Any], known: Mapping[str, int]) -> Any:
    """An object of the library from its name, or from a mapping of `name` and arguments."""
    args = {"name": given} if isinstance(given, str) else dict(given)
    kind = _find(str(args.pop("name", "")))
    for key, value in args.items():
        if key in PARTS:
            args[key] = _make(value, known)
    accepted = _parameters(kind)
    filled: dict[str, Any] = {key: value for key, value in known.items() if key in accepted} | args
    if issubclass(kind, WeightMixin):
        # The library's normal(0, 1) makes vectors so long that Adam's even steps hardly turn them.
        start = TorchInitWrapper(nn.init.normal_, std=known["embedding_size"] ** -0.5)
        filled.setdefault("weight_init_func", start)
    try:
        return kind(**filled)
    except Exception as error:  # the library raises plain Exceptions, too
        raise UsageError(f"the arguments of {kind.__name__} do not fit: {error}") from error


def _find(name: str) -> type[Any]:
    for room in ROOMS:
        if inspect.isclass(found := getattr(room, name, None)):
            return found
    names = [n for room in ROOMS for n, v in vars(room).items() if inspect.isclass(v)]
    raise UsageError(unknown("part of pytorch-metric-learning", name, names))


def _parameters(kind: type[Any]) -> list[str]:
    return list(inspect.signature(kind).parameters)
