"""`metrics.jsonl`: one line a step and one a validation, without gap or repetition after a resume.

Lines are `{"step", "loss", "rate"}`, the loss null where it was not finite, and
`{"step", "epoch", "validation"}`, where `step` counts the updates made before. Where a loss
classifies, the first have `accuracy` too, the second `validation_accuracy` and
`validation_loss`.
"""

import json
import math
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any, TextIO

from hashing.files import write_new
from hashing.training.tracking import Tracker


class RunLog:
    """Appends to a run's `metrics.jsonl`.

    Opening it for a run that goes on at `step` drops the lines of later steps, and a line that
    was cut off. Without a path nothing is kept: only one of several processes writes. `track` is
    told every new line.
    """

    def __init__(self, path: Path | None, step: int, track: Tracker) -> None:
        self._track = track
        if path is None:
            self._file: TextIO = Path(os.devnull).open("w", encoding="utf-8")  # noqa: SIM115
            return
        kept = [record for record in read_records(path) if record["step"] < step]
        lines = "".join(json.dumps(record) + "\n" for record in kept)
        write_new(path, [lines.encode()])
        self._file = path.open("a", encoding="utf-8")

    def step(self, step: int, loss: float, rate: float, accuracy: float | None = None) -> None:
        """Record one step; accuracy is the batch's, where a loss classifies."""
        record = {"step": step, "loss": loss if math.isfinite(loss) else None, "rate": rate}
        self._write(record if accuracy is None else record | {"accuracy": accuracy})

    def validation(
        self, step: int, epoch: int, score: float, further: Mapping[str, float] = {}
    ) -> None:
        """Record a validation after `step`, the last of `epoch`; `further` figures by name."""
        self._write({"step": step, "epoch": epoch, "validation": score, **further})

    def flush(self) -> None:
        """Hand all lines to the operating system, so that a state never runs ahead of them."""
        self._file.flush()

    def close(self) -> None:
        """Flush and close."""
        self._file.close()

    def _write(self, record: Mapping[str, Any]) -> None:
        self._file.write(json.dumps(record) + "\n")
        self._track(record)


def read_records(path: Path) -> list[dict[str, Any]]:
    """All whole lines of a run's log, in order; none where there is no file."""
    if not path.exists():
        return []
    lines = path.read_text(encoding="utf-8").split("\n")[:-1]
    return [json.loads(line) for line in lines]
