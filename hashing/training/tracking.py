"""Weights & Biases: the same numbers and figures as in the run's folder, only where asked for.

Offline unless the user's environment says `WANDB_MODE=online`; silent, and nothing is reported to
its makers. The files lie in the run's folder; `wandb sync` uploads them.
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
def tracking(enabled: bool, out: Path, settings: Mapping[str, Any]) -> Iterator[Tracker]:
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

    with wandb.init(
        project="arthash", name=out.name, dir=out, config=dict(settings), resume="allow"
    ) as run:
        yield send
