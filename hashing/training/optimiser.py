"""Parameter groups, the optimiser and the weight average."""

import copy
from collections.abc import Iterable
from typing import Any, Generic, TypeVar

import torch
from torch import Tensor, nn

from hashing.config import OptimConfig

Network = TypeVar("Network", bound=nn.Module)


def parameter_groups(
    backbone: Iterable[nn.Parameter],
    head: Iterable[nn.Parameter],
    loss: Iterable[nn.Parameter],
    config: OptimConfig,
) -> list[dict[str, Any]]:
    """Groups with a peak rate each; what has fewer than two dimensions has no decay.

    Vectors are biases and the scales and shifts of norms: pulling them to zero fights the norm.
    """
    groups: list[dict[str, Any]] = []
    for parameters, rate in (
        (backbone, config.lr * config.backbone_lr),
        (head, config.lr),
        (loss, config.lr),
    ):
        trained = [parameter for parameter in parameters if parameter.requires_grad]
        for members, decay in (
            ([p for p in trained if p.ndim > 1], config.weight_decay),
            ([p for p in trained if p.ndim <= 1], 0.0),
        ):
            if members:
                groups.append({"params": members, "lr": rate, "peak": rate, "weight_decay": decay})
    return groups


def make_optimiser(
    groups: list[dict[str, Any]], config: OptimConfig, device: torch.device
) -> torch.optim.Optimizer:
    """AdamW or SGD with momentum, each tensor's update fused into one pass where torch can."""
    fused = device.type in ("cuda", "cpu")
    if config.name == "adamw":
        return torch.optim.AdamW(groups, betas=(config.momentum, 0.999), fused=fused)
    return torch.optim.SGD(groups, momentum=config.momentum, fused=fused)


def set_rates(optimiser: torch.optim.Optimizer, factor: float) -> None:
    """Set every group's rate to `factor` times its peak."""
    for group in optimiser.param_groups:
        group["lr"] = group["peak"] * factor


class WeightAverage(Generic[Network]):
    """Exponential moving average of a network's weights and statistics (Polyak averaging).

    `network` is a copy that is never trained. The decay grows from 0.1 with the number of
    updates, so that short runs are not held back by their first weights.
    """

    def __init__(self, network: Network, decay: float) -> None:
        self.network = copy.deepcopy(network).requires_grad_(False).eval()
        self.decay = decay

    @torch.no_grad()
    def update(self, network: nn.Module, step: int) -> None:
        """Move towards `network`, whose `step`-th update (from 0) has just been made."""
        decay = min(self.decay, (1 + step) / (10 + step))
        mine, theirs = _tensors(self.network), _tensors(network)
        torch._foreach_lerp_(mine[0], theirs[0], 1 - decay)
        for counter, new in zip(mine[1], theirs[1], strict=True):
            counter.copy_(new)


def _tensors(network: nn.Module) -> tuple[list[Tensor], list[Tensor]]:
    """The network's floating-point tensors, and its counters."""
    tensors = list(network.state_dict().values())
    return (
        [tensor for tensor in tensors if tensor.is_floating_point()],
        [tensor for tensor in tensors if not tensor.is_floating_point()],
    )
