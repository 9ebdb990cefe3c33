"""Several processes that compute what one would: sharded batches, one loss over all of them.

Each process runs its share of the pictures through the network; the logits are gathered with
their gradient and every process computes the same loss of the whole batch. The gradient of a
process's share is then exact, and the network's gradients only have to be added up.
"""

import os
import sys
import warnings
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import torch
import torch.distributed as dist
from torch import Tensor, nn

from hashing.device import choose_device

PATIENCE = timedelta(hours=6)
"""How long processes wait for the first, which downloads, decodes and validates for all."""


@dataclass(frozen=True)
class World:
    """One process among `size`: `rank` of 0 … size − 1, and the device it computes on."""

    rank: int
    size: int
    device: torch.device

    @property
    def is_main(self) -> bool:
        """Whether this process writes files and speaks to the user."""
        return self.rank == 0

    def gather(self, rows: Tensor) -> Tensor:
        """Rows of all processes in order, with gradient; equal shares are expected."""
        if self.size == 1:
            return rows
        gathered: Tensor = _Gather.apply(rows, self)
        return gathered

    def broadcast(self, value: float) -> float:
        """The first process's value, in every process."""
        if self.size == 1:
            return value
        values = [value]
        dist.broadcast_object_list(values, device=self.device)
        return values[0]

    @contextmanager
    def main_first(self) -> Iterator[None]:
        """The block runs in the first process, then in all others: it may write what they read."""
        if self.size > 1 and not self.is_main:
            dist.barrier()
        yield
        if self.size > 1 and self.is_main:
            dist.barrier()


class _Gather(torch.autograd.Function):
    """Concatenation over processes whose backward is this process's slice of the gradient.

    The slice is multiplied by the number of processes because DistributedDataParallel averages
    the networks' gradients where the loss of the whole batch needs their sum.
    """

    @staticmethod
    def forward(ctx: Any, rows: Tensor, world: World) -> Tensor:
        ctx.world, ctx.count = world, len(rows)
        parts = [torch.empty_like(rows) for _ in range(world.size)]
        dist.all_gather(parts, rows.contiguous())
        return torch.cat(parts)

    @staticmethod
    def backward(ctx: Any, *gradients: Tensor) -> tuple[Tensor, None]:
        start = ctx.world.rank * ctx.count
        return gradients[0][start : start + ctx.count] * ctx.world.size, None


@contextmanager
def world(device: str = "auto") -> Iterator[World]:
    """The processes started by torchrun, or this one alone."""
    size, rank = int(os.environ.get("WORLD_SIZE", "1")), int(os.environ.get("RANK", "0"))
    chosen = choose_device(device, int(os.environ.get("LOCAL_RANK", "0")))
    if size == 1:
        yield World(0, 1, chosen)
        return
    if chosen.type == "cuda":
        torch.cuda.set_device(chosen)
    dist.init_process_group("nccl" if chosen.type == "cuda" else "gloo", timeout=PATIENCE)
    try:
        yield World(rank, size, chosen)
    finally:
        dist.destroy_process_group()


def synchronise_norms(network: nn.Module, world: World) -> None:
    """Let every BatchNorm in training see the whole batch; on a CPU torch cannot, and we warn."""
    norms = [m for m in network.modules() if isinstance(m, nn.BatchNorm1d | nn.BatchNorm2d)]
    if world.size == 1 or not any(norm.weight.requires_grad for norm in norms):
        return
    if world.device.type == "cuda":
        # Some norms of timm hold an activation, which torch would leave out.
        converter: Any = sys.modules.get("timm.layers", nn.SyncBatchNorm)
        converter.convert_sync_batchnorm(network)
    elif world.is_main:
        warnings.warn(
            "on a CPU each process normalises by its own share of the batch: the result differs "
            "from that of one process",
            stacklevel=2,
        )


def distribute(network: nn.Module, world: World, example: Tensor) -> nn.Module:
    """The network as it is called in training, its gradients averaged over processes.

    example: an input of the shape that it will be given.
    """
    if world.size == 1:
        return network
    freeze_unused(network, example.to(world.device))
    devices = [world.device.index] if world.device.type == "cuda" else None
    return nn.parallel.DistributedDataParallel(network, device_ids=devices)


def freeze_unused(network: nn.Module, example: Tensor) -> None:
    """Freeze what has no say in what the network makes of such an input, such as a norm left over.

    It learns nothing in one process either, but several would wait for its gradient.
    """
    modes = {module: module.training for module in network.modules()}
    network.eval()  # running statistics stay as they are
    learned = [parameter for parameter in network.parameters() if parameter.requires_grad]
    outputs = [output.sum() for output in network(example) if output.requires_grad]
    gradients = torch.autograd.grad(outputs, learned, allow_unused=True)
    for parameter, gradient in zip(learned, gradients, strict=True):
        parameter.requires_grad_(gradient is not None)
    for module, training in modes.items():
        module.training = training


def unsynchronised(network: nn.Module, wanted: bool = True) -> AbstractContextManager[None]:
    """Gradients of several processes stay apart in the block; the next backward adds them up."""
    if wanted and isinstance(network, nn.parallel.DistributedDataParallel):
        return network.no_sync()
    return nullcontext()
