"""Weights & Biases: the same numbers and figures as in the run's folder, only where asked for.

Offline unless the user's environment says `WANDB_MODE=online`; silent, and nothing is reported to
its makers. The files lie in the run's folder; `wandb sync` uploads them. Whatever it fails of, the
run goes on without it, and its own log is complete.
"""

import io
import os
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

Tracker = Callable[[Mapping[str, Any]], None]
"""Takes a line of the run's log, or figures: PNG files by name."""


@contextmanager
def tracking(
    enabled: bool, out: Path, settings: Mapping[str, Any], log: Callable[[str], None]
) -> Iterator[Tracker]:
    """A tracker that lives as long as the block; it does nothing where not `enabled`."""
    if not enabled:
        yield lambda values: None
        return
    os.environ.setdefault("WANDB_MODE", "offline")
    os.environ.setdefault("WANDB_SILENT", "true")
    os.environ.setdefault("WANDB_ERROR_REPORTING", "false")
    import wandb  # takes a second, and reads its environment then
    from PIL import Image

    def send(values: Mapping[str, Any]) -> None:
        images = {
            name: wandb.Image(Image.open(io.BytesIO(value)))
            for name, value in values.items()
            if isinstance(value, bytes)
        }
        run.log({**values, **images}, step=values.get("step"))

    def start() -> Any:
        return wandb.init(
            project="arthash", name=out.name, dir=out, config=dict(settings), resume="allow"
        )

    lost = _Lost(log)
    run = lost.unless(start)
    yield lambda values: lost.unless(lambda: send(values))
    lost.unless(lambda: run.finish())


class _Lost:
    """Calls what may fail, until it fails: that is told once, and nothing is called any more."""

    def __init__(self, log: Callable[[str], None]) -> None:
        self.log, self.is_lost = log, False

    def unless(self, call: Callable[[], Any]) -> Any:
        """What the call gives; None once anything has failed."""
        if self.is_lost:
            return None
        try:
            return call()
        except Exception as error:  # noqa: BLE001 (a server, a process or a disk; none may stop us)
            self.is_lost = True
            reason = str(error).splitlines()[0] if str(error) else type(error).__name__
            self.log(f"going on without Weights & Biases: {reason}; metrics.jsonl has everything")
            return None
