"""Parameter groups, the optimiser and the weight average."""

from collections.abc import Iterable
from typing import Any

import torch
from torch import Tensor, nn
from torch.optim.swa_utils import AveragedModel

from hashing.config import OptimConfig


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
    """AdamW, Adam or SGD with momentum, the update fused into one pass where torch can."""
    fused = device.type in ("cuda", "cpu")
    if config.name in ("adamw", "adam"):
        kind = torch.optim.AdamW if config.name == "adamw" else torch.optim.Adam
        return kind(groups, betas=(config.momentum, 0.999), fused=fused)
    return torch.optim.SGD(groups, momentum=config.momentum, nesterov=config.nesterov, fused=fused)


def set_rates(optimiser: torch.optim.Optimizer, factor: float) -> None:
    """Set every group's rate to `factor` times its peak."""
    for group in optimiser.param_groups:
        group["lr"] = group["peak"] * factor


class WeightAverage(AveragedModel):
    """Exponential moving average of a network's weights and statistics (Polyak averaging).

    `module` is a copy that is never trained. The decay grows from 0.1 with the number of updates,
    so that short runs are not held back by their first weights. All tensors move in one call, and
    none waits for the device, as torch's own update does to read its counter.
    """

    def __init__(self, network: nn.Module, decay: float) -> None:
        super().__init__(network, use_buffers=True)
        self.module.requires_grad_(False).eval()
        self.decay, self.updates = decay, 0

    @torch.no_grad()
    def update_parameters(self, model: nn.Module) -> None:
        """Move towards `model`, which has just been updated."""
        decay = min(self.decay, (1 + self.updates) / (10 + self.updates))
        mine, theirs = _tensors(self.module), _tensors(model)
        torch._foreach_lerp_(mine[0], theirs[0], 1 - decay)
        if mine[1]:
            torch._foreach_copy_(mine[1], theirs[1])
        self.updates += 1


def _tensors(network: nn.Module) -> tuple[list[Tensor], list[Tensor]]:
    """The network's floating-point tensors, and its counters."""
    tensors = [*network.parameters(), *network.buffers()]
    return (
        [tensor.detach() for tensor in tensors if tensor.is_floating_point()],
        [tensor for tensor in tensors if not tensor.is_floating_point()],
    )
