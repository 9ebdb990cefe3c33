"""Where the network runs: the one place that turns a name into a device."""

import torch
from torch import Tensor

from hashing.errors import UsageError


def choose_device(name: str = "auto", local_rank: int = 0) -> torch.device:
    """The device called `name`: `cpu`, `cuda`, `cuda:1`, …, or `auto`, a GPU where there is one.

    local_rank: which GPU `cuda` means, where several processes share a machine.
    Raises UsageError in one line for a device that this torch cannot use.
    """
    if name == "auto":
        name = "cuda" if torch.cuda.is_available() else "cpu"
    try:
        device = torch.device(name)
        torch.empty(1, device=device)
    except (RuntimeError, AssertionError) as error:
        raise UsageError(
            f"expected a device that this torch can use, found {name!r}: "
            f"{str(error).splitlines()[0]}"
        ) from None
    return torch.device("cuda", local_rank) if name == "cuda" else device


def pinned(tensor: Tensor, device: torch.device) -> Tensor:
    """The tensor where a copy to `device` need not wait: in pinned memory for a GPU."""
    return tensor.pin_memory() if device.type == "cuda" and tensor.device.type == "cpu" else tensor


def send(tensor: Tensor, device: torch.device) -> Tensor:
    """The tensor on `device`; the host does not wait for the copy."""
    return pinned(tensor, device).to(device, non_blocking=True)
