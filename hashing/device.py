"""Where the network runs: the one place that turns a name into a device, and memory for it."""

import ctypes
import sys
from collections.abc import Iterator
from contextlib import contextmanager

import torch
from torch import Tensor

from hashing.errors import UsageError

# Of glibc's malloc.h and mallopt(3): what may be set, and what is set by default.
TRIM_THRESHOLD, TOP_PAD, MMAP_MAX = -1, -2, -4
DEFAULTS = {MMAP_MAX: 65_536, TRIM_THRESHOLD: 128 * 1024, TOP_PAD: 128 * 1024}
KEEPING = {MMAP_MAX: 0, TRIM_THRESHOLD: -1, TOP_PAD: 64 * 1024 * 1024}


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


@contextmanager
def freed_memory_kept(device: torch.device) -> Iterator[None]:
    """Within, what tensors on a CPU leave free stays with the process, for the next ones.

    By default the C library gives each large block back to the system and asks anew at the next
    step, and the system fills every page with zeros first: up to a third of a training step of
    an EfficientNet. At the end all that is free is given back. Only where the C library is glibc.
    """
    library = ctypes.CDLL(None) if device.type == "cpu" and sys.platform == "linux" else None
    if library is None or not hasattr(library, "mallopt"):
        yield
        return
    for setting, value in KEEPING.items():
        library.mallopt(setting, value)
    try:
        yield
    finally:
        for setting, value in DEFAULTS.items():
            library.mallopt(setting, value)
        library.malloc_trim(0)
