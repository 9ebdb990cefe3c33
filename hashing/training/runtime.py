"""What surrounds a run without changing what it computes."""

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass, replace
from typing import Protocol


class Bar(Protocol):
    """A running progress display."""

    def advance(self, steps: int = 1, **figures: float) -> None:
        """Move on by `steps`, with figures to show beside the rate."""
        ...


class _Silent:
    def advance(self, steps: int = 1, **figures: float) -> None:
        pass


@contextmanager
def _silent(total: int, description: str, unit: str = "", done: int = 0) -> Iterator[Bar]:
    yield _Silent()


@dataclass(frozen=True)
class Runtime:
    """Machine and audience of a run.

    device: cpu, cuda, cuda:1 … or auto. workers: processes that decode pictures.
    wandb: also log there, offline unless the user's environment says otherwise.
    log, progress: how the user is told; silent by default.
    """

    device: str = "auto"
    workers: int = 2
    wandb: bool = False
    log: Callable[[str], None] = lambda text: None
    progress: Callable[..., AbstractContextManager[Bar]] = _silent

    def silent(self) -> "Runtime":
        """The same without an audience, for all processes but the first."""
        return replace(self, wandb=False, log=lambda text: None, progress=_silent)
