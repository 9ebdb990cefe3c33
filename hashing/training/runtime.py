"""What surrounds a run without changing what it computes."""

from collections.abc import Callable
from contextlib import AbstractContextManager
from dataclasses import dataclass, replace

from hashing.progress import Bar, silent


@dataclass(frozen=True)
class Runtime:
    """Machine and audience of a run.

    device: cpu, cuda, cuda:1 … or auto. workers: threads that decode pictures.
    wandb: also log there, offline unless the user's environment says otherwise.
    log, progress: how the user is told; silent by default. opening: what is told before the
        data are read.
    """

    device: str = "auto"
    workers: int = 2
    wandb: bool = False
    log: Callable[[str], None] = lambda text: None
    progress: Callable[..., AbstractContextManager[Bar]] = silent
    opening: str = ""

    def silent(self) -> "Runtime":
        """The same without an audience, for all processes but the first."""
        return replace(self, wandb=False, log=lambda text: None, progress=silent)
